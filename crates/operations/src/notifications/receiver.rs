//! A receiver over HTTP, for tests: answers what it was told to answer, and remembers what it got.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// What it answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Status(u16),
    /// 429, and how many seconds to wait.
    TooMany(u64),
    /// It takes it and says nothing.
    Silence,
}

/// What it got.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) path: String,
    headers: Vec<String>,
    pub(super) body: Value,
}

impl Got {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[derive(Default)]
struct State {
    replies: Mutex<VecDeque<Reply>>,
    got: Mutex<Vec<Got>>,
    arrived: Notify,
}

pub(super) struct Receiver {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    serving: Option<JoinHandle<()>>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let mut receiver =
            Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), state: Arc::default(), serving: None };
        receiver.up().await;
        receiver
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Answers again, where it did.
    pub(super) async fn up(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let state = Arc::clone(&self.state);
        self.serving = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move { serve(stream, &state).await });
            }
        }));
    }

    /// Refuses connections.
    pub(super) async fn down(&mut self) {
        let serving = self.serving.take().unwrap();
        serving.abort();
        let _ = serving.await;
    }

    /// What it answers next, once each; after that 200.
    pub(super) fn replies(&self, replies: impl IntoIterator<Item = Reply>) {
        self.state.replies.lock().unwrap().extend(replies);
    }

    pub(super) fn got(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    /// The ids of what it got, in order.
    pub(super) fn ids(&self) -> Vec<String> {
        self.got().iter().map(|got| got.header("webhook-id").unwrap().to_owned()).collect()
    }

    /// Waits until something arrives.
    pub(super) async fn arrival(&self) {
        self.state.arrived.notified().await;
    }
}

async fn serve(mut stream: TcpStream, state: &State) -> Option<()> {
    let mut bytes = Vec::new();
    // One request a connection.
    let head = loop {
        stream.read_buf(&mut bytes).await.ok().filter(|count| *count > 0)?;
        if let Some(end) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
            break end;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<String> = lines.collect();
    let mut got = Got { path, headers, body: Value::Null };
    let length: usize = got.header("content-length")?.parse().ok()?;
    while bytes.len() < head + 4 + length {
        stream.read_buf(&mut bytes).await.ok().filter(|count| *count > 0)?;
    }
    got.body = serde_json::from_slice(&bytes[head + 4..]).ok()?;
    state.got.lock().unwrap().push(got);
    let reply = state.replies.lock().unwrap().pop_front().unwrap_or(Reply::Status(200));
    state.arrived.notify_one();
    let (status, extra) = match reply {
        Reply::Status(status) => (status, String::new()),
        Reply::TooMany(seconds) => (429, format!("retry-after: {seconds}\r\n")),
        Reply::Silence => {
            tokio::time::sleep(std::time::Duration::from_mins(1)).await;
            return None;
        }
    };
    let answer = format!("HTTP/1.1 {status} Some\r\n{extra}content-length: 2\r\nconnection: close\r\n\r\n{{}}");
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

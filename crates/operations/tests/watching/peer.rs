//! What answers on the other side of a connection, for answers that real registries cannot be made to give.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Status line behind the version, further headers (each ending with a line's end), and body.
pub(crate) type Reply = (&'static str, String, String);

/// Answers every request, and remembers it: head and body in one text.
pub(crate) struct Peer {
    pub(crate) address: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Peer {
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        let serving = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(serve(connection, answer, seen));
            }
        });
        Self { address, requests, serving }
    }

    /// How many requests it got since it was last asked.
    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().drain(..).filter(|request| request.contains("HTTP/1.1")).count()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut connection: TcpStream,
    answer: Arc<impl Fn(&str) -> Reply>,
    seen: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let count = connection.read(&mut piece).await.ok()?;
        if count == 0 {
            return None;
        }
        bytes.extend_from_slice(&piece[..count]);
        if bytes[0] == 0x16 {
            // The first byte of TLS, which is not spoken here.
            return connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_ascii_lowercase().lines().find_map(|line| {
            line.strip_prefix("content-length:").map(|length| length.trim().parse::<usize>().unwrap_or_default())
        });
        if body.len() < length.unwrap_or_default() {
            continue;
        }
        seen.lock().unwrap().push(text.clone());
        let (status, headers, body) = answer(&text);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        let body = if text.starts_with("HEAD ") { String::new() } else { body };
        connection.write_all((head + &body).as_bytes()).await.ok()?;
        return connection.shutdown().await.ok();
    }
}

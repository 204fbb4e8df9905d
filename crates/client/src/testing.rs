//! A stand-in for a service: answers what it was told to answer, and remembers what it was asked.

use std::{
    collections::VecDeque,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use serde_json::Value;

/// A service on the loopback interface; it lives until the process ends.
#[derive(Debug)]
pub struct StandIn {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    answers: Vec<(String, VecDeque<Answer>)>,
    asked: Vec<Asked>,
}

#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    body: Vec<u8>,
}

/// A request that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `GET /v1/images?fulltag=app`, as it was on the wire.
    pub line: String,
    /// In lower case, `name: value`.
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Asked {
    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body of JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl StandIn {
    /// A service that says it is there (`GET /v1`) and knows nothing else.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || drop(serve(&stream, &shared)));
            }
        });
        Self { address, state }.answers("GET /v1", 200, "\"v1\"")
    }

    /// The address as a client is given it.
    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What it answers to a request such as `GET /v1/images?fulltag=app`, or whatever its query, `GET /v1/images`. Said
    /// several times of the same request, it answers one after the other and keeps to the last.
    #[must_use]
    pub fn answers(self, line: &str, status: u16, body: impl Into<Vec<u8>>) -> Self {
        let answer = Answer { status, body: body.into() };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.answers.iter_mut().find(|(known, _)| known == line) {
            Some((_, answers)) => answers.push_back(answer),
            None => state.answers.push((line.to_owned(), VecDeque::from([answer]))),
        }
        drop(state);
        self
    }

    /// All that it was asked, but for whether it is there.
    pub fn asked(&self) -> Vec<Asked> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.iter().filter(|asked| asked.line != "GET /v1").cloned().collect()
    }

    /// The lines of what it was asked.
    pub fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

impl State {
    fn answer(&mut self, line: &str) -> Answer {
        let without_query = line.split('?').next().unwrap_or(line);
        let known = |wanted: &str, answers: &[(String, _)]| answers.iter().position(|(known, _)| known == wanted);
        let at = known(line, &self.answers).or_else(|| known(without_query, &self.answers));
        let unknown = || Answer {
            status: 404,
            body: br#"{"message": "unknown to the stand-in", "httpcode": 404, "detail": {}}"#.to_vec(),
        };
        at.map_or_else(unknown, |at| {
            let answers = &mut self.answers[at].1;
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }.unwrap_or_else(unknown)
        })
    }
}

/// The first byte of one who speaks TLS.
const TLS_GREETING: u8 = 0x16;

fn serve(stream: &TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    if reader.fill_buf()?.first() == Some(&TLS_GREETING) {
        let mut writer = stream;
        return writer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let line = first.rsplit_once(' ').map_or(first.as_str(), |(line, _)| line).to_owned();
        let mut headers = Vec::new();
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            let (name, value) = header.trim().split_once(':').unwrap_or((header.trim(), ""));
            headers.push(format!("{}: {}", name.to_ascii_lowercase(), value.trim()));
        }
        let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let answer = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.asked.push(Asked { line: line.clone(), headers, body });
            state.answer(&line)
        };
        let head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n", answer.status, answer.body.len());
        let mut writer = stream;
        writer.write_all(head.as_bytes())?;
        writer.write_all(&answer.body)?;
    }
}

//! A small HTTP server that answers as a test tells it, over TCP or a Unix socket.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub method: String,
    /// With its query.
    pub path: String,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn clone_with_path(&self, path: String) -> Self {
        Self { path, ..self.clone() }
    }
}

/// An answer, which may break off.
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are sent before the connection is closed.
    sent: usize,
    chunked: bool,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        Self { status, headers: Vec::new(), sent: body.len(), body, chunked: false }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Announces the whole body, but closes the connection after so many bytes of it.
    pub(crate) fn cut_after(mut self, sent: usize) -> Self {
        self.sent = sent.min(self.body.len());
        self
    }

    pub(crate) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        write!(stream, "HTTP/1.1 {} Whatever\r\nConnection: close\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        if self.chunked {
            write!(stream, "Transfer-Encoding: chunked\r\n\r\n")?;
            for chunk in self.body.chunks(1000) {
                write!(stream, "{:x}\r\n", chunk.len())?;
                stream.write_all(chunk)?;
                write!(stream, "\r\n")?;
            }
            return write!(stream, "0\r\n\r\n");
        }
        write!(stream, "Content-Length: {}\r\n\r\n", self.body.len())?;
        stream.write_all(&self.body[..self.sent])
    }
}

/// Answers until it is dropped, and remembers what it was asked.
pub(crate) struct Server {
    /// `127.0.0.1:port`, or the socket's path.
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

impl Server {
    pub(crate) fn tcp(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self::start(address, move || listener.accept().map(|(stream, _)| stream), Arc::new(handler))
    }

    pub(crate) fn unix(path: &Path, handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let address = path.to_str().unwrap().to_owned();
        Self::start(address, move || listener.accept().map(|(stream, _)| stream), Arc::new(handler))
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    fn start<S: Read + Write + Send + 'static>(
        address: String,
        accept: impl Fn() -> io::Result<S> + Send + 'static,
        handler: Arc<Handler>,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (log, stopped) = (requests.clone(), stop.clone());
        let listening = thread::spawn(move || {
            while let Ok(stream) = accept() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (log, handler) = (log.clone(), handler.clone());
                thread::spawn(move || serve(stream, &log, &*handler));
            }
        });
        Self { address, requests, stop, listening: Some(listening) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if self.address.starts_with('/') {
            let _ = UnixStream::connect(&self.address);
        } else {
            let _ = TcpStream::connect(&self.address);
        }
        let _ = self.listening.take().unwrap().join();
    }
}

fn serve(stream: impl Read + Write, log: &Mutex<Vec<Request>>, handler: &Handler) {
    let mut stream = BufReader::new(stream);
    // A TLS hello: whoever speaks only HTTP hangs up.
    if stream.fill_buf().is_ok_and(|bytes| bytes.first() == Some(&0x16)) {
        return;
    }
    let Some(request) = read(&mut stream) else { return };
    log.lock().unwrap().push(request.clone());
    let mut reply = handler(&request);
    if request.method == "HEAD" {
        reply.sent = 0;
    }
    // The client may have hung up.
    let _ = reply.write(stream.get_mut());
}

fn read(stream: &mut impl BufRead) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    stream.take(length).read_to_string(&mut request.body).ok()?;
    Some(request)
}

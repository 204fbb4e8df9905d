//! A hub: bundles that others publish, in an index of files.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
};

pub(crate) struct Hub {
    /// `http://127.0.0.1:PORT`
    pub(crate) url: String,
}

impl Hub {
    /// One of these files, by path.
    pub(crate) fn start(files: &[(&str, String)]) -> Self {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), text.clone())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever goes away before the answer wants none.
                let _ = answer(&stream, &files);
            }
        });
        Self { url }
    }
}

fn answer(stream: &TcpStream, files: &[(String, String)]) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    let file = files.iter().find(|(known, _)| known == path);
    let (status, text) = file.map_or(("404 Not Found", ""), |(_, text)| ("200 OK", text.as_str()));
    let headers = format!("content-length: {}\r\nconnection: close", text.len());
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}\r\n\r\n");
    (&*stream).write_all((head + text).as_bytes())
}

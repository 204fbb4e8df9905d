//! A way to a server on which things go wrong.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Nothing,
    /// Connections are closed at once.
    Down,
    /// Connections are taken, and nothing is answered.
    Slow,
    /// Objects that are read break off.
    Truncated,
    /// Objects that are read have other bytes.
    Spoilt,
    /// There is no room for what is written.
    Full,
}

impl Trouble {
    pub(crate) fn hinders_reading(self) -> bool {
        matches!(self, Self::Down | Self::Slow | Self::Truncated | Self::Spoilt)
    }

    pub(crate) fn hinders_writing(self) -> bool {
        matches!(self, Self::Down | Self::Slow | Self::Full)
    }
}

/// Passes on what is sent to a server, until there is trouble.
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    trouble: watch::Sender<Trouble>,
}

impl Way {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (trouble, mut weather) = watch::channel(Trouble::Nothing);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let now = *weather.borrow_and_update();
                let mut weather = weather.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        // Nobody goes on with a connection from before.
                        _ = weather.changed() => {}
                        () = carry(client, server, now) => {}
                    }
                });
            }
        });
        Self { address, trouble }
    }

    /// What goes wrong from now on.
    pub(crate) fn trouble(&self, trouble: Trouble) {
        self.trouble.send_replace(trouble);
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, trouble: Trouble) {
    match trouble {
        Trouble::Down => return,
        Trouble::Slow => std::future::pending().await,
        Trouble::Nothing | Trouble::Truncated | Trouble::Spoilt | Trouble::Full => {}
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (mut sent, mut answered) = (vec![0; 64 << 10], vec![0; 64 << 10]);
    let mut answer = Answer::to(b"");
    loop {
        let passed = tokio::select! {
            length = client.read(&mut sent) => match length {
                Ok(length @ 1..) if trouble == Trouble::Full && is_upload(&sent[..length]) => {
                    let _ = refuse(&mut client, &sent[..length]).await;
                    return;
                }
                Ok(length @ 1..) => {
                    answer = Answer::to(&sent[..length]);
                    server.write_all(&sent[..length]).await
                }
                _ => return,
            },
            length = server.read(&mut answered) => match length {
                Ok(length @ 1..) => {
                    let whole = answer.suffer(trouble, &mut answered[..length]);
                    let written = client.write_all(&answered[..whole]).await;
                    if whole < length {
                        return;
                    }
                    written
                }
                _ => return,
            },
        };
        if passed.is_err() {
            return;
        }
    }
}

/// The first line of a request.
fn line(request: &[u8]) -> String {
    String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap_or_default()).into_owned()
}

fn is_upload(request: &[u8]) -> bool {
    let line = line(request);
    line.starts_with("PUT ") || line.starts_with("POST ")
}

/// Takes a request to its end, and answers that there is no room for it.
async fn refuse(client: &mut TcpStream, begun: &[u8]) -> std::io::Result<()> {
    let (mut request, mut piece) = (begun.to_vec(), vec![0; 64 << 10]);
    while !is_whole(&request) {
        let length = client.read(&mut piece).await?;
        if length == 0 {
            return Ok(());
        }
        request.extend_from_slice(&piece[..length]);
    }
    client.write_all(b"HTTP/1.1 507 Insufficient Storage\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await
}

fn is_whole(request: &[u8]) -> bool {
    let Some(head) = request.windows(4).position(|end| end == b"\r\n\r\n") else { return false };
    let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    request.len() >= head + 4 + length.unwrap_or_default()
}

/// What comes back for a request: requests wait for the answer to the one before.
struct Answer {
    /// Whether it is an object.
    is_object: bool,
    /// Its head, as far as it has come.
    head: Vec<u8>,
    /// Bytes of what follows the head.
    body: usize,
}

/// Byte of an object that is another one, and how many there are before it breaks off. No object is that short.
const PLACE: usize = 12;

impl Answer {
    fn to(request: &[u8]) -> Self {
        let line = line(request);
        // Google's tells with the same path what there is, and what is in it.
        let is_content = !line.contains("/storage/v1/") || line.contains("alt=media");
        Self { is_object: line.starts_with("GET ") && line.contains(".zst") && is_content, head: Vec::new(), body: 0 }
    }

    /// Changes the next bytes, and tells how many of them arrive.
    fn suffer(&mut self, trouble: Trouble, bytes: &mut [u8]) -> usize {
        if !self.is_object {
            return bytes.len();
        }
        let mut start = 0;
        while start < bytes.len() && !self.head.ends_with(b"\r\n\r\n") {
            self.head.push(bytes[start]);
            start += 1;
        }
        let (before, length) = (self.body, bytes.len() - start);
        self.body += length;
        match PLACE.checked_sub(before).filter(|place| *place < length) {
            Some(place) if trouble == Trouble::Truncated => start + place,
            Some(place) if trouble == Trouble::Spoilt => {
                bytes[start + place] ^= 0x55;
                bytes.len()
            }
            _ => bytes.len(),
        }
    }
}

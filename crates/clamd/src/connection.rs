//! One conversation with a daemon.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    time::Duration,
};

use crate::Address;

/// Longest answer that is read; a real one is a line.
const MAX_REPLY: u64 = 8 << 10;

pub(crate) enum Connection {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Connection {
    /// Connects, waiting no longer than `patience` for that and for each read and write.
    pub(crate) fn open(address: &Address, patience: Duration) -> io::Result<Self> {
        match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(patience))?;
                stream.set_write_timeout(Some(patience))?;
                Ok(Self::Unix(stream))
            }
            Address::Tcp { host, port } => {
                let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
                for socket in (host.as_str(), *port).to_socket_addrs()? {
                    match TcpStream::connect_timeout(&socket, patience) {
                        Ok(stream) => {
                            stream.set_read_timeout(Some(patience))?;
                            stream.set_write_timeout(Some(patience))?;
                            stream.set_nodelay(true)?;
                            return Ok(Self::Tcp(stream));
                        }
                        Err(error) => failure = error,
                    }
                }
                Err(failure)
            }
        }
    }

    /// The answer up to the zero byte that ends it.
    pub(crate) fn reply(&mut self) -> io::Result<String> {
        let mut reply = Vec::new();
        let mut limited = self.take(MAX_REPLY);
        let mut buffer = [0; 512];
        while !reply.contains(&0) {
            match limited.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => reply.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What was said before the line broke is the better news.
                Err(_) if !reply.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        let text = reply.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok(String::from_utf8_lossy(text).trim_end().to_owned())
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(stream) => stream.write(bytes),
            Self::Tcp(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(stream) => stream.flush(),
            Self::Tcp(stream) => stream.flush(),
        }
    }
}

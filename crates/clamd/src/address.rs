//! Where a daemon listens.

use std::{fmt, path::PathBuf, str::FromStr};

/// A daemon's socket: `unix:/run/clamav/clamd.ctl` or a path alone, `tcp:HOST:PORT` or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Unix(PathBuf),
    Tcp {
        /// A name or an address; of IPv6 without brackets.
        host: String,
        port: u16,
    },
}

/// A text that names no socket.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address of a clamd: write unix:/run/clamav/clamd.ctl or tcp:127.0.0.1:3310")]
pub struct InvalidAddress(pub String);

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let invalid = || InvalidAddress(text.to_owned());
        let path = text.strip_prefix("unix:").map(|path| path.strip_prefix("//").unwrap_or(path));
        if let Some(path) = path.or_else(|| text.starts_with('/').then_some(text)) {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(invalid()) };
        }
        let socket = text.strip_prefix("tcp:").map_or(text, |socket| socket.strip_prefix("//").unwrap_or(socket));
        let (host, port) = socket.rsplit_once(':').ok_or_else(invalid)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if bare.is_empty() || (bare == host && host.contains(':')) {
            return Err(invalid());
        }
        Ok(Self::Tcp { host: bare.to_owned(), port: port.parse().map_err(|_| invalid())? })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "tcp:[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "tcp:{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_every_form_and_written_in_one() {
        for (text, expected) in [
            ("/run/clamd.ctl", "unix:/run/clamd.ctl"),
            ("unix:/run/clamd.ctl", "unix:/run/clamd.ctl"),
            ("unix:///run/clamd.ctl", "unix:/run/clamd.ctl"),
            ("127.0.0.1:3310", "tcp:127.0.0.1:3310"),
            ("tcp://clamav.example:3310", "tcp:clamav.example:3310"),
            ("tcp:[::1]:3310", "tcp:[::1]:3310"),
        ] {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_socket_is_refused_with_an_example() {
        for text in ["", "clamd", "unix:clamd.ctl", "host:", ":3310", "host:99999", "::1:3310"] {
            let error = text.parse::<Address>().expect_err(text).to_string();
            assert!(error.ends_with("write unix:/run/clamav/clamd.ctl or tcp:127.0.0.1:3310"), "{error}");
        }
    }
}

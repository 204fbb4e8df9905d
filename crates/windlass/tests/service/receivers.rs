//! Who is told: a server of HTTP, and one of mail.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::Value;

/// What was posted: path, the id by which repetitions are known, and the body.
pub(crate) type Posted = (String, String, Value);

/// Takes whatever is posted, with 200 and `ok`.
pub(crate) struct Hooks {
    pub(crate) address: SocketAddr,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Hooks {
    pub(crate) fn start() -> Self {
        Self::that_take(Duration::ZERO)
    }

    /// Each takes so long to answer.
    pub(crate) fn that_take(time: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let hooks = Self { address: listener.local_addr().expect("it is bound"), posted: Arc::default() };
        let posted = hooks.posted.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let posted = posted.clone();
                std::thread::spawn(move || while take(&stream, &posted, time).is_some() {});
            }
        });
        hooks
    }

    /// What was posted under a path so far.
    pub(crate) fn posted(&self, path: &str) -> Vec<Posted> {
        let all = self.posted.lock().expect("nobody panicked").clone();
        all.into_iter().filter(|(own, _, _)| own == path).collect()
    }
}

/// One request of a connection; nothing at its end.
fn take(stream: &TcpStream, posted: &Mutex<Vec<Posted>>, time: Duration) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut path, mut length, mut id) = (String::new(), 0, String::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if path.is_empty() {
            line.split(' ').nth(1)?.clone_into(&mut path);
        } else if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "webhook-id" => value.trim().clone_into(&mut id),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    posted.lock().ok()?.push((path, id, serde_json::from_slice(&body).unwrap_or_default()));
    std::thread::sleep(time);
    (&*stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").ok()
}

const MAIL_SERVER: &str = r#"
import asyncio, json, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP

class Kept:
    async def handle_DATA(self, server, session, envelope):
        letter = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in letter.iter_parts()}
        with open(sys.argv[1], "a") as letters:
            letters.write(json.dumps({"to": envelope.rcpt_tos, "headers": dict(letter.items()), "parts": parts}) + "\n")
        return "250 it is kept"

async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Kept()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// aiosmtpd, which `scripts/test` installs.
pub(crate) struct MailServer {
    process: Child,
    pub(crate) port: u16,
    letters: PathBuf,
}

impl MailServer {
    /// One that writes what it gets into a file; nothing, and a loud line, if the program is not installed.
    pub(crate) fn start(letters: PathBuf) -> Option<Self> {
        let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("bin/python3");
        let has = |python: &PathBuf| {
            let tried = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
            tried.is_ok_and(|status| status.success())
        };
        let Some(python) = [tools, PathBuf::from("python3")].into_iter().find(has) else {
            windlass_testing::skipped("aiosmtpd is not installed", "scripts/test installs it");
            return None;
        };
        let mut process = Command::new(python)
            .args(["-c", MAIL_SERVER])
            .arg(&letters)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let out = process.stdout.take().expect("it is piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it listens");
        Some(Self { process, port: line.trim().parse().expect("a port"), letters })
    }

    pub(crate) fn letters(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.letters).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

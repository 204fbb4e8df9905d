//! Mail through a real server: aiosmtpd, which `scripts/test` installs.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};
use windlass_channels::{Endpoint, Sent, compose};
use windlass_v1::webhooks::NotificationType;

use crate::{endpoint, message, notice, send_one, sender};

const SERVER: &str = r#"
import asyncio, json, ssl, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

folder, mode = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/certificate.pem", folder + "/key.pem")

class Kept:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 there is no such user"
        if address.startswith("later"):
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        letter = message_from_bytes(envelope.content, policy=policy.default)
        with open(folder + "/letters", "a") as letters:
            letters.write(json.dumps({
                "from": envelope.mail_from, "to": envelope.rcpt_tos,
                "headers": dict(letter.items()), "encrypted": session.ssl is not None or mode == "tls",
                "authenticated": bool(session.authenticated),
                "parts": {part.get_content_type(): part.get_content() for part in letter.iter_parts()},
            }) + "\n")
        return "250 it is kept"

def authenticator(server, session, envelope, mechanism, login):
    good = isinstance(login, LoginPassword) and (login.login, login.password) == (b"windlass", b"hunter2")
    return AuthResult(success=good, handled=False)

def session():
    starttls = mode == "starttls"
    return SMTP(Kept(), authenticator=authenticator, auth_required=mode != "none", auth_require_tls=starttls,
                require_starttls=starttls, tls_context=context if starttls else None)

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// Keeps the letters that it is given.
pub(crate) struct MailServer {
    process: Child,
    port: u16,
    certificate: String,
    folder: tempfile::TempDir,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Python that has aiosmtpd.
fn python() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools").join("bin/python3");
    let mut candidates = [tools, PathBuf::from("python3")].into_iter();
    let has = |python: &PathBuf| {
        let tried = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let found = candidates.find(has);
    if found.is_none() {
        windlass_testing::skipped("aiosmtpd is not installed", "scripts/test installs it");
    }
    found
}

impl MailServer {
    pub(crate) fn start(mode: &str) -> Option<Self> {
        let python = python()?;
        let folder = tempfile::tempdir().unwrap();
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = certified.cert.pem();
        std::fs::write(folder.path().join("certificate.pem"), &certificate).unwrap();
        std::fs::write(folder.path().join("key.pem"), certified.signing_key.serialize_pem()).unwrap();
        let mut process = Command::new(python)
            .arg("-c")
            .arg(SERVER)
            .arg(folder.path())
            .arg(mode)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Some(Self { process, port: line.trim().parse().unwrap(), certificate, folder })
    }

    pub(crate) fn endpoint(&self, tls: &str, to: &[&str], login: bool) -> Endpoint {
        let mut channel = json!({
            "kind": "email", "server": "127.0.0.1", "port": self.port, "tls": tls,
            "from": "Windlass <windlass@example.com>", "to": to,
        });
        if login {
            channel["username"] = json!("windlass");
            channel["password"] = json!("hunter2");
        }
        Endpoint { certificate_authority: Some(self.certificate.clone()), ..endpoint(&channel) }
    }

    pub(crate) fn letters(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("letters")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

async fn sent(endpoint: &Endpoint) -> Sent {
    send_one(&sender(), endpoint, notice("n-1", NotificationType::VulnUpdate)).await
}

#[tokio::test]
async fn a_letter_reaches_all_its_readers_in_both_forms_over_each_kind_of_connection() {
    for tls in ["starttls", "tls", "none"] {
        let Some(server) = MailServer::start(tls) else { return };
        let endpoint = server.endpoint(tls, &["a@example.com", "B <b@example.com>"], tls != "none");
        for _ in 0..2 {
            assert_eq!(
                sent(&endpoint).await,
                Sent::Accepted { status: Some(250), excerpt: "it is kept".into() },
                "{tls}"
            );
        }
        let [letter, again] = &server.letters()[..] else { panic!() };
        assert_eq!(letter["to"], json!(["a@example.com", "b@example.com"]));
        assert_eq!(letter["from"], "windlass@example.com");
        assert_eq!((&letter["encrypted"], &letter["authenticated"]), (&json!(tls != "none"), &json!(tls != "none")));
        let headers = &letter["headers"];
        assert_eq!(headers["Subject"], "CVE-2014-0160 (High, exploited) in docker.io/windlass/test:latest");
        assert_eq!(headers["Auto-Submitted"], "auto-generated");
        // What is sent twice is seen to be the same, and what is about one image stands together.
        assert_eq!(headers["Message-ID"], again["headers"]["Message-ID"]);
        assert_eq!(headers["References"], again["headers"]["References"]);
        let (text, html) =
            (letter["parts"]["text/plain"].as_str().unwrap(), letter["parts"]["text/html"].as_str().unwrap());
        assert!(
            text.contains("openssl 1.0.1f, fixed in 1.0.1g") && html.contains("<code>openssl 1.0.1f</code>"),
            "{letter}"
        );
    }
}

#[tokio::test]
async fn a_server_that_refuses_says_for_how_long() {
    let Some(server) = MailServer::start("starttls") else { return };
    let refusal = |to: &'static str| {
        let endpoint = server.endpoint("starttls", &[to], true);
        async move { sent(&endpoint).await }
    };
    let Sent::Refused { status: Some(550), permanent: true, reason, .. } = refusal("nobody@example.com").await else {
        panic!()
    };
    assert!(reason.contains("there is no such user"), "{reason}");
    assert!(matches!(refusal("later@example.com").await, Sent::Refused { status: Some(451), permanent: false, .. }));
}

#[tokio::test]
async fn a_reader_who_is_refused_keeps_the_letter_from_no_other() {
    let Some(server) = MailServer::start("starttls") else { return };
    let all = ["nobody@example.com", "a@example.com", "later@example.com", "b@example.com"];
    let endpoint = server.endpoint("starttls", &all, true);
    let notices = [notice("n-1", NotificationType::VulnUpdate)];
    let letter = || compose(&endpoint, &message(&notices)).unwrap().remove(0);
    let Sent::Partly { taken, permanent, reason, status, .. } = sender().send(&endpoint, letter()).await else {
        panic!()
    };
    assert_eq!((taken, permanent, status), (0b1010, false, Some(250)));
    for part in ["2 of 4 recipients have it", "nobody@example.com: ", "no such user", "later@example.com: "] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    // Who has it does not get it again.
    let mut again = letter();
    again.leave_out(taken);
    let Sent::Refused { status, permanent, .. } = sender().send(&endpoint, again).await else { panic!() };
    assert_eq!((status, permanent), (Some(451), false), "what may pass decides");
    let mut last = letter();
    last.leave_out(0b1100);
    let Sent::Partly { taken, permanent, reason, .. } = sender().send(&endpoint, last).await else { panic!() };
    assert_eq!((taken, permanent), (0b10, true));
    assert!(reason.starts_with("3 of 4 recipients have it; nobody@example.com"), "{reason}");
    let readers: Vec<Value> = server.letters().into_iter().map(|letter| letter["to"].clone()).collect();
    assert_eq!(readers, [json!(["a@example.com", "b@example.com"]), json!(["a@example.com"])]);
}

#[tokio::test]
async fn a_wrong_password_or_certificate_sends_nothing_and_tells_no_secret() {
    let Some(server) = MailServer::start("starttls") else { return };
    let good = server.endpoint("starttls", &["a@example.com"], true);
    let mut wrong = serde_json::to_value(&good).unwrap();
    wrong["channel"]["password"] = json!("hunter3");
    let sent_wrong = sent(&serde_json::from_value(wrong).unwrap()).await;
    assert!(matches!(sent_wrong, Sent::Refused { status: Some(535), permanent: true, .. }), "{sent_wrong:?}");
    assert!(!format!("{sent_wrong:?}").contains("hunter"));

    let stranger = Endpoint { certificate_authority: None, ..good.clone() };
    assert!(matches!(sent(&stranger).await, Sent::Failed { .. }));
    let Some(tls) = MailServer::start("tls") else { return };
    let stranger = Endpoint { certificate_authority: None, ..tls.endpoint("tls", &["a@example.com"], true) };
    assert!(matches!(sent(&stranger).await, Sent::Failed { .. }));
    assert!(sent(&Endpoint { verify: false, ..stranger }).await.is_accepted());
    assert_eq!((server.letters().len(), tls.letters().len()), (0, 1));
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_password_and_one_that_never_stops_talking_is_left() {
    let Some(server) = MailServer::start("none") else { return };
    let sent_plain = sent(&server.endpoint("starttls", &["a@example.com"], true)).await;
    assert!(matches!(sent_plain, Sent::Failed { .. }), "{sent_plain:?}");
    assert_eq!(server.letters().len(), 0);

    let talker = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = talker.local_addr().unwrap().port();
    let talking = tokio::spawn(async move {
        let (mut stream, _) = talker.accept().await.unwrap();
        let mut told = 0_usize;
        while stream.write_all(&[b'2'; 4096]).await.is_ok() {
            told += 4096;
        }
        told
    });
    let channel = json!({"kind": "email", "server": "127.0.0.1", "port": port, "tls": "none",
                         "from": "a@b.example", "to": ["c@d.example"]});
    let Sent::Failed { reason } = sent(&endpoint(&channel)).await else { panic!() };
    assert!(reason.contains("says too much"), "{reason}");
    // What lies in the buffers of the connection comes to it.
    assert!(talking.await.unwrap() < 32 << 20);
}

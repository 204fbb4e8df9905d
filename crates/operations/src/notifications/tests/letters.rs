//! Letters to several readers, of whom a mail server refuses some.

use std::sync::{
    Mutex,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;

/// A mail server that knows nobody, and has no room for `later` until it is told that it has.
#[derive(Default)]
struct MailServer {
    has_room: AtomicBool,
    /// Whom each letter was for.
    letters: Mutex<Vec<Vec<String>>>,
}

impl MailServer {
    async fn start() -> (Arc<Self>, u16) {
        let server = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let answering = Arc::clone(&server);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = answering.answer(stream).await;
            }
        });
        (server, port)
    }

    async fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut lines = BufReader::new(reading).lines();
        writing.write_all(b"220 mail.example\r\n").await?;
        let mut readers = Vec::new();
        while let Some(line) = lines.next_line().await? {
            let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer: &[u8] = match word.as_str() {
                "EHLO" => b"250-mail.example\r\n250 8BITMIME\r\n",
                "RCPT" if line.contains("nobody") => b"550 there is no such user\r\n",
                "RCPT" if line.contains("later") && !self.has_room.load(Ordering::SeqCst) => b"452 no room\r\n",
                "RCPT" => {
                    let address = line.split(['<', '>']).nth(1).unwrap_or_default();
                    readers.push(address.split('@').next().unwrap_or_default().to_owned());
                    b"250 ok\r\n"
                }
                "DATA" => {
                    writing.write_all(b"354 go on\r\n").await?;
                    while lines.next_line().await?.is_some_and(|line| line != ".") {}
                    self.letters.lock().unwrap().push(std::mem::take(&mut readers));
                    b"250 it is kept\r\n"
                }
                "QUIT" => {
                    writing.write_all(b"221 bye\r\n").await?;
                    return Ok(());
                }
                _ => b"250 ok\r\n",
            };
            writing.write_all(answer).await?;
        }
        Ok(())
    }

    fn letters(&self) -> Vec<Vec<String>> {
        self.letters.lock().unwrap().clone()
    }
}

fn letters_to(port: u16, readers: &[&str]) -> Value {
    let to: Vec<String> = readers.iter().map(|reader| format!("{reader}@example.com")).collect();
    let channel = json!({
        "kind": "email", "server": "127.0.0.1", "port": port, "tls": "none", "from": "w@example.com", "to": to,
    });
    json!({"channel": channel, "timeout": 5})
}

/// What the log of the only delivery says of each attempt.
async fn reasons(house: &House) -> Vec<Option<String>> {
    let delivery = house.log().await.remove(0);
    let detail = house.team.delivery(&delivery.id).await.unwrap();
    detail.log.into_iter().map(|attempt| attempt.reason).collect()
}

#[test]
fn who_is_refused_for_now_gets_the_letter_later_and_nobody_gets_it_twice() {
    in_every_house(|house| async move {
        let (server, port) = MailServer::start().await;
        house.endpoint("readers", letters_to(port, &["nobody", "a", "later", "b"])).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        assert_eq!((house.states().await, server.letters()), (vec!["waiting"], vec![vec!["a".into(), "b".into()]]));
        let told = reasons(&house).await.remove(0).unwrap();
        for part in ["2 of 4 recipients have it", "nobody@example.com: ", "no such user", "later@example.com: "] {
            assert!(told.contains(part), "{part}: {told}");
        }
        house.pass(60, 10).await;
        assert_eq!(server.letters().len(), 1, "there is no room yet, and the others have it");

        server.has_room.store(true, Ordering::SeqCst);
        house.pass(3600, 60).await;
        assert_eq!(house.states().await, ["delivered"]);
        assert_eq!(server.letters()[1..], [["later".to_owned()]]);
        let told = reasons(&house).await.pop().unwrap().unwrap();
        assert!(told.starts_with("3 of 4 recipients have it; nobody@example.com: "), "{told}");
        assert_eq!(house.log().await[0].last_error.as_deref(), Some(told.as_str()));
    });
}

#[test]
fn a_letter_that_nobody_takes_is_not_delivered() {
    in_every_house(|house| async move {
        let (server, port) = MailServer::start().await;
        house.endpoint("readers", letters_to(port, &["nobody"])).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        assert_eq!(house.states().await, ["waiting"]);
        house.pass(4 * DAY, 3600).await;
        assert_eq!((house.states().await, server.letters().len()), (vec!["dead"], 0));
    });
}

#[test]
fn readers_that_are_changed_meanwhile_all_get_the_letter() {
    in_every_house(|house| async move {
        let (server, port) = MailServer::start().await;
        house.endpoint("readers", letters_to(port, &["a", "later"])).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        house.change("readers", letters_to(port, &["c", "d"])).await;
        house.pass(3600, 60).await;
        assert_eq!(server.letters(), [vec!["a"], vec!["c", "d"]]);
        assert_eq!(house.states().await, ["delivered"]);
    });
}

#[test]
fn nobody_gets_a_letter_twice_because_its_words_are_others_meanwhile() {
    in_every_house(|house| async move {
        let (server, port) = MailServer::start().await;
        let letters = letters_to(port, &["a", "later"]);
        house.endpoint("readers", letters.clone()).await;
        house.subscribe(SubscriptionType::TagUpdate, TAG, true).await;
        house.move_tag(TAG).await;
        house.deliver().await;
        let mut document = letters;
        document["templates"] = json!({"title": "News"});
        document["routing"] = json!({"types": ["tag_update"]});
        house.change("readers", document).await;
        server.has_room.store(true, Ordering::SeqCst);
        house.pass(3600, 60).await;
        assert_eq!(server.letters(), [["a"], ["later"]]);
    });
}

//! Clients who are slow, or too many, over a real socket.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use windlass_operations::testing::{Bench, on_every_service};
use windlass_server::{Clients, Listening, Metrics, serve};

const PATIENCE: Duration = Duration::from_millis(300);

/// A service that listens until the guard goes.
fn listen(bench: &Bench, connections: usize, patience: Duration) -> (SocketAddr, DropGuard) {
    let listening = Listening::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listening.address();
    let application = windlass_server::router(bench.service.clone(), Metrics::none());
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    let clients = Clients { connections, patience };
    tokio::spawn(async move { serve(listening, application, None, clients, stopped).await.unwrap() });
    (address, stop.drop_guard())
}

async fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(address).await.unwrap()
}

/// What a connection says until it ends, which must not take long.
async fn said(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // An end may be a reset.
    let _ = timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await.expect("the connection ends");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A connection that has a place: it was answered, and stays.
async fn seated(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address).await;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\"ok\"") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "it is answered");
    }
    stream
}

async fn is_served(address: SocketAddr) -> bool {
    let mut stream = connect(address).await;
    let _ = stream.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    said(&mut stream).await.ends_with("\"ok\"")
}

#[test]
fn whoever_does_not_finish_a_request_is_not_waited_for() {
    on_every_service(|bench| async move {
        let (address, _guard) = listen(&bench, 10, PATIENCE);
        for begun in ["", "GET /hea", "GET /health HTTP/1.1\r\nhost: a\r\n"] {
            let mut stream = connect(address).await;
            stream.write_all(begun.as_bytes()).await.unwrap();
            let since = Instant::now();
            assert!(!said(&mut stream).await.contains("\"ok\""), "{begun}");
            assert!(since.elapsed() > PATIENCE / 2, "{begun}: it was given time");
        }
        let mut stream = connect(address).await;
        let head =
            "POST /policies HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"a\"";
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = said(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("cannot be read to its end"), "{answer}");
    });
}

/// Waits until the service takes another connection, or does not any more.
async fn until(address: SocketAddr, served: bool) {
    let waiting = async {
        while is_served(address).await != served {
            sleep(PATIENCE / 10).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.expect("the service notices");
}

#[test]
fn whoever_takes_nothing_of_an_answer_makes_room_for_others() {
    on_every_service(|bench| async move {
        let (address, _guard) = listen(&bench, 1, PATIENCE);
        let mut greedy = connect(address).await;
        let requests = "GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n".repeat(200);
        let _ = timeout(PATIENCE, greedy.write_all(requests.as_bytes())).await;
        until(address, true).await;
        let taken = said(&mut greedy).await;
        assert!(taken.matches("HTTP/1.1 200").count() < 200, "the rest was not kept for it");
    });
}

#[test]
fn those_who_come_when_all_places_are_taken_are_sent_away() {
    on_every_service(|bench| async move {
        let (address, _guard) = listen(&bench, 2, Duration::from_mins(1));
        let (one, _other) = (seated(address).await, seated(address).await);
        until(address, false).await;
        drop(one);
        until(address, true).await;
    });
}

#[test]
fn whoever_sends_everything_before_it_looks_is_told_why_it_was_refused() {
    on_every_service(|bench| async move {
        let (address, _guard) = listen(&bench, 10, Duration::from_mins(1));
        let head = |more: &str| {
            format!(
                "POST /archives/images/import HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}content-length: 8388608\r\n\r\n"
            )
        };
        let mut stream = connect(address).await;
        stream.write_all(head("").as_bytes()).await.unwrap();
        let piece = vec![b'x'; 65_536];
        for _ in 0..128 {
            stream.write_all(&piece).await.expect("what nobody wants is taken");
        }
        let answer = said(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

        let mut polite = connect(address).await;
        polite.write_all(head("expect: 100-continue\r\n").as_bytes()).await.unwrap();
        let answer = said(&mut polite).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "it is not told to go on: {answer}");
    });
}

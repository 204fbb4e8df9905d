//! What the client makes of daemons that do not behave: each is a thread that says its piece.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use windlass_analysis::{MalwareScanner, NotScanned};
use windlass_clamd::{Address, Clamd, ClamdError, Options};

/// A daemon that answers one connection after the other, each with the next of these.
fn daemon(talks: Vec<fn(&mut TcpStream)>) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    thread::spawn(move || {
        for talk in talks {
            let Ok((mut stream, _)) = listener.accept() else { return };
            talk(&mut stream);
        }
    });
    Address::Tcp { host: "127.0.0.1".into(), port }
}

fn version(stream: &mut TcpStream) {
    let mut command = [0; 9];
    stream.read_exact(&mut command).expect("a command");
    assert_eq!(&command, b"zVERSION\0");
    stream.write_all(b"ClamAV 1.4.1/27500/Mon Nov 24 09:24:11 2025\0").expect("heard");
}

/// Takes a whole stream.
fn take(stream: &mut TcpStream) -> Vec<u8> {
    let mut command = [0; 10];
    stream.read_exact(&mut command).expect("a command");
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("a length");
        let length = u32::from_be_bytes(length) as usize;
        if length == 0 {
            return content;
        }
        let start = content.len();
        content.resize(start + length, 0);
        stream.read_exact(&mut content[start..]).expect("a chunk");
    }
}

fn connect(talks: Vec<fn(&mut TcpStream)>) -> Clamd {
    let options = Options { max_file_size: 1 << 20, patience: Duration::from_millis(400) };
    Clamd::connect(daemon(talks), options).expect("it answers")
}

fn scan(clamd: &Clamd, content: &[u8]) -> Result<Vec<String>, NotScanned> {
    let mut stream = clamd.begin(content.len() as u64)?;
    content.chunks(50_000).for_each(|piece| stream.scan(piece));
    stream.verdict()
}

#[test]
fn content_arrives_whole_and_the_verdict_comes_back() {
    let clamd = connect(vec![
        version,
        |stream| {
            let content = take(stream);
            assert!(content.len() == 200_000 && content.iter().all(|byte| *byte == 7));
            stream.write_all(b"stream: Test.Evil FOUND\0").expect("heard");
        },
        |stream| {
            take(stream);
            stream.write_all(b"stream: OK\0").expect("heard");
        },
    ]);
    assert_eq!(scan(&clamd, &vec![7; 200_000]), Ok(vec!["Test.Evil".to_owned()]));
    assert_eq!(scan(&clamd, b"good"), Ok(Vec::new()));
    let about: Vec<_> = clamd.metadata().into_iter().collect();
    let expected = [
        ("db_date_daily", "Mon Nov 24 09:24:11 2025"),
        ("db_version_daily", "27500"),
        ("engine_version", "ClamAV 1.4.1"),
    ];
    assert_eq!(about, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_file_above_the_limit_is_not_sent() {
    let clamd = connect(vec![version]);
    let reason = "it has 1048577 bytes; files of up to 1048576 bytes are scanned";
    assert_eq!(scan(&clamd, &vec![0; (1 << 20) + 1]), Err(NotScanned::File(reason.into())));
}

#[test]
fn a_daemon_with_a_lower_limit_says_so_and_goes_on_with_other_files() {
    let clamd = connect(vec![
        version,
        |stream| {
            let mut begin = [0; 1_000];
            stream.read_exact(&mut begin).expect("content");
            stream.write_all(b"INSTREAM size limit exceeded. ERROR\0").expect("heard");
            // What was sent meanwhile is taken, as a reset would take the answer with it.
            let _ = stream.set_read_timeout(Some(Duration::from_millis(100)));
            let _ = std::io::copy(stream, &mut std::io::sink());
        },
        |stream| {
            take(stream);
            stream.write_all(b"stream: OK\0").expect("heard");
        },
    ]);
    let expected = NotScanned::File("clamd did not scan it: INSTREAM size limit exceeded".into());
    assert_eq!(scan(&clamd, &vec![7; 300_000]), Err(expected));
    assert_eq!(scan(&clamd, b"good"), Ok(Vec::new()));
}

#[test]
fn a_daemon_that_does_not_answer_is_waited_for_once() {
    let clamd = connect(vec![version, |stream| {
        take(stream);
        thread::sleep(Duration::from_secs(5));
    }]);
    let Err(NotScanned::Scanner(reason)) = scan(&clamd, b"x") else { panic!("no answer is no verdict") };
    assert!(
        reason.starts_with("clamd at tcp:127.0.0.1:") && reason.ends_with(" failed: no answer within 400ms"),
        "{reason}"
    );
    let began = Instant::now();
    assert_eq!(scan(&clamd, b"y"), Err(NotScanned::Scanner(reason)));
    assert!(began.elapsed() < Duration::from_millis(200), "the second file does not wait");
}

#[test]
fn a_daemon_that_hangs_up_or_talks_nonsense_is_no_scanner() {
    for talk in [(|stream| drop(take(stream))) as fn(&mut TcpStream), |stream| {
        take(stream);
        stream.write_all(&vec![b'x'; 20_000]).unwrap_or_default();
    }] {
        let clamd = connect(vec![version, talk]);
        assert!(matches!(scan(&clamd, b"x"), Err(NotScanned::Scanner(_))));
    }
}

#[test]
fn nobody_there_or_somebody_else_is_said_before_anything_is_read() {
    let nobody = Address::Unix("/nonexistent/clamd.ctl".into());
    let error = Clamd::connect(nobody, Options::default()).expect_err("nobody is there");
    assert_eq!(
        error.to_string(),
        "no clamd answers at unix:/nonexistent/clamd.ctl: is it running, and may this user connect to it?"
    );
    let other = daemon(vec![|stream| stream.write_all(b"220 mail.example ESMTP\r\n").expect("heard")]);
    let error = Clamd::connect(other, Options::default()).expect_err("a mail server");
    assert!(matches!(&error, ClamdError::NotClamd { reply, .. } if reply == "220 mail.example ESMTP"), "{error}");
}

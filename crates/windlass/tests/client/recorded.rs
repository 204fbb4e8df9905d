//! What the original service answered, shown as the original client showed it. `WINDLASS_SHARED` names the folder of the
//! recordings.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use windlass_client::testing::StandIn;

use crate::place::Place;

/// What must agree with the transcript beside the exit code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agree {
    /// Nothing: it shows an error, or another state of the service.
    Exit,
    /// Every line, in any order, but for blanks.
    Lines,
    /// Every word, in any order: cells are broken into lines elsewhere.
    Words,
}

use Agree::{Exit, Lines, Words};

/// A transcript, what is to agree, and the recorded exchanges that are replayed; one whose request is another there is
/// given the request it answers here.
type Replay = (&'static str, Agree, &'static [&'static str]);

const BIG: &str = "061";
const SMALL: &str = "238=GET /v1/images";

const REPLAYS: &[Replay] = &[
    ("01", Lines, &["002"]),
    ("02", Exit, &["017"]),
    ("03", Exit, &[]),
    ("04", Words, &["019"]),
    ("05", Exit, &["002"]),
    ("08", Lines, &["238=POST /v1/images"]),
    ("15", Exit, &[SMALL]),
    ("17", Exit, &["109=GET /v1/images"]),
    ("18", Lines, &[SMALL, "065=GET /v1/images/{small}/content"]),
    ("21", Exit, &[BIG, "067"]),
    ("23", Lines, &[BIG, "070"]),
    ("24", Exit, &[SMALL, "255"]),
    ("25", Exit, &[SMALL, "049=GET /v1/images/{small}/vuln/os"]),
    ("26", Lines, &[BIG, "086"]),
    ("27", Lines, &[SMALL, "262"]),
    ("28", Lines, &[SMALL, "257"]),
    ("31", Lines, &[BIG, "081"]),
    ("32", Exit, &[SMALL, "047"]),
    ("34", Exit, &[]),
    ("35", Lines, &["091"]),
    ("36", Exit, &["109=GET /v1/images"]),
    ("37", Lines, &[SMALL, "047"]),
    ("38", Lines, &["021"]),
    ("39", Lines, &["134"]),
    ("40", Lines, &["135"]),
    ("44", Exit, &["137=DELETE /v1/policies/clib"]),
    ("48", Words, &["018"]),
    ("49", Words, &["018"]),
    ("55", Exit, &["023=GET /v1/subscriptions"]),
    ("60", Words, &["119"]),
    ("62", Lines, &["123"]),
    ("63", Exit, &["126"]),
    ("66", Exit, &["325=DELETE /v1/archives/images/{big}"]),
    ("72", Lines, &["026", "027"]),
    ("77", Exit, &["035"]),
    ("78", Lines, &["207"]),
    ("85", Lines, &["105"]),
    ("86", Lines, &["283"]),
    ("87", Exit, &["006=GET /v1/images"]),
    ("88", Exit, &[SMALL, "046"]),
    ("101", Exit, &[SMALL]),
    ("102", Lines, &[SMALL, "245"]),
    ("103", Lines, &[SMALL, "263"]),
    ("105", Lines, &[SMALL, "258"]),
    ("106", Lines, &[SMALL, "273"]),
    ("107", Lines, &[SMALL, "270"]),
    ("109", Exit, &["109=GET /v1/images"]),
    ("111", Exit, &[SMALL, "269"]),
    ("112", Exit, &[]),
];

#[test]
fn the_original_service_is_shown_as_its_own_client_showed_it() {
    let Some(shared) = std::env::var_os("WINDLASS_SHARED").map(PathBuf::from) else {
        eprintln!("SKIPPED: WINDLASS_SHARED names no folder of recordings");
        return;
    };
    let recorded = shared.join("recorded");
    let complaints: Vec<String> = REPLAYS
        .iter()
        .filter_map(|replay| check(&recorded, replay).err().map(|reason| format!("{}: {reason}", replay.0)))
        .collect();
    assert!(complaints.is_empty(), "{} of {}\n{}", complaints.len(), REPLAYS.len(), complaints.join("\n\n"));
}

fn check(recorded: &Path, (number, agree, exchanges): &Replay) -> Result<(), String> {
    let transcript = fs::read_to_string(file(&recorded.join("cli"), number)).expect("a transcript");
    let (command, rest) = transcript.split_once('\n').expect("a command line");
    let words: Vec<&str> = command.strip_prefix("$ anchore-cli ").expect("of anchore-cli").split(' ').collect();
    let (shown, exit) = rest.trim_end().rsplit_once("rc=").expect("it ends with the exit code");
    let mut service = StandIn::start();
    for exchange in *exchanges {
        service = replay(service, recorded, exchange);
    }
    let done = Place::before(&service).run_with(&words, "");
    if done.exit.to_string() != exit {
        return Err(format!("{command} exits with {}, not {exit}: {}{}", done.exit, done.out, done.err));
    }
    let (ours, theirs) = match agree {
        Exit => return Ok(()),
        Lines => (lines(&done.out), lines(shown)),
        Words => (of_words(&done.out), of_words(shown)),
    };
    if ours == theirs {
        return Ok(());
    }
    let missing: Vec<_> = theirs.iter().filter(|line| !ours.contains(line)).take(5).collect();
    let more: Vec<_> = ours.iter().filter(|line| !theirs.contains(line)).take(5).collect();
    Err(format!("{command} does not show {missing:#?} but {more:#?} {}", done.err))
}

/// Adds an exchange to what the service answers: `047`, or with another request `238=GET /v1/images`.
fn replay(service: StandIn, recorded: &Path, exchange: &str) -> StandIn {
    let (number, request) = exchange.split_once('=').unwrap_or((exchange, ""));
    let text = fs::read_to_string(file(recorded, number)).expect("an exchange");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let of = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let request = match request {
        "" => format!("{} {}", of("/request/method"), of("/request/path")),
        request => request
            .replace("{small}", "sha256:a467893a5223a0be6ceb7b2e668b602107bf42c20868f94f6473d368f3377081")
            .replace("{big}", "sha256:4dbb9075bdf4dd25e5a8f2ca1e6386403841707c5ea7447f67cb7f31abd4be6c"),
    };
    let status = document.pointer("/response/status").and_then(Value::as_u64).expect("a status");
    let body = document.pointer("/response/body").expect("a body");
    let is_json = of("/response/headers/Content-Type").contains("json");
    let body = if is_json { body.to_string() } else { body.as_str().unwrap_or_default().to_owned() };
    service.answers(&request, u16::try_from(status).expect("a status"), body)
}

fn file(folder: &Path, number: &str) -> PathBuf {
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let is_it = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(&format!("{number}_")))
    };
    names.into_iter().find(is_it).unwrap_or_else(|| panic!("{} has nothing of number {number}", folder.display()))
}

/// Lines without blanks at their ends and between words, and times and random ids made equal; sorted.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().map(settled).collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort();
    lines
}

/// The words, without the frames of tables; sorted.
fn of_words(text: &str) -> Vec<String> {
    let framed = |word: &&str| !word.chars().all(|c| matches!(c, '|' | '+' | '-'));
    let mut words: Vec<String> = text.split_whitespace().filter(framed).map(settled).collect();
    words.sort();
    words
}

fn settled(word: &str) -> String {
    let is_time = word.len() >= 20 && word.ends_with('Z') && word.as_bytes().get(10) == Some(&b'T');
    let is_digest = word.starts_with("sha256:");
    if is_time {
        "TIME".into()
    } else if is_digest && word.len() > 70 {
        "DIGEST".into()
    } else {
        word.to_owned()
    }
}

//! The documentation tells the truth: its examples run, its options exist, its links lead somewhere.
//!
//! A document is a story: its blocks run in order in one folder that begins with the sample inputs of `place.rs`. What
//! the info string of a block asks for is described in CONTRIBUTING.md and read in `document.rs`.

mod document;
mod place;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use document::{Block, Document, Language};
use place::Place;

fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository is there")
}

/// Every Markdown file of the repository's root and of `docs`.
fn documents() -> Vec<(PathBuf, String)> {
    let (root, mut paths) = (repository(), Vec::new());
    let mut folders = vec![root.join("docs")];
    let is_markdown = |path: &Path| path.extension().is_some_and(|extension| extension == "md");
    let children = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    };
    paths.extend(children(&root).into_iter().filter(|path| is_markdown(path)));
    while let Some(folder) = folders.pop() {
        let (below, files): (Vec<_>, Vec<_>) = children(&folder).into_iter().partition(|path| path.is_dir());
        folders.extend(below);
        paths.extend(files.into_iter().filter(|path| is_markdown(path)));
    }
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).expect("a text"))).collect()
}

/// Runs the blocks of a document in order; each complaint names the line, what was run and what came of it.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let document = Document::parse(text);
    let mut complaints = Vec::new();
    if document.blocks.iter().any(|block| block.language != Language::Text) {
        let place = Place::new(&repository());
        for block in &document.blocks {
            if let Err(reason) = check(block, &place) {
                complaints.push(format!("{name}:{}: {reason}", block.line));
            }
        }
    }
    complaints
}

fn check(block: &Block, place: &Place) -> Result<(), String> {
    if let Some(file) = &block.file {
        place.write(file, &block.text);
    }
    match &block.language {
        Language::Text => Ok(()),
        Language::Shell if block.parse_only => place.parse(&block.text),
        Language::Shell => place.run(&block.text, block.exit).map(drop),
        Language::Console => block.session()?.into_iter().try_for_each(|step| {
            let shown = place.run(&step.command, step.exit)?;
            let agrees = document::agrees(&step.output, &shown);
            if agrees { Ok(()) } else { Err(format!("{:?} does not print what is shown but\n{shown}", step.command)) }
        }),
        Language::Json => {
            let document = serde_json::from_str::<serde_json::Value>(&block.text);
            document.map(drop).map_err(|error| format!("the block is no JSON: {error}"))
        }
        Language::Other(_) if block.file.is_some() => Ok(()),
        Language::Other(language) => Err(format!(
            "nothing is known of blocks of {language:?}: write `text`, or file=NAME if the blocks that follow use it"
        )),
    }
}

#[test]
fn every_example_does_what_its_document_says() {
    let documents = documents();
    let complaints: Vec<String> =
        documents.iter().flat_map(|(path, text)| complaints(&path.display().to_string(), text)).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
    for name in ["README.md", "docs/guide.md"] {
        let (_, text) = documents.iter().find(|(path, _)| path.ends_with(name)).expect("the document is found");
        let blocks = Document::parse(text).blocks;
        let runs = |block: &&Block| block.language == Language::Shell && !block.parse_only;
        assert!(blocks.iter().filter(runs).count() > 0, "{name} shows something that runs");
    }
}

#[test]
fn every_option_in_the_documents_is_one_that_a_command_takes() {
    let place = Place::new(&repository());
    let (options, commands) = place.command_line();
    assert!(options.contains("--fail-on") && options.contains("--strict") && commands.contains("scan"), "{options:?}");
    for (path, text) in documents() {
        for span in Document::parse(&text).code_spans {
            let first = span.split_whitespace().next().unwrap_or_default();
            if first.starts_with("--") || first == "windlass" || commands.contains(first) {
                let unknown: BTreeSet<_> =
                    document::options(&span).filter(|option| !options.contains(*option)).collect();
                assert!(unknown.is_empty(), "{}: `{span}`: no command takes {unknown:?}", path.display());
            }
        }
    }
}

#[test]
fn every_link_within_the_repository_leads_to_a_file() {
    for (path, text) in documents() {
        for link in Document::parse(&text).links {
            let target = link.split('#').next().unwrap_or_default();
            if target.is_empty() || target.contains(':') {
                continue;
            }
            let file = path.parent().expect("a document lies in a folder").join(target);
            assert!(file.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
}

#[test]
fn an_example_that_rots_is_found() {
    for (text, reason) in [
        ("```sh\nwindlass scan oci-dir:./image --fail-when high\n```\n", "--fail-when"),
        ("```sh\nwindlass sbom gone.tar >/dev/null\n```\n", "gone.tar"),
        ("```sh\nwindlass scan app.tar --fail-on high\n```\n", "exits with 1"),
        ("```sh exit=1\nwindlass scan app.tar\n```\n", "exits with 0"),
        ("```sh parse-only\nwindlass scan debian:12 --fail-on dreadful\n```\n", "dreadful"),
        ("```sh parse-only\nscripts/tests\n```\n", "scripts/tests"),
        ("```sh parse-only\nif true\n```\n", "syntax error"),
        ("```console\n$ windlass sbom app.tar\nnothing\n```\n", "does not print what is shown"),
        ("```console\nwindlass sbom app.tar\n```\n", "begins with"),
        ("```json\n{\"id\": }\n```\n", "no JSON"),
        ("```yaml\nlisten: 1\n```\n", "nothing is known of blocks of \"yaml\""),
        ("```sh parse_only\ntrue\n```\n", "parse_only"),
        ("    an indented block\n", "no info string"),
    ] {
        let found = complaints("document", text);
        assert!(found.len() == 1 && found[0].contains(reason), "{text}: {found:#?}");
    }
    let good = "```json file=lock.json\n{}\n```\n```sh\ncat lock.json\n```\n\
        ```console\n$ windlass sbom app.tar\n...\nlodash ...\n...\n$ windlass scan app.tar --fail-on high   # exits with 1\n...\n```\n\
        ```text\nanything\n```\n```sh parse-only\nwindlass scan debian:12 | tee report\n```\n";
    assert_eq!(complaints("document", good), Vec::<String>::new());
}

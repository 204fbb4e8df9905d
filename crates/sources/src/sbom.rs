//! `sbom`: a bill of materials somebody else made.

use std::{
    fmt,
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::{
    error::Error,
    location::Location,
    source::{Bill, Finds, Input, Options, Source},
};

pub(crate) const SOURCE: Source = Source {
    scheme: "sbom",
    summary: "a bill of materials (CycloneDX, SPDX or Syft JSON); - reads standard input",
    finds: Finds::Path { recognises, open },
};

/// Keys that only a bill of materials has at its top: CycloneDX, SPDX 2, SPDX 3, Syft.
const TELLTALES: &[&str] = &["bomFormat", "spdxVersion", "SPDXID", "artifactRelationships"];

/// Longest file looked through for a telling key.
const SNIFF_BYTES: u64 = 256 << 20;

fn recognises(location: &Location) -> bool {
    location.path().is_some_and(|path| path.is_file() && looks_like_sbom(path))
}

fn open(location: &Location, options: &Options) -> Result<Input, Error> {
    options.refuse_platform("a bill of materials")?;
    let Some(path) = location.path() else { return Ok(Input::Sbom(Bill::StandardInput)) };
    if path.is_dir() {
        let reason = "it is a folder".into();
        return Err(Error::NotA { path: path.display().to_string(), expected: "a bill of materials", reason });
    }
    Ok(Input::Sbom(Bill::File(path.to_owned())))
}

/// Reads top-level keys until one tells; values are skipped, not kept.
fn looks_like_sbom(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return false };
    let reader = BufReader::with_capacity(1 << 16, file.take(SNIFF_BYTES));
    let mut told = false;
    // The visitor stops by an error once it knows, so the result itself says nothing.
    let _ = serde_json::Deserializer::from_reader(reader).deserialize_map(Keys(&mut told));
    told
}

struct Keys<'a>(&'a mut bool);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if TELLTALES.contains(&key.as_str()) {
                *self.0 = true;
                return Ok(());
            }
            if key == "@context" {
                *self.0 = map.next_value::<String>()?.contains("spdx.org");
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

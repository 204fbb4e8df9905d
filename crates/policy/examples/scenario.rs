//! Writes what `benchmarks/policies` measures with: a bundle, one without rules, analyses of images, and advisories that
//! concern each.
//!
//! `cargo run --release -p windlass-policy --example scenario -- FOLDER IMAGES FORMAT`

#[path = "../benches/scenario/mod.rs"]
mod scenario;

use std::{env, error::Error, fs, path::Path};

use scenario::{FINDINGS, PACKAGES};
use serde_json::{Value, json};
use windlass_sbom::formats::{self, Document, Format};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, images, format] = arguments.as_slice() else {
        return Err("usage: scenario FOLDER IMAGES FORMAT".into());
    };
    let format = Format::parse(format)?;
    let folder = Path::new(folder);
    for name in ["analyses", "osv"] {
        fs::create_dir_all(folder.join(name))?;
    }
    let mut bundle = scenario::bundle();
    fs::write(folder.join("bundle.json"), serde_json::to_vec_pretty(&bundle)?)?;
    bundle["policies"][0]["rules"] = json!([]);
    fs::write(folder.join("nothing.json"), serde_json::to_vec_pretty(&bundle)?)?;
    for image in 0..images.parse()? {
        let mut file = fs::File::create(folder.join(format!("analyses/{image:03}.{format}")))?;
        formats::write(&scenario::sbom(image), format, &Document::default(), &mut file)?;
    }
    for number in 0..FINDINGS {
        let path = folder.join(format!("osv/CVE-2024-{number:05}.json"));
        fs::write(path, serde_json::to_vec(&advisory(number))?)?;
    }
    Ok(())
}

/// One that concerns one package of every image.
fn advisory(number: usize) -> Value {
    let package = number % PACKAGES;
    let (ecosystem, range) = if package.is_multiple_of(3) { ("npm", "SEMVER") } else { ("Debian:12", "ECOSYSTEM") };
    let fixed = if package.is_multiple_of(3) { "2.0.0" } else { "2.0-1" };
    let severity = ["LOW", "MODERATE", "HIGH", "CRITICAL"][number % 4];
    let mut events = vec![json!({"introduced": "0"})];
    if number.is_multiple_of(2) {
        events.push(json!({"fixed": fixed}));
    }
    json!({
        "id": format!("CVE-2024-{number:05}"),
        "modified": "2024-01-01T00:00:00Z",
        "summary": "Something can be done that should not",
        "database_specific": {"severity": severity},
        "affected": [{
            "package": {"ecosystem": ecosystem, "name": format!("package{package}")},
            "ranges": [{"type": range, "events": events}],
        }],
    })
}

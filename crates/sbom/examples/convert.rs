//! Converts a bill of materials from any format that can be read: `convert FORMAT < in > out`.

use std::{
    env,
    error::Error,
    io::{stdin, stdout},
};

use windlass_sbom::formats::{self, Document, Format};

fn main() -> Result<(), Box<dyn Error>> {
    const LIMIT: u64 = 1 << 30;
    let name = env::args().nth(1).ok_or("usage: convert FORMAT < in > out")?;
    let format = Format::parse(&name)?;
    let sbom = formats::read_from(stdin().lock(), LIMIT)?;
    let document = Document { created: None, tool_version: env!("CARGO_PKG_VERSION").into() };
    formats::write(&sbom, format, &document, &mut stdout().lock())?;
    Ok(())
}

//! Makes the image of the demonstration: folders in, an OCI image layout out.
//!
//! `demo/run` fills one folder per layer with what the package clients of the machine install; this program packs them.
//! Nothing of the machine but the content reaches the image: entries are sorted, belong to root and carry the time zero,
//! so equal folders make equal digests.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod layer;
mod layout;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::Parser;

/// Pack folders as the layers of an image.
#[derive(Parser)]
#[command(name = "windlass-demo")]
struct Arguments {
    /// Folder to write the image layout to; it is replaced.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Remove this path of the image in a last layer; may be repeated.
    #[arg(long, value_name = "PATH")]
    remove: Vec<String>,
    /// Folders that become layers, the base first.
    #[arg(required = true, value_name = "FOLDER")]
    layers: Vec<PathBuf>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let image = layout::write(&arguments.output, &arguments.layers, &arguments.remove)?;
    eprintln!("image {} with {} layers in {}", image.digest, image.layers, arguments.output.display());
    Ok(())
}

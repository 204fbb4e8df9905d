//! Policy bundles in files, and where in them something stands.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use windlass_policy::{Bundle, InvalidBundle, LENGTH_LIMIT, locate};

use crate::diagnostics::Hinted;

/// The text of a bundle, and what people call it.
pub(crate) struct BundleText {
    name: String,
    text: String,
}

impl BundleText {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let failed = || format!("the policy bundle {name} cannot be read");
        let length = std::fs::metadata(path).with_context(failed)?.len();
        anyhow::ensure!(length <= LENGTH_LIMIT as u64, "{}: it is longer than {LENGTH_LIMIT} bytes", failed());
        let bytes = std::fs::read(path).with_context(failed)?;
        let text = String::from_utf8(bytes).with_context(failed)?;
        Ok(Self { name, text })
    }

    pub(crate) fn parse(&self) -> Result<Bundle, InvalidBundle> {
        Bundle::parse(self.text.as_bytes())
    }

    /// The JSON alone, for a service that knows better what a bundle may be.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        serde_json::from_str(&self.text).with_context(|| format!("{} is no JSON", self.name))
    }

    /// Line and column of what a JSON pointer names, both from 1.
    pub(crate) fn place(&self, pointer: &str) -> Option<(usize, usize)> {
        locate(&self.text, pointer).map(|place| (place.line, place.column))
    }

    /// Line and column of what keeps the text from being a bundle.
    pub(crate) fn place_of(&self, invalid: &InvalidBundle) -> Option<(usize, usize)> {
        match invalid {
            InvalidBundle::TooLong => None,
            InvalidBundle::Json(error) => Some((error.line(), error.column())),
            InvalidBundle::Shape(violation) => self.place(&violation.pointer()),
        }
    }

    /// `bundle.json:12:5`
    pub(crate) fn at(&self, place: Option<(usize, usize)>) -> String {
        place.map_or_else(|| self.name.clone(), |(line, column)| format!("{}:{line}:{column}", self.name))
    }
}

/// Reads a bundle that is to be evaluated.
pub(crate) fn read(path: &Path) -> anyhow::Result<Arc<Bundle>> {
    let text = BundleText::read(path)?;
    match text.parse() {
        Ok(bundle) => Ok(Arc::new(bundle)),
        Err(invalid) => Err(Hinted::error(
            format!("{}: {invalid}", text.at(text.place_of(&invalid))),
            format!("windlass policy validate {} says what else is wrong", text.name),
        )),
    }
}

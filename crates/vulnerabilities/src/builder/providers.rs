//! Where the records come from.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use windlass_advisories::Provider;

use crate::time;

/// Providers by id, with the number of their records.
#[derive(Default)]
pub(super) struct Providers {
    by_id: BTreeMap<String, (Provider, u64)>,
}

impl Providers {
    pub(super) fn count(&mut self, id: &str) {
        if let Some((_, count)) = self.by_id.get_mut(id) {
            *count += 1;
        } else {
            let unknown = Provider { id: id.to_owned(), processor: "windlass".to_owned(), ..Provider::default() };
            self.by_id.insert(id.to_owned(), (unknown, 1));
        }
    }

    pub(super) fn describe(&mut self, provider: &Provider) {
        let (known, _) = self.by_id.entry(provider.id.clone()).or_default();
        known.id.clone_from(&provider.id);
        known.version.clone_from(&provider.version);
        known.processor.clone_from(&provider.processor);
        // Both are RFC 3339 in UTC, which orders as text.
        known.date_captured = known.date_captured.take().max(provider.date_captured.clone());
        known.input_digest = joined(&known.input_digest, &provider.input_digest);
    }

    pub(super) fn counts(self) -> Vec<(String, u64)> {
        self.by_id.into_iter().map(|(id, (_, count))| (id, count)).collect()
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare(
            "insert into providers (id, version, processor, date_captured, input_digest) values (?, ?, ?, ?, ?)",
        )?;
        for (provider, _) in self.by_id.values() {
            let date = provider.date_captured.as_deref().and_then(time::to_column);
            let date = date.as_deref().unwrap_or(time::UNKNOWN);
            statement.execute(params![
                provider.id,
                provider.version,
                provider.processor,
                date,
                provider.input_digest
            ])?;
        }
        Ok(())
    }
}

/// The digest of all inputs: that of the only one, or a digest over theirs.
fn joined(first: &str, second: &str) -> String {
    if first.is_empty() || first == second {
        return second.to_owned();
    }
    let digest = Sha256::digest(format!("{first}\n{second}"));
    format!("sha256:{digest:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(date: Option<&str>, digest: &str) -> Provider {
        Provider {
            id: "nvd".into(),
            date_captured: date.map(str::to_owned),
            input_digest: digest.into(),
            ..Provider::default()
        }
    }

    #[test]
    fn several_inputs_make_one_provider_as_recent_as_the_newest() {
        let mut providers = Providers::default();
        providers.count("nvd");
        for (date, digest) in [(Some("2026-01-02T00:00:00Z"), "sha256:a"), (Some("2026-01-01T00:00:00Z"), "sha256:b")] {
            providers.describe(&provider(date, digest));
        }
        let (known, count) = &providers.by_id["nvd"];
        assert_eq!((known.date_captured.as_deref(), *count), (Some("2026-01-02T00:00:00Z"), 1));
        assert!(known.input_digest.starts_with("sha256:") && known.input_digest.len() == 71);
    }

    #[test]
    fn the_digest_of_one_input_is_its_own() {
        let mut providers = Providers::default();
        providers.describe(&provider(None, "sha256:a"));
        providers.describe(&provider(None, "sha256:a"));
        assert_eq!(providers.by_id["nvd"].0.input_digest, "sha256:a");
    }
}

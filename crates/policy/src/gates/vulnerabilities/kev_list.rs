//! Trigger `kev_list`: vulnerabilities that are known to be exploited.

use super::fire;
use crate::{
    Check, Trigger,
    gate::{Inputs, Origin},
};

pub(super) const TRIGGER: Trigger = Trigger {
    name: "kev_list",
    description: "Fires for each vulnerability of a package that CISA lists as known to be exploited, whatever its \
                  severity and fix.",
    parameters: &[],
    reads: Inputs::FINDINGS,
    origin: Origin::Windlass,
    compile: |_| {
        Ok(Check::new(|context, firings| {
            for (index, fact) in context.image.findings().iter().enumerate() {
                let Some(entry) = fact.known_exploited().min_by_key(|entry| &entry.date_added) else { continue };
                let since = match entry.date_added.as_str() {
                    "" => String::new(),
                    day => format!(" since {day}"),
                };
                fire(firings, index, fact, &format!("is known to be exploited ({}, CISA KEV{since})", entry.cve));
            }
            Ok(())
        }))
    },
};

#[cfg(test)]
mod tests {
    use windlass_advisories::KnownExploited;

    use crate::{gates::vulnerabilities::testing::image, testing::Fired};

    #[test]
    fn what_is_listed_fires_even_if_nobody_will_fix_it() {
        let entry = |cve: &str, day: &str| KnownExploited {
            cve: cve.into(),
            date_added: day.into(),
            ..KnownExploited::default()
        };
        let mut image = image();
        image.decline("CVE-1");
        image.edit("CVE-1", |record| record.known_exploited = vec![entry("CVE-1", "2024-02-01")]);
        image.edit("CVE-PY", |record| record.known_exploited = vec![entry("CVE-0", "")]);
        assert_eq!(
            image.case().fired("vulnerabilities", "kev_list", &[]),
            [
                Fired::new(
                    "CVE-1+pkg",
                    "CVE-1 in pkg 1 (dpkg) is known to be exploited (CVE-1, CISA KEV since 2024-02-01)"
                ),
                Fired::new("CVE-PY+py-2", "CVE-PY in py 2 (python) is known to be exploited (CVE-0, CISA KEV)"),
            ]
        );
    }
}

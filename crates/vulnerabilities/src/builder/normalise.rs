//! Dates inside documents, in the forms that every reader of the format accepts. Another reader refuses a whole document
//! for one date it cannot read, so a date that is none is left out.

use windlass_advisories::{Advisory, KnownExploited, PackageBlob};

use crate::time;

pub(super) fn advisory(advisory: &mut Advisory) {
    for statement in &mut advisory.packages {
        fix_dates(&mut statement.blob);
    }
    for statement in &mut advisory.cpes {
        fix_dates(&mut statement.blob);
    }
}

/// The catalogue's days become midnights (RFC 3339).
pub(super) fn known_exploited(entry: &mut KnownExploited) {
    for date in [&mut entry.date_added, &mut entry.due_date] {
        *date = time::day(date).map(|day| format!("{day}T00:00:00Z")).unwrap_or_default();
    }
}

fn fix_dates(blob: &mut PackageBlob) {
    for detail in blob.ranges.iter_mut().filter_map(|range| range.fix.as_mut()?.detail.as_mut()) {
        if let Some(available) = &mut detail.available {
            match time::day(&available.date) {
                Some(day) => available.date = day,
                None => detail.available = None,
            }
        }
    }
}

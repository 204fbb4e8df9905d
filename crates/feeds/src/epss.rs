//! EPSS scores: how likely each CVE is to be exploited within thirty days (<https://www.first.org/epss/>).

use std::io::{BufRead as _, Read};

use windlass_advisories::{Epss, Record};

use crate::error::FeedError;
use crate::input::{Document, Input};
use crate::provider;
use crate::sink::Sink;
use crate::source::SourceKind;
use crate::time;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "epss",
    about: "EPSS scores of the Forum of Incident Response and Security Teams",
    accepts: "a day's scores as CSV (https://epss.cyentia.com/epss_scores-current.csv.gz)",
    providers: &[provider::EPSS],
    read,
};

/// Bytes of a line; a good one takes less than fifty.
const MAX_LINE: u64 = 4096;

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    // Scores of two days do not make one list (`spec/matching.md` §10).
    let mut first: Option<String> = None;
    input.documents(&mut |document| {
        if document.member && !document.has_extension("csv") {
            sink.skip("file that is not CSV");
            return Ok(());
        }
        read_scores(document, &mut first, sink)
    })
}

fn read_scores(document: Document<'_>, first: &mut Option<String>, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    let Document { name, reader, .. } = document;
    let source_name = sink.source_name;
    let damaged = |reason: &dyn std::fmt::Display| FeedError::damaged(source_name, name, reason);
    let mut line = String::new();
    let mut next = |line: &mut String| -> std::io::Result<bool> {
        line.clear();
        Read::take(&mut *reader, MAX_LINE).read_line(line).map(|length| length > 0)
    };
    next(&mut line).map_err(|error| damaged(&error))?;
    let date = line
        .strip_prefix('#')
        .and_then(|header| header.trim_end().split(',').find_map(|part| part.strip_prefix("score_date:")))
        .and_then(time::day);
    let Some(date) = date else {
        return Err(damaged(&"its first line does not say score_date:…"));
    };
    match first {
        Some(earlier) if *earlier != date => {
            return Err(damaged(&format!("its scores are of {date}, those read before of {earlier}")));
        }
        _ => *first = Some(date.clone()),
    }
    next(&mut line).map_err(|error| damaged(&error))?;
    let columns: Vec<&str> = line.trim_end().split(',').collect();
    if columns != ["cve", "epss", "percentile"] {
        return Err(damaged(&"its second line is not cve,epss,percentile"));
    }
    sink.stated(provider::EPSS, time::utc(&date).as_deref());
    while next(&mut line).map_err(|error| damaged(&error))? {
        if let Some(score) = score(line.trim_end(), &date) {
            sink.emit(provider::EPSS, Record::Epss(score))?;
        } else {
            let cve = line.trim_end().split(',').next().unwrap_or_default();
            sink.problem(name, cve, "is not a CVE with two numbers between 0 and 1");
        }
    }
    Ok(())
}

fn score(line: &str, date: &str) -> Option<Epss> {
    let mut columns = line.split(',');
    let cve = columns.next().filter(|cve| cve.starts_with("CVE-"))?;
    let mut share = || columns.next()?.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    let (epss, percentile) = (share()?, share()?);
    Some(Epss { cve: cve.to_owned(), epss, percentile, date: date.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read_files, read_text};

    #[test]
    fn lines_are_scores_of_the_day_in_the_header() {
        let (records, summary) = read_text(
            &SOURCE,
            "scores.csv",
            "#model_version:v4,score_date:2024-02-03T00:00:00+0000\ncve,epss,percentile\n\
             CVE-2024-1,0.5,0.97\r\nCVE-2024-2,1.5,0.2\nnonsense\nCVE-2024-3,NaN,0.1\nCVE-2024-4,0.00042,0.1",
        );
        let scores: Vec<_> = records
            .into_iter()
            .map(|(_, record)| match record {
                Record::Epss(score) => format!("{} {} {} {}", score.cve, score.epss, score.percentile, score.date),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(scores, ["CVE-2024-1 0.5 0.97 2024-02-03", "CVE-2024-4 0.00042 0.1 2024-02-03"]);
        let bad: Vec<_> = summary.problems.first().iter().map(|problem| problem.record.as_str()).collect();
        assert_eq!(bad, ["CVE-2024-2", "nonsense", "CVE-2024-3"]);
        assert_eq!(summary.providers[0].date_captured.as_deref(), Some("2024-02-03T00:00:00Z"));
    }

    #[test]
    fn a_file_that_is_not_of_scores_or_of_another_day_is_an_error() {
        let one = "#score_date:2024-02-03\ncve,epss,percentile\n";
        let two = "#score_date:2024-02-04\ncve,epss,percentile\n";
        for (files, expected) in [
            (vec![("a.csv", "cve,epss,percentile\n")], "first line does not say"),
            (vec![("a.csv", "#score_date:2024-02-03\nname,score\n")], "second line is not"),
            (vec![("a.csv", one), ("b.csv", two)], "its scores are of 2024-02-04, those read before of 2024-02-03"),
        ] {
            let error = read_files(&SOURCE, &files).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}

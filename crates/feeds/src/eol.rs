//! Lives of distribution releases (<https://endoflife.date>).

use std::collections::HashSet;

use serde::Deserialize;
use windlass_advisories::{OperatingSystem, Record};

use crate::error::FeedError;
use crate::input::Input;
use crate::json::{self, or_default};
use crate::provider;
use crate::releases;
use crate::sink::Sink;
use crate::source::SourceKind;
use crate::time;

pub(crate) const SOURCE: SourceKind = SourceKind {
    name: "eol",
    about: "End-of-life dates of distribution releases, by endoflife.date",
    accepts: "the products as JSON: https://endoflife.date/api/v1/products/full, or an object of products by name",
    providers: &[provider::EOL],
    read,
};

/// Products that are distributions: name there, canonical type and os-release ID here.
const DISTRIBUTIONS: &[(&str, &str, &str)] = &[
    ("almalinux", "almalinux", ""),
    ("alpine-linux", "alpine", "alpine"),
    ("amazon-linux", "amazonlinux", "amzn"),
    ("azure-linux", "azurelinux", "azurelinux"),
    ("centos", "centos", "centos"),
    ("centos-stream", "centos", "centos"),
    ("debian", "debian", "debian"),
    ("fedora", "fedora", "fedora"),
    ("mariner", "mariner", "mariner"),
    ("oracle-linux", "oraclelinux", "ol"),
    ("photon", "photon", "photon"),
    ("rhel", "redhat", "rhel"),
    ("rocky-linux", "rockylinux", "rocky"),
    ("sles", "sles", "sles"),
    ("ubuntu", "ubuntu", "ubuntu"),
    ("vmware-photon", "photon", "photon"),
];

#[derive(Deserialize)]
struct Product {
    /// Only where products are a list.
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    releases: Vec<Release>,
}

/// The members of the API, and those of the project's own files.
#[derive(Deserialize)]
struct Release {
    #[serde(alias = "releaseCycle")]
    name: String,
    #[serde(default, alias = "eolFrom")]
    eol: Date,
    #[serde(default, alias = "eoasFrom")]
    eoas: Date,
}

/// A day; or whether it has passed, of which no day is known.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Date {
    Day(String),
    Passed(#[expect(dead_code, reason = "says nothing of when")] bool),
    #[default]
    Unknown,
}

fn read(input: &Input, sink: &mut Sink<'_>) -> Result<(), FeedError> {
    // CentOS 8 and CentOS Stream 8 call themselves the same; the one that is listed first, and ended first, counts.
    let mut told = HashSet::new();
    input.documents(&mut |document| {
        if !document.is_json() {
            sink.skip("file that is not JSON");
            return Ok(());
        }
        let file = document.name.to_owned();
        json::parts(document, &["result"], sink, &mut |part, sink| {
            let described = part.element || part.json.starts_with('{');
            if !described {
                return Ok(());
            }
            match serde_json::from_str::<Product>(part.json) {
                Ok(product) => {
                    let name = if part.element { product.name.clone() } else { part.key.to_owned() };
                    releases_of(&name, product, &file, &mut told, sink)
                }
                Err(error) => {
                    sink.problem(&file, part.key, &format!("is no product of endoflife.date: {error}"));
                    Ok(())
                }
            }
        })
    })
}

fn releases_of(
    name: &str,
    product: Product,
    file: &str,
    told: &mut HashSet<(String, String, String)>,
    sink: &mut Sink<'_>,
) -> Result<(), FeedError> {
    let Some((_, system, release_id)) = DISTRIBUTIONS.iter().find(|(known, _, _)| *known == name) else {
        sink.skip("product that is no distribution");
        return Ok(());
    };
    for release in product.releases {
        let Some((major, minor)) = releases::split(&release.name) else {
            sink.skip("release without a number");
            continue;
        };
        let (Ok(eol_date), Ok(eoas_date)) = (release.eol.day(), release.eoas.day()) else {
            sink.problem(file, &format!("{name} {}", release.name), "its end is neither a date nor a yes or no");
            continue;
        };
        if eol_date.is_empty() && eoas_date.is_empty() {
            sink.skip("release without a date of its end");
            continue;
        }
        let mut row = releases::numbered(system, release_id, major, minor);
        row = OperatingSystem { eol_date, eoas_date, ..row };
        if !told.insert((row.name.clone(), row.major_version.clone(), row.minor_version.clone())) {
            sink.skip("release that another product has told of");
            continue;
        }
        sink.emit(provider::EOL, Record::EndOfLife(row))?;
    }
    Ok(())
}

impl Date {
    /// Empty if no day is known.
    fn day(&self) -> Result<String, ()> {
        match self {
            Self::Day(text) => time::day(text).ok_or(()),
            Self::Passed(_) | Self::Unknown => Ok(String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::read_text;

    fn rows(text: &str) -> (Vec<String>, crate::Summary) {
        let (records, summary) = read_text(&SOURCE, "products.json", text);
        let rows = records
            .into_iter()
            .map(|(_, record)| match record {
                Record::EndOfLife(os) => {
                    format!("{} {}.{} {} {}", os.name, os.major_version, os.minor_version, os.eol_date, os.eoas_date)
                }
                other => format!("{other:?}"),
            })
            .collect();
        (rows, summary)
    }

    #[test]
    fn a_release_that_two_products_name_ends_with_the_first() {
        let (told, summary) = rows(
            r#"{"centos": {"releases": [{"releaseCycle": "8", "eol": "2021-12-31"}]},
                "centos-stream": {"releases": [{"releaseCycle": "8", "eol": "2024-05-31"}, {"releaseCycle": "9", "eol": "2027-05-31"}]}}"#,
        );
        assert_eq!(told, ["centos 8. 2021-12-31 ", "centos 9. 2027-05-31 "]);
        assert_eq!(summary.skipped["release that another product has told of"], 1);
    }

    #[test]
    fn both_shapes_give_the_same_rows() {
        let (own, summary) = rows(
            r#"{"ubuntu": {"category": "os", "releases": [
                 {"releaseCycle": "22.04", "eol": "2027-04-01", "eoas": "2024-09-30"},
                 {"releaseCycle": "rolling", "eol": false},
                 {"releaseCycle": "26.04", "eol": false},
                 {"releaseCycle": "4.10", "eol": "long ago"}]},
               "python": {"releases": [{"releaseCycle": "2.7", "eol": true}]},
               "debian": {"releases": 7}}"#,
        );
        assert_eq!(own, ["ubuntu 22.4 2027-04-01 2024-09-30"]);
        assert_eq!(summary.skipped.values().sum::<u64>(), 3, "{:?}", summary.skipped);
        assert_eq!(
            summary.problems.first()[0].to_string(),
            "products.json: ubuntu 4.10: its end is neither a date nor a yes or no"
        );
        assert_eq!(summary.problems.count(), 2);

        let (api, _) = rows(
            r#"{"schema_version": "1.2.0", "total": 1, "result": [{"name": "ubuntu", "releases": [
                 {"name": "22.04", "eolFrom": "2027-04-01", "eoasFrom": "2024-09-30", "isEol": false}]}]}"#,
        );
        assert_eq!(own, api);
    }
}

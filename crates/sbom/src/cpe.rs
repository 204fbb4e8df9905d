//! Common Platform Enumeration 2.3 names (NIST IR 7695), as far as matching needs them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a CPE of a package comes from; the first three are trusted more than guesses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CpeSource {
    /// The package says so itself.
    Declared,
    /// A binary classifier knows it.
    Classifier,
    /// The NVD's dictionary lists it for this package name.
    Dictionary,
    /// Derived from names by rules (`spec/analysis.md` §8).
    #[default]
    Generated,
}

impl CpeSource {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_generated(&self) -> bool {
        *self == Self::Generated
    }

    /// The word used in syft-json documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Classifier => "binary-classifier",
            Self::Dictionary => "nvd-cpe-dictionary",
            Self::Generated => "windlass-generated",
        }
    }
}

/// The eleven attributes, unescaped; an empty one is `*` (any), `-` stands for itself (not applicable). Serialised as an
/// object of those that are not empty, which loses nothing; documents have the formatted string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpe {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub part: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vendor: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub product: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub update: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub edition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub language: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub software_edition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_software: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_hardware: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub other: String,
    #[serde(skip_serializing_if = "CpeSource::is_generated")]
    pub source: CpeSource,
}

/// A text that is not a CPE 2.3 formatted string.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a CPE: {reason} (expected cpe:2.3:PART:VENDOR:PRODUCT:… with eleven attributes)")]
pub struct InvalidCpe {
    pub text: String,
    pub reason: &'static str,
}

impl Cpe {
    /// An application of this vendor, product and version.
    pub fn application(vendor: &str, product: &str, version: &str, source: CpeSource) -> Self {
        Self {
            part: "a".into(),
            vendor: vendor.into(),
            product: product.into(),
            version: version.into(),
            source,
            ..Self::default()
        }
    }

    fn attributes(&self) -> [&str; 11] {
        [
            &self.part,
            &self.vendor,
            &self.product,
            &self.version,
            &self.update,
            &self.edition,
            &self.language,
            &self.software_edition,
            &self.target_software,
            &self.target_hardware,
            &self.other,
        ]
    }
}

impl fmt::Display for Cpe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_str("cpe:2.3")?;
        for value in self.attributes() {
            f.write_char(':')?;
            match value {
                "" => f.write_char('*')?,
                "-" => f.write_char('-')?,
                _ => {
                    for c in value.chars() {
                        if !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')) {
                            f.write_char('\\')?;
                        }
                        f.write_char(c)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Cpe {
    type Err = InvalidCpe;

    fn from_str(text: &str) -> Result<Self, InvalidCpe> {
        let fail = |reason| InvalidCpe { text: text.chars().take(200).collect(), reason };
        let rest = text.strip_prefix("cpe:2.3:").ok_or_else(|| fail("it does not start with cpe:2.3:"))?;
        let mut fields = vec![String::new()];
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            let field = fields.last_mut().expect("starts with one field");
            match c {
                ':' => fields.push(String::new()),
                '\\' => field.push(chars.next().ok_or_else(|| fail("it ends in a backslash"))?),
                _ => field.push(c),
            }
            if fields.len() > 11 {
                return Err(fail("it has more than eleven attributes"));
            }
        }
        let [part, vendor, product, version, update, edition, language, sw_edition, target_sw, target_hw, other] =
            <[String; 11]>::try_from(fields).map_err(|_| fail("it has fewer than eleven attributes"))?;
        if !matches!(part.as_str(), "a" | "h" | "o" | "*") {
            return Err(fail("its part is not a, h, o or *"));
        }
        let any = |value: String| if value == "*" { String::new() } else { value };
        Ok(Self {
            part: any(part),
            vendor: any(vendor),
            product: any(product),
            version: any(version),
            update: any(update),
            edition: any(edition),
            language: any(language),
            software_edition: any(sw_edition),
            target_software: any(target_sw),
            target_hardware: any(target_hw),
            other: any(other),
            source: CpeSource::Declared,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cpe_is_read_and_written_back() {
        for text in [
            "cpe:2.3:a:apache:log4j:2.14.1:*:*:*:*:*:*:*",
            "cpe:2.3:a:erlang:erlang\\/otp:26.0:-:*:*:*:*:*:*",
            "cpe:2.3:o:linux:linux_kernel:6.1.0\\+deb:*:*:*:*:*:*:*",
        ] {
            assert_eq!(text.parse::<Cpe>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_cpe_is_refused_with_the_reason() {
        let reason = |text: &str| text.parse::<Cpe>().expect_err(text).reason;
        assert_eq!(reason("cpe:/a:apache:log4j"), "it does not start with cpe:2.3:");
        assert_eq!(reason("cpe:2.3:a:apache"), "it has fewer than eleven attributes");
        assert_eq!(reason("cpe:2.3:x:a:b:1:*:*:*:*:*:*:*"), "its part is not a, h, o or *");
        assert_eq!(reason("cpe:2.3:a:a:b:1:*:*:*:*:*:*:*:*"), "it has more than eleven attributes");
    }
}

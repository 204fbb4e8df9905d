use std::fmt;
use std::str::FromStr;

/// A SchemaVer: another model cannot be read, a newer revision or addition can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SchemaVersion {
    pub model: u32,
    pub revision: u32,
    pub addition: u32,
}

impl SchemaVersion {
    /// Whether a reader of this version can use a database of the `other` version.
    pub fn can_read(self, other: Self) -> bool {
        self.model == other.model
    }

    /// Whether this version is within `constraint`, such as `< 6.0.3` or `>= 6.1.0, < 7`; a constraint that cannot be
    /// read does not restrict, like an empty one.
    pub(crate) fn satisfies(self, constraint: &str) -> bool {
        let holds = |unit: &str| {
            let unit = unit.trim();
            let version = unit.trim_start_matches(['<', '>', '=']);
            let Ok(bound) = version.trim().parse::<Self>() else { return true };
            match &unit[..unit.len() - version.len()] {
                "<" => self < bound,
                "<=" => self <= bound,
                ">" => self > bound,
                ">=" => self >= bound,
                _ => self == bound,
            }
        };
        constraint.split("||").any(|group| group.split(',').all(holds))
    }
}

/// As documents spell it: `v6.1.9`.
impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.model, self.revision, self.addition)
    }
}

/// Text that is not `[v]MODEL.REVISION.ADDITION`.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a schema version such as v6.1.9")]
pub struct InvalidSchemaVersion(String);

impl FromStr for SchemaVersion {
    type Err = InvalidSchemaVersion;

    /// Accepts `v6.1.9`, `6.1.9` and, as old listings have it, `6`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidSchemaVersion(text.chars().take(40).collect());
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.').map(str::parse::<u32>);
        let model = numbers.next().and_then(Result::ok).ok_or_else(invalid)?;
        let revision = numbers.next().unwrap_or(Ok(0)).map_err(|_| invalid())?;
        let addition = numbers.next().unwrap_or(Ok(0)).map_err(|_| invalid())?;
        if numbers.next().is_some() {
            return Err(invalid());
        }
        Ok(Self { model, revision, addition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_survives_its_spelling() {
        let version = SchemaVersion { model: 6, revision: 1, addition: 9 };
        assert_eq!(version.to_string(), "v6.1.9");
        assert_eq!("v6.1.9".parse::<SchemaVersion>().unwrap(), version);
        assert_eq!("6.1.9".parse::<SchemaVersion>().unwrap(), version);
        assert_eq!("6".parse::<SchemaVersion>().unwrap(), SchemaVersion { model: 6, revision: 0, addition: 0 });
    }

    #[test]
    fn a_constraint_selects_versions() {
        let version = SchemaVersion { model: 6, revision: 1, addition: 9 };
        for constraint in ["", "< 7", ">= 6.1.0, < 6.2", "= 6.1.9", "6.1.9", "< 6 || > 6.1.8", "nonsense"] {
            assert!(version.satisfies(constraint), "{constraint:?}");
        }
        for constraint in ["< 6.0.3", ">6.1.9", ">= 6.1.0, < 6.1.9", "6.1.8"] {
            assert!(!version.satisfies(constraint), "{constraint:?}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "v", "six", "6.x.1", "6.1.9.1", "-6.1.9"] {
            assert!(text.parse::<SchemaVersion>().is_err(), "{text:?} was accepted");
        }
    }
}

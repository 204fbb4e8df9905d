//! Gate `metadata` (`spec/policy.md` §4.7).

use std::fmt;

use crate::{
    Arguments, Check, Failure, Gate, Image, Kind, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    text_check::TextCheck,
};

pub(super) const GATE: Gate = Gate {
    name: "metadata",
    description: "The image as a whole: its size, platform, distribution and layers.",
    state: State::Active,
    origin: Origin::Original,
    triggers: &[Trigger {
        name: "attribute",
        description: "Fires if an attribute of the image meets a condition.",
        parameters: &[
            Parameter::new(
                "attribute",
                Kind::OneOf(&[SIZE, "architecture", "os_type", "distro", "distro_version", "like_distro", LAYER_COUNT]),
                "What to look at. `size` is the sum of the uncompressed layers in bytes; `like_distro` are the \
                 distributions that the image's own says it is like, separated by commas.",
            )
            .required()
            .example(SIZE),
            Parameter::new(
                "check",
                Kind::OneOf(&[
                    "=",
                    "!=",
                    ">",
                    "<",
                    ">=",
                    "<=",
                    "exists",
                    "not_exists",
                    "like",
                    "not_like",
                    "in",
                    "not_in",
                ]),
                "The condition. Size and number of layers are compared as numbers, all else as text; `like` is a \
                 regular expression that is matched at the start, `in` a list separated by commas.",
            )
            .required()
            .example(">"),
            Parameter::new(
                "value",
                Kind::Linked { to: "attribute", kinds: &[(LAYER_COUNT, Kind::Integer), (SIZE, Kind::Size)] },
                "What to compare with; even `exists` wants one, which may be empty for texts.",
            )
            .key("check_value")
            .example("1073741824"),
        ],
        reads: Inputs::METADATA,
        origin: Origin::Original,
        compile: attribute,
    }],
};

const SIZE: &str = "size";
const LAYER_COUNT: &str = "layer_count";

/// What an attribute is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(i128),
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

fn attribute(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let name = arguments.text_or("attribute", "").to_owned();
    let check = arguments.text_or("check", "").to_owned();
    let given = arguments.text_or("value", "");
    let value = match name.as_str() {
        SIZE => Value::Number(bytes(given)),
        LAYER_COUNT => Value::Number(number(given.trim())),
        _ => Value::Text(given.to_owned()),
    };
    let text_check = TextCheck::new(&check, &value.to_string());
    let needs_value = check != "exists" && check != "not_exists";
    let is_mute = needs_value && given.is_empty();
    Ok(Check::new(move |context, firings| {
        if is_mute {
            return Ok(());
        }
        let actual = actual(context.image, &name);
        let holds = match &actual {
            None => check == "not_exists" || text_check.as_ref().is_some_and(TextCheck::holds_for_nothing),
            Some(actual) => holds(actual, &check, text_check.as_ref(), &value)?,
        };
        if holds {
            let actual = actual.map_or_else(|| "None".to_owned(), |actual| actual.to_string());
            firings.fire(format!(
                "Attribute check for attribute: '{name}' check: '{check}' check_value: '{value}' matched image value: \
                 '{actual}'"
            ));
        }
        Ok(())
    }))
}

/// Whether the condition holds. Numbers are compared as such where their order matters, else by their decimal text.
fn holds(actual: &Value, check: &str, text_check: Option<&TextCheck>, value: &Value) -> Result<bool, Failure> {
    if let Some(text_check) = text_check {
        return text_check.holds(&actual.to_string());
    }
    let order = match (actual, value) {
        (Value::Number(actual), Value::Number(value)) => actual.cmp(value),
        _ => actual.to_string().cmp(&value.to_string()),
    };
    let exists = !matches!(actual, Value::Number(0)) && !actual.to_string().is_empty();
    Ok(match check {
        ">" => order.is_gt(),
        "<" => order.is_lt(),
        ">=" => order.is_ge(),
        "<=" => order.is_le(),
        "exists" => exists,
        "not_exists" => !exists,
        _ => false,
    })
}

/// The attribute of the image; `None` where it is not known. An unknown size is -1.
fn actual(image: &Image<'_>, attribute: &str) -> Option<Value> {
    let source = image.source();
    let distro = image.sbom.distro.as_ref();
    let text = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
    match attribute {
        SIZE => Some(Value::Number(source.map_or(-1, |source| i128::from(source.size)))),
        LAYER_COUNT => Some(Value::Number(source.map_or(0, |source| source.layers.len() as i128))),
        "architecture" => text(&source?.architecture),
        "os_type" => text(&source?.os),
        "distro" => text(&distro?.id),
        "distro_version" => text(&distro?.version_id),
        "like_distro" => text(&distro?.id_like.join(",")).or_else(|| text(&distro?.id)),
        _ => None,
    }
}

/// Digits; more than can be held are the largest number.
fn number(digits: &str) -> i128 {
    digits.parse().unwrap_or(i128::MAX)
}

/// A number of bytes of `10`, `10kb`, `10mb`, `10gb` or `10tb`; units are powers of 1024.
fn bytes(text: &str) -> i128 {
    let text = text.trim();
    let exponent = ["kb", "mb", "gb", "tb"].iter().position(|unit| text.ends_with(unit)).map_or(0, |at| at + 1);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    number(digits).saturating_mul(1 << (10 * exponent))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{Distro, ImageSource, LayerDescription, Sbom, Source};

    use crate::testing::{Case, Fired, fired};

    fn image() -> Sbom {
        let source = ImageSource {
            size: 2048,
            architecture: "amd64".into(),
            os: "linux".into(),
            layers: vec![LayerDescription::default(); 2],
            ..ImageSource::default()
        };
        let distro = Distro {
            id: "ubuntu".into(),
            version_id: "9".into(),
            id_like: vec!["debian".into(), "x".into()],
            ..Distro::default()
        };
        Sbom { source: Source::Image(Box::new(source)), distro: Some(distro), ..Sbom::default() }
    }

    fn holds_for(sbom: &Sbom, attribute: &str, check: &str, value: &str) -> bool {
        let params = [("attribute", attribute), ("check", check), ("value", value)];
        !fired("metadata", "attribute", &params, sbom).is_empty()
    }

    fn holds(attribute: &str, check: &str, value: &str) -> bool {
        holds_for(&image(), attribute, check, value)
    }

    #[test]
    fn a_size_is_compared_as_a_number_of_bytes() {
        let params = [("attribute", "size"), ("check", ">"), ("value", "1kb")];
        assert_eq!(
            fired("metadata", "attribute", &params, &image()),
            [Fired::new(
                "7135c3c92f3c7a84c169fc7087c63caf",
                "Attribute check for attribute: 'size' check: '>' check_value: '1024' matched image value: '2048'"
            )]
        );
        for (check, value, expected) in [
            ("=", "2kb", true),
            ("=", "2", false),
            ("!=", "2048", false),
            ("<", "1tb", true),
            ("<", "99999999999999999999999999999999999999999tb", true),
            (">", "999", true),
            (">=", "2048", true),
            ("<=", "2047", false),
            ("exists", "0", true),
            ("not_exists", "0", false),
        ] {
            assert_eq!(holds("size", check, value), expected, "{check} {value}");
        }
    }

    #[test]
    fn numbers_are_matched_and_looked_up_by_their_decimal_text() {
        assert!(holds("size", "like", "20"));
        assert!(!holds("size", "not_like", "20"));
        assert!(holds("size", "in", "2kb"));
        assert!(holds("layer_count", "in", " 002 "));
        assert!(!holds("layer_count", "not_in", "2"));
    }

    #[test]
    fn texts_are_compared_by_code_point() {
        for (attribute, check, value, expected) in [
            ("distro_version", ">", "10", true),
            ("distro_version", "<=", "10", false),
            ("architecture", "=", "amd64", true),
            ("architecture", "in", "arm64, amd64", true),
            ("architecture", "not_in", "arm64,s390x", true),
            ("os_type", "!=", "linux", false),
            ("os_type", "exists", "", true),
            ("distro", "like", "ub", true),
            ("distro", "not_like", "buntu", true),
            ("like_distro", "=", "debian,x", true),
            ("layer_count", ">=", "10", false),
        ] {
            assert_eq!(holds(attribute, check, value), expected, "{attribute} {check} {value}");
        }
    }

    #[test]
    fn a_distribution_that_is_like_no_other_is_like_itself() {
        let mut sbom = image();
        sbom.distro = Some(Distro { id: "alpine".into(), ..Distro::default() });
        assert!(holds_for(&sbom, "like_distro", "=", "alpine"));
    }

    #[test]
    fn what_is_not_known_meets_negated_conditions_only() {
        let sbom = Sbom::default();
        let params = [("attribute", "distro"), ("check", "not_exists"), ("value", "")];
        assert_eq!(
            fired("metadata", "attribute", &params, &sbom),
            [Fired::new(
                "edaa84d2674d1ba8946bbaa52caa3cbd",
                "Attribute check for attribute: 'distro' check: 'not_exists' check_value: '' matched image value: \
                 'None'"
            )]
        );
        for attribute in ["architecture", "os_type", "distro", "distro_version", "like_distro"] {
            for (check, expected) in [
                ("=", false),
                ("!=", true),
                (">", false),
                ("<", false),
                (">=", false),
                ("<=", false),
                ("exists", false),
                ("not_exists", true),
                ("like", false),
                ("not_like", true),
                ("in", false),
                ("not_in", true),
            ] {
                assert_eq!(holds_for(&sbom, attribute, check, "x"), expected, "{attribute} {check}");
            }
        }
        assert!(holds_for(&sbom, "size", "<", "0"), "an unknown size is -1");
        assert!(holds_for(&sbom, "size", "exists", "0"), "which is something");
        assert!(holds_for(&sbom, "layer_count", "not_exists", "0"), "and no layers are nothing");
    }

    #[test]
    fn an_empty_value_is_compared_with_nothing() {
        assert!(!holds("architecture", "!=", ""));
        assert!(!holds("architecture", "not_in", ""));
    }

    #[test]
    fn a_bad_pattern_fails_where_there_is_something_to_match() {
        let sbom = image();
        let params = [("attribute", "distro"), ("check", "like"), ("value", "+")];
        assert_eq!(
            Case::new(&sbom).evaluated("metadata", "attribute", &params).unwrap_err(),
            "severity:error message:Trigger evaluation failed for gate metadata and trigger attribute, with \
             parameters: ({'attribute': 'distro', 'check': 'like', 'value': '+'}) due to: nothing to repeat at \
             position 0"
        );
        assert_eq!(Case::new(&Sbom::default()).evaluated("metadata", "attribute", &params), Ok(vec![]));
    }

    #[test]
    fn what_a_value_looks_like_depends_on_the_attribute() {
        let sbom = image();
        for (attribute, value) in [("size", "10 mb"), ("layer_count", "two")] {
            let params = [("attribute", attribute), ("check", "="), ("value", value)];
            let problem = Case::new(&sbom).evaluated("metadata", "attribute", &params).unwrap_err();
            assert!(problem.starts_with("JSON Schema validation failed. Schema="), "{problem}");
        }
    }
}

//! Gate `image_age`: how long ago an image was built.

use jiff::Timestamp;

use crate::{
    Arguments, Check, Failure, Gate, Image, Parameter, Trigger,
    evaluate::days_after,
    gate::{Inputs, Origin, State},
    parameter::Kind,
};

pub(super) const GATE: Gate = Gate {
    name: "image_age",
    description: "How long ago the image was built, by its own account.",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[
        Trigger {
            name: "too_old",
            description: "Fires if the image was built more than this many days ago. An image that does not say when it \
                          was built never fires.",
            parameters: &[Parameter::new("max_days_since_created", Kind::Integer, "Days that the image may be old.")
                .required()
                .example("90")],
            reads: Inputs::METADATA.with(Inputs::CLOCK),
            origin: Origin::Windlass,
            compile: too_old,
        },
        Trigger {
            name: "unknown",
            description: "Fires if the image does not say when it was built, as reproducible builds often do not.",
            parameters: &[],
            reads: Inputs::METADATA,
            origin: Origin::Windlass,
            compile: unknown,
        },
    ],
};

fn too_old(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let days = arguments.integer("max_days_since_created").unwrap_or(u64::MAX);
    Ok(Check::new(move |context, firings| {
        let Some(created) = created(context.image) else { return Ok(()) };
        let due = days_after(created, days);
        if due > context.now {
            firings.changes_at(due);
        } else {
            firings.fire(format!("Image was built on {}, more than {days} days ago", created.strftime("%F")));
        }
        Ok(())
    }))
}

fn unknown(_: &Arguments<'_>) -> Result<Check, Failure> {
    Ok(Check::new(|context, firings| {
        if created(context.image).is_none() {
            firings.fire("Image does not say when it was built");
        }
        Ok(())
    }))
}

/// Images are younger than this, 2010-01-01: builds that leave out the time write the beginning of some epoch.
const FIRST_IMAGES: Timestamp = Timestamp::constant(1_262_304_000, 0);

/// When the image was built, by its config.
fn created(image: &Image<'_>) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Config {
        created: Option<String>,
    }
    let config: Config = serde_json::from_slice(&image.source()?.config).ok()?;
    let created: Timestamp = config.created?.parse().ok()?;
    (created >= FIRST_IMAGES).then_some(created)
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{ImageSource, Sbom, Source};

    use crate::testing::{Case, Fired, fired};

    fn image(config: &str) -> Sbom {
        let image = ImageSource { config: config.into(), ..ImageSource::default() };
        Sbom { source: Source::Image(Box::new(image)), ..Sbom::default() }
    }

    fn too_old(config: &str, days: &str) -> Vec<Fired> {
        fired("image_age", "too_old", &[("max_days_since_created", days)], &image(config))
    }

    const MAY: &str = r#"{"created": "2024-05-02T12:00:00.123456789Z"}"#;

    #[test]
    fn an_image_gets_too_old() {
        // The evaluation is of 2024-06-01T00:00:00Z.
        let messages: Vec<String> = too_old(MAY, "29").into_iter().map(|fired| fired.message).collect();
        assert_eq!(messages, ["Image was built on 2024-05-02, more than 29 days ago"]);
        assert_eq!(too_old(MAY, "30"), []);
        let sbom = image(MAY);
        let until = Case::new(&sbom).valid_until("image_age", "too_old", &[("max_days_since_created", "30")]);
        assert_eq!(until.unwrap().to_string(), "2024-06-01T12:00:00.123456789Z");
    }

    #[test]
    fn an_image_that_does_not_say_is_of_unknown_age() {
        for config in ["{}", "no config", r#"{"created": "1970-01-01T00:00:00Z"}"#, r#"{"created": "yesterday"}"#] {
            assert_eq!(too_old(config, "0"), [], "{config}");
            let fired = fired("image_age", "unknown", &[], &image(config));
            assert_eq!(fired[0].message, "Image does not say when it was built", "{config}");
        }
        assert_eq!(fired("image_age", "unknown", &[], &image(MAY)), []);
        assert_eq!(fired("image_age", "unknown", &[], &Sbom::default()).len(), 1);
    }
}

//! Gate `ancestry`: which images an image may be built on.
//!
//! Ancestors are images known to the caller whose layers are the lowest of this one's ([`Image::ancestors`]); the base
//! image is the one of them with the most layers. Two triggers need no other image to be known: they compare the lowest
//! layers themselves.

use crate::{
    Ancestor, Arguments, Check, Failure, Gate, Image, Parameter, Trigger,
    gate::{Inputs, Origin, State},
    parameter::Kind,
    selector::Selector,
};

pub(super) const GATE: Gate = Gate {
    name: "ancestry",
    description: "Which images an image may be built on: known images with the same lowest layers, or those layers' \
                  digests.",
    state: State::Active,
    origin: Origin::Windlass,
    triggers: &[
        Trigger {
            name: "allowed_base_image_digest",
            description: "Fires if the base image, the known ancestor with the most layers, is none of the listed, or \
                          if no ancestor is known.",
            parameters: &[Parameter::new("base_digest", Kind::List, "Digests of manifests.")
                .required()
                .example(DIGEST)],
            reads: Inputs::ANCESTRY,
            origin: Origin::Windlass,
            compile: |arguments| allowed_base(Known::digests(arguments, "base_digest")?),
        },
        Trigger {
            name: "allowed_base_image_tag",
            description: "Fires if the base image, the known ancestor with the most layers, has none of the tags, or \
                          if no ancestor is known.",
            parameters: &[Parameter::new("base_tag", Kind::List, TAGS).required().example(TAG)],
            reads: Inputs::ANCESTRY,
            origin: Origin::Windlass,
            compile: |arguments| allowed_base(Known::tags(arguments, "base_tag")),
        },
        Trigger {
            name: "denylist_ancestor_image_digest",
            description: "Fires for each known ancestor that is one of the listed images.",
            parameters: &[Parameter::new("ancestor_digest", Kind::List, "Digests of manifests.")
                .required()
                .example(DIGEST)],
            reads: Inputs::ANCESTRY,
            origin: Origin::Windlass,
            compile: |arguments| denied_ancestors(Known::digests(arguments, "ancestor_digest")?),
        },
        Trigger {
            name: "denylist_ancestor_image_tag",
            description: "Fires for each known ancestor that has one of the listed tags.",
            parameters: &[Parameter::new("ancestor_tag", Kind::List, TAGS).required().example(TAG)],
            reads: Inputs::ANCESTRY,
            origin: Origin::Windlass,
            compile: |arguments| denied_ancestors(Known::tags(arguments, "ancestor_tag")),
        },
        Trigger {
            name: "no_ancestors_analyzed",
            description: "Fires if no ancestor of the image is known.",
            parameters: &[],
            reads: Inputs::ANCESTRY,
            origin: Origin::Windlass,
            compile: no_ancestors_analyzed,
        },
        Trigger {
            name: "allowed_base_layers",
            description: "Fires if the image's lowest layers are none of the listed; no other image need be known.",
            parameters: &[LAYERS],
            reads: Inputs::METADATA,
            origin: Origin::Windlass,
            compile: allowed_base_layers,
        },
        Trigger {
            name: "denylist_base_layers",
            description: "Fires for each listed stack that is the image's lowest layers; no other image need be known.",
            parameters: &[LAYERS],
            reads: Inputs::METADATA,
            origin: Origin::Windlass,
            compile: denylist_base_layers,
        },
    ],
};

const DIGEST: &str = "sha256:5b7fc2b4d8f6a1c9e3b0d7a4f2c8e6b1d9a3f7c5e2b8d4a6f1c3e9b7d5a2f8c4";
const TAG: &str = "docker.io/library/debian:12*";
const TAGS: &str = "Full tags, with the registry; * stands for anything.";

const LAYERS: Parameter = Parameter::new(
    "layers",
    Kind::List,
    "Stacks of layers: the chain ID of a stack, or the diff IDs of its layers joined by +, lowest first. The chain ID \
     of one layer is its diff ID.",
)
.required()
.example(DIGEST);

/// How an ancestor is recognised.
enum Known {
    Digests(Vec<String>),
    Tags(Vec<Selector>),
}

impl Known {
    fn digests(arguments: &Arguments<'_>, parameter: &str) -> Result<Self, Failure> {
        let digests = arguments.list(parameter);
        digests.iter().try_for_each(|text| check_digest(text))?;
        Ok(Self::Digests(digests))
    }

    fn tags(arguments: &Arguments<'_>, parameter: &str) -> Self {
        Self::Tags(arguments.list(parameter).iter().map(|tag| Selector::new(tag)).collect())
    }

    fn holds(&self, image: &Ancestor) -> Result<bool, Failure> {
        match self {
            Self::Digests(digests) => Ok(digests.contains(&image.digest)),
            Self::Tags(selectors) => {
                for (tag, selector) in image.tags.iter().flat_map(|tag| selectors.iter().map(move |s| (tag, s))) {
                    if selector.matches(tag)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn allowed_base(allowed: Known) -> Result<Check, Failure> {
    Ok(Check::new(move |context, firings| {
        let ancestors = context.image.knowledge.ancestors;
        let Some(base) = ancestors.iter().max_by(|a, b| a.layers.cmp(&b.layers).then(b.digest.cmp(&a.digest))) else {
            firings.fire("No ancestor of the image is known, so its base image is not shown to be an allowed one");
            return Ok(());
        };
        if !allowed.holds(base)? {
            firings.fire(format!("Base image {} is not an allowed one", described(base)));
        }
        Ok(())
    }))
}

fn denied_ancestors(denied: Known) -> Result<Check, Failure> {
    Ok(Check::new(move |context, firings| {
        for ancestor in context.image.knowledge.ancestors {
            if denied.holds(ancestor)? {
                firings.fire(format!("Ancestor {} is denied", described(ancestor)));
            }
        }
        Ok(())
    }))
}

fn no_ancestors_analyzed(_: &Arguments<'_>) -> Result<Check, Failure> {
    Ok(Check::new(|context, firings| {
        if context.image.knowledge.ancestors.is_empty() {
            firings.fire("No ancestor of the image has been analyzed");
        }
        Ok(())
    }))
}

fn described(image: &Ancestor) -> String {
    match image.tags.first() {
        Some(tag) => format!("{} ({tag})", image.digest),
        None => image.digest.clone(),
    }
}

fn allowed_base_layers(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let stacks = stacks(arguments)?;
    Ok(Check::new(move |context, firings| {
        let layers = Layers::of(context.image);
        if !stacks.iter().any(|stack| layers.begin_with(stack)) {
            firings.fire(match layers.diff_ids.first() {
                Some(lowest) => format!("The lowest layers of the image are no allowed base; the lowest is {lowest}"),
                None => "The image has no layers, so it is on no allowed base".to_owned(),
            });
        }
        Ok(())
    }))
}

fn denylist_base_layers(arguments: &Arguments<'_>) -> Result<Check, Failure> {
    let stacks = stacks(arguments)?;
    Ok(Check::new(move |context, firings| {
        let layers = Layers::of(context.image);
        for stack in stacks.iter().filter(|stack| layers.begin_with(stack)) {
            firings.fire(format!("The image is built on denied layers {}", stack.join("+")));
        }
        Ok(())
    }))
}

/// The listed stacks: a chain ID alone, or several diff IDs.
fn stacks(arguments: &Arguments<'_>) -> Result<Vec<Vec<String>>, Failure> {
    let stack = |item: &String| {
        let digests: Vec<String> = item.split('+').map(|digest| digest.trim().to_owned()).collect();
        digests.iter().try_for_each(|digest| check_digest(digest))?;
        Ok(digests)
    };
    arguments.list("layers").iter().map(stack).collect()
}

/// An image's layers, lowest first.
struct Layers<'a> {
    diff_ids: Vec<&'a str>,
    /// Of the stack up to and with the layer at the same index.
    chain_ids: Vec<String>,
}

impl<'a> Layers<'a> {
    fn of(image: &Image<'a>) -> Self {
        let Some(source) = image.source() else { return Self { diff_ids: Vec::new(), chain_ids: Vec::new() } };
        Self {
            diff_ids: source.layers.iter().map(|layer| layer.digest.as_str()).collect(),
            chain_ids: source.chain_ids(),
        }
    }

    fn begin_with(&self, stack: &[String]) -> bool {
        match stack {
            [chain_id] => self.chain_ids.contains(chain_id),
            diff_ids => self.diff_ids.len() >= diff_ids.len() && diff_ids.iter().eq(&self.diff_ids[..diff_ids.len()]),
        }
    }
}

fn check_digest(text: &str) -> Result<(), Failure> {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    let is_digest = digits.len() == 64 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if is_digest {
        return Ok(());
    }
    Err(Failure::new(format!("{text} is no digest; write sha256: and 64 hexadecimal digits in lower case")))
}

#[cfg(test)]
mod tests {
    use windlass_sbom::{ImageSource, LayerDescription, Sbom, Source};

    use super::*;
    use crate::{
        Knowledge,
        testing::{Case, Fired},
    };

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn ancestors() -> Vec<Ancestor> {
        let ancestor = |digit, tag: &str, layers| Ancestor { digest: digest(digit), tags: vec![tag.into()], layers };
        vec![ancestor('a', "docker.io/library/debian:12", 1), ancestor('b', "reg.example/base:3", 2)]
    }

    fn fired(trigger: &str, params: &[(&str, &str)], ancestors: &[Ancestor]) -> Vec<Fired> {
        let sbom = Sbom::default();
        let knowledge = Knowledge { ancestors, ..Knowledge::default() };
        Case { knowledge, ..Case::new(&sbom) }.fired("ancestry", trigger, params)
    }

    #[test]
    fn the_base_image_is_the_ancestor_with_the_most_layers() {
        let known = ancestors();
        let (a, b) = (digest('a'), digest('b'));
        let by_digest = |digests: &str| fired("allowed_base_image_digest", &[("base_digest", digests)], &known);
        assert_eq!(by_digest(&format!("{a},{b}")), []);
        let message = format!("Base image {b} (reg.example/base:3) is not an allowed one");
        assert_eq!(by_digest(&a), [Fired::new("97f51203045a0ef8d31d0ed72a03b3f6", &message)]);

        let by_tag = |tags: &str| fired("allowed_base_image_tag", &[("base_tag", tags)], &known);
        assert_eq!(by_tag("reg.example/base:*"), []);
        assert_eq!(by_tag("docker.io/library/debian:12"), [Fired::new("eb5cb91a8b031ad9cf908c4e43bcceb6", &message)]);
    }

    #[test]
    fn an_unknown_base_is_not_an_allowed_one() {
        let message = "No ancestor of the image is known, so its base image is not shown to be an allowed one";
        assert_eq!(
            fired("allowed_base_image_tag", &[("base_tag", "*")], &[]),
            [Fired::new("98c58abcba478e806928f2a0f2f2bd83", message)]
        );
        assert_eq!(
            fired("no_ancestors_analyzed", &[], &[]),
            [Fired::new("32464204b2a0814fddea33f268cf693b", "No ancestor of the image has been analyzed")]
        );
        assert_eq!(fired("no_ancestors_analyzed", &[], &ancestors()), []);
    }

    #[test]
    fn every_denied_ancestor_fires() {
        let known = ancestors();
        let by_tag = |tags: &str| fired("denylist_ancestor_image_tag", &[("ancestor_tag", tags)], &known);
        assert_eq!(by_tag("docker.io/library/alpine:*"), []);
        let debian = format!("Ancestor {} (docker.io/library/debian:12) is denied", digest('a'));
        assert_eq!(by_tag("docker.io/library/debian:*"), [Fired::new("9471b0d2403ad3930fe50fdf2dd7b2f9", &debian)]);
        assert_eq!(by_tag("*").len(), 2);

        let by_digest =
            |digests: &str| fired("denylist_ancestor_image_digest", &[("ancestor_digest", digests)], &known);
        assert_eq!(by_digest(&digest('c')), []);
        assert_eq!(by_digest(&digest('a')), [Fired::new("79fc9c037dbbae57ae2ff64e5784fb1c", &debian)]);
    }

    /// An image of three layers.
    fn image() -> Sbom {
        let layer = |digit| LayerDescription { digest: digest(digit), ..LayerDescription::default() };
        let image = ImageSource { layers: vec![layer('1'), layer('2'), layer('3')], ..ImageSource::default() };
        Sbom { source: Source::Image(Box::new(image)), ..Sbom::default() }
    }

    #[test]
    fn layers_are_recognised_by_diff_ids_and_by_chain_id() {
        let sbom = image();
        let on = |layers: &str| Case::new(&sbom).fired("ancestry", "allowed_base_layers", &[("layers", layers)]);
        let (one, two, three) = (digest('1'), digest('2'), digest('3'));
        // printf 'sha256:11… sha256:22…' | sha256sum
        let chain = "sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5";
        for allowed in [&one, &format!("{one}+{two}"), &format!("{two},{one} + {two}+{three}"), &chain.to_owned()] {
            assert_eq!(on(allowed), [], "{allowed}");
        }
        let message = format!("The lowest layers of the image are no allowed base; the lowest is {one}");
        for other in [two.clone(), format!("{two}+{one}"), format!("{one}+{two}+{three}+{one}")] {
            assert_eq!(on(&other), [Fired::new("a970dc80e84a3840f7754f706236d65d", &message)], "{other}");
        }
    }

    #[test]
    fn denied_layers_fire_with_what_was_listed() {
        let sbom = image();
        let on = |layers: &str| Case::new(&sbom).fired("ancestry", "denylist_base_layers", &[("layers", layers)]);
        let stack = format!("{}+{}", digest('1'), digest('2'));
        assert_eq!(
            on(&stack),
            [Fired::new("93db738af6c8df7cffd5552f8031d105", &format!("The image is built on denied layers {stack}"))]
        );
        assert_eq!(on(&digest('2')), []);
    }

    #[test]
    fn what_is_no_image_is_on_no_base() {
        let sbom = Sbom::default();
        let on = |trigger| Case::new(&sbom).fired("ancestry", trigger, &[("layers", &digest('1'))]);
        let message = "The image has no layers, so it is on no allowed base";
        assert_eq!(on("allowed_base_layers"), [Fired::new("ba76c1e1699dae35543f33283c2fa550", message)]);
        assert_eq!(on("denylist_base_layers"), []);
    }

    #[test]
    fn what_is_no_digest_is_told_when_the_rule_is_read() {
        let sbom = Sbom::default();
        let problem = Case::new(&sbom).evaluated("ancestry", "denylist_base_layers", &[("layers", "debian:12")]);
        assert!(problem.unwrap_err().contains("debian:12 is no digest; write sha256: and 64 hexadecimal digits"));
    }
}

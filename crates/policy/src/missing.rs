//! What rules read and the analysis does not hold: a rule that has nothing to look at finds nothing, which must not be
//! taken for a clean image.

use windlass_sbom::FileKind;

use crate::{CompiledBundle, Evaluation, Image, Inputs, Warning};

/// A kind of fact, how its absence shows, and the remedy.
struct Input {
    kind: Inputs,
    is_missing: fn(&Image<'_>) -> bool,
    message: &'static str,
    remedy: &'static str,
}

const INPUTS: &[Input] = &[
    Input {
        kind: Inputs::METADATA.with(Inputs::DOCKERFILE),
        is_missing: |image| image.source().is_none(),
        message: "rules read the image's metadata or Dockerfile, but what was analysed is no image",
        remedy: "analyse the image, or read a bill of materials that Windlass wrote",
    },
    Input {
        kind: Inputs::FILES,
        is_missing: |image| !image.sbom.inspection.all_files,
        message: "rules read the list of files, which the analysis does not hold",
        remedy: "analyse with --files all",
    },
    Input {
        kind: Inputs::FILE_DIGESTS,
        is_missing: lacks_digests,
        message: "rules compare MD5 or SHA-1 digests of files, which the analysis does not hold",
        remedy: "analyse with --files all --digests md5,sha1,sha256",
    },
    Input {
        kind: Inputs::CONTENT_SEARCH,
        is_missing: |image| image.sbom.inspection.content_matches.is_none(),
        message: "rules read the results of a content search, but no pattern was searched for",
        remedy: "analyse with --search NAME=REGEX",
    },
    Input {
        kind: Inputs::SECRET_SEARCH,
        is_missing: |image| image.sbom.inspection.secret_matches.is_none(),
        message: "rules read the results of a search for secrets, which was not made",
        remedy: "analyse with --secrets",
    },
    Input {
        kind: Inputs::RETRIEVED_FILES,
        is_missing: |image| image.sbom.inspection.retrieved_files.is_none(),
        message: "rules read the content of files, but none was kept",
        remedy: "analyse with --retrieve PATH for each file that they read",
    },
    Input {
        kind: Inputs::MALWARE,
        is_missing: |image| image.sbom.inspection.malware_scans.is_empty(),
        message: "rules read the results of a malware scan, which was not made",
        remedy: "analyse with --clamd ADDRESS",
    },
    Input {
        kind: Inputs::PACKAGE_FEEDS,
        is_missing: |image| image.knowledge.npm_packages.is_none() && image.knowledge.gem_packages.is_none(),
        message: "rules compare packages with what registries publish, which is not known here",
        remedy: "remove the rules, or evaluate them where these lists are kept",
    },
    Input {
        kind: Inputs::PREVIOUS,
        is_missing: |image| image.knowledge.previous.is_none(),
        message: "rules compare with the image that had the tag before, which is not known",
        remedy: "name its analysis with --previous",
    },
    Input {
        kind: Inputs::ANCESTRY,
        is_missing: |image| image.knowledge.ancestors.is_empty(),
        message: "rules ask which images this one is built on, of which none is known",
        remedy: "evaluate them where these images have been analysed",
    },
];

/// One warning for each of these kinds of facts that rules of the policies which were applied read in vain.
pub fn missing_inputs(
    kinds: Inputs,
    bundle: &CompiledBundle,
    evaluation: &Evaluation<'_>,
    image: &Image<'_>,
) -> Vec<Warning> {
    let is_applied = |id: &str| evaluation.policies.iter().any(|policy| policy.id == id);
    let policies = bundle.policies().into_iter().filter(|policy| is_applied(&policy.id));
    let rules = policies.flat_map(|policy| &policy.rules);
    let reads = rules.fold(Inputs::NONE, |reads, rule| reads | rule.reads());
    let asked = INPUTS.iter().filter(|input| kinds.intersects(input.kind) && reads.intersects(input.kind));
    let missing = asked.filter(|input| (input.is_missing)(image));
    let mut warnings: Vec<Warning> = missing.map(|input| warning(input.message.into(), input.remedy.into())).collect();
    let reads_content = reads.intersects(Inputs::RETRIEVED_FILES) && kinds.intersects(Inputs::RETRIEVED_FILES);
    if reads_content && image.sbom.inspection.retrieved_files.is_some() {
        let left_out = bundle.retrieved_paths().into_iter().filter(|path| is_left_out(image, path));
        warnings.extend(left_out.map(|path| {
            let message = format!("rules read {path}, which is in the image, but was not kept");
            warning(message, format!("analyse with --retrieve {path}"))
        }));
    }
    warnings
}

fn warning(message: String, remedy: String) -> Warning {
    Warning { code: "missing-input", message, remedy, pointer: String::new() }
}

fn lacks_digests(image: &Image<'_>) -> bool {
    let mut regular = image.files().iter().filter(|file| file.kind() == FileKind::RegularFile);
    regular.any(|file| !file.has_digest("md5") || !file.has_digest("sha1"))
}

fn is_left_out(image: &Image<'_>, path: &str) -> bool {
    let is_there = image.file(path).is_some_and(|file| file.kind() == FileKind::RegularFile);
    is_there && image.retrieved(path).is_none()
}

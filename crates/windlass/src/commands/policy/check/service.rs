//! The answer of the original service to a check, as `anchore-cli --json evaluate check` prints it: keys sorted, indented
//! by four.

use std::io::{self, Write};

use windlass_policy::Tag;
use windlass_report::Judgement;
use windlass_v1::evaluations::{self, Check, Evaluation, EvaluationDetail, EvaluationResult, Subject};

use crate::output;

/// The account of a service that has no other.
const ACCOUNT: &str = "admin";

pub(super) fn write(judgement: &Judgement<'_>, detail: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut document = serde_json::to_value(check(judgement, detail))?;
    document.sort_all_objects();
    output::indented_by_four(&document, out)
}

fn check(judgement: &Judgement<'_>, detail: bool) -> Check {
    let (bundle, image, evaluation) = (judgement.bundle.bundle(), judgement.image, judgement.evaluation);
    let tag = Tag::parse(judgement.tag).full();
    let detail = if detail {
        let subject = Subject {
            user_id: ACCOUNT,
            image_id: image.id(),
            image_digest: image.digest(),
            tag: &tag,
            created_at: judgement.now,
        };
        EvaluationDetail::full(bundle.document().clone(), EvaluationResult::new(evaluation, bundle, &subject))
    } else {
        EvaluationDetail::default()
    };
    let evaluation = Evaluation {
        status: evaluation.final_action.into(),
        last_evaluation: judgement.now.into(),
        policy_id: bundle.id().to_owned(),
        detail,
    };
    evaluations::check(image.digest(), &tag, vec![evaluation])
}

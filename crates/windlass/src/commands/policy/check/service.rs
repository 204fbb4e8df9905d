//! The answer of the original service to `GET /images/{digest}/check` (`spec/policy.md` §5.5), as `anchore-cli --json
//! evaluate check` prints it: keys sorted, indented by four.

use std::io::{self, Write};

use serde_json::{Value, json};
use windlass_policy::{Subject, Tag};
use windlass_report::Judgement;

use crate::output;

/// The account of a service that has no other.
const ACCOUNT: &str = "admin";

pub(super) fn write(judgement: &Judgement<'_>, detail: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut document = document(judgement, detail);
    document.sort_all_objects();
    output::indented_by_four(&document, out)
}

fn document(judgement: &Judgement<'_>, detail: bool) -> Value {
    let (bundle, image, evaluation) = (judgement.bundle.bundle(), judgement.image, judgement.evaluation);
    let tag = Tag::parse(judgement.tag).full();
    let status = evaluation.final_action.status();
    let detail = if detail {
        let subject = Subject { user_id: ACCOUNT, image_id: image.id(), tag: &tag, created_at: judgement.now };
        let mut result = evaluation.document(bundle, &subject);
        result["image_digest"] = json!(image.digest());
        result["status"] = json!(status);
        json!({ "policy": bundle.document(), "result": result })
    } else {
        json!({})
    };
    let entry = json!({
        "detail": detail,
        "last_evaluation": judgement.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "policyId": bundle.id(),
        "status": status,
    });
    json!([{ image.digest(): { tag: [entry] } }])
}

//! The judgement in Windlass's own document (`docs/schemas/policy-check.md`), version 1; the same member `policy` stands
//! in the document of a scan.

use std::io::{self, Write};

use serde_json::{Value, json};
use windlass_policy::{About, Clearance, Row};

use super::Judgement;
use crate::json::{WithoutEmpty, source};

/// What the document calls itself.
const FORMAT: &str = "windlass-policy-check";

/// Writes the judgement as a document of its own.
///
/// # Errors
/// Those of the writer.
pub fn write(judgement: &Judgement<'_>, tool_version: &str, out: &mut dyn Write) -> io::Result<()> {
    let document = json!({
        "format": FORMAT,
        "formatVersion": 1,
        "tool": { "name": "windlass", "version": tool_version },
        "source": source(judgement.image.sbom),
        "policy": member(judgement),
    });
    serde_json::to_writer_pretty(&mut *out, &WithoutEmpty(&document))?;
    writeln!(out)
}

/// The member `policy`.
pub(crate) fn member(judgement: &Judgement<'_>) -> Value {
    let (bundle, evaluation) = (judgement.bundle.bundle(), judgement.evaluation);
    let counts = judgement.counts();
    json!({
        "bundle": { "id": bundle.id(), "name": bundle.name() },
        "profile": judgement.bundle.profile().as_str(),
        "tag": judgement.tag,
        "evaluatedAt": judgement.now.to_string(),
        "validUntil": evaluation.valid_until.map(|moment| moment.to_string()),
        "verdict": evaluation.final_action.as_str(),
        "status": evaluation.final_action.status(),
        "reason": evaluation.reason.as_str(),
        "policyVerdict": evaluation.policy_action.as_str(),
        "text": judgement.sentence(),
        "counts": { "stop": counts.stop, "warn": counts.warn, "go": counts.go, "allowed": counts.allowed },
        "mapping": evaluation.mapping,
        "allowedImage": evaluation.allowed_image,
        "deniedImage": evaluation.denied_image,
        "policies": evaluation.policies.iter().map(|policy| json!({
            "id": policy.id, "verdict": policy.action.as_str(), "findings": policy.rows.len(),
        })).collect::<Vec<_>>(),
        "findings": judgement.rows().map(|(policy, row)| finding(judgement, policy, row)).collect::<Vec<_>>(),
        "problems": evaluation.problems.iter().map(|problem| json!({
            "severity": problem.severity, "type": problem.problem_type, "details": problem.details,
            "hint": problem.hint, "pointer": problem.pointer,
        })).collect::<Vec<_>>(),
        "warnings": judgement.warnings(),
        "clearance": judgement.clearance().map(|plan| clearance(&plan)),
    })
}

fn finding(judgement: &Judgement<'_>, policy: &str, row: &Row<'_>) -> Value {
    let rule = row.rule;
    let sbom = judgement.image.sbom;
    let (package, vulnerability) = match row.about {
        About::Image => (None, None),
        About::Package(index) => (sbom.packages.get(index), None),
        About::Finding(index) => {
            let fact = judgement.image.findings().get(index);
            (fact.map(|fact| fact.package.package), fact.map(windlass_policy::FindingFact::id))
        }
    };
    json!({
        "policy": policy,
        "rule": { "id": rule.id, "pointer": rule.pointer, "action": rule.action.as_str() },
        "gate": rule.gate.name,
        "trigger": rule.trigger.name,
        "triggerId": &*row.trigger_id,
        "message": row.message,
        "action": row.action.as_str(),
        "allowed": row.allowed.map(|allowed| json!({
            "list": allowed.list.id, "listName": allowed.list.name, "item": allowed.item.id,
            "pointer": allowed.item.pointer,
            "expiresOn": allowed.item.expires_on.map(|moment| moment.to_string()),
            "reason": allowed.item.reason, "owner": allowed.item.owner,
        })),
        "graceUntil": row.grace_until.map(|moment| moment.to_string()),
        "recommendation": rule.recommendation,
        "vulnerability": vulnerability,
        "package": package.map(|package| json!({
            "id": package.id.to_string(), "name": package.name, "version": package.version,
            "type": package.kind.as_str(), "purl": package.purl,
        })),
    })
}

fn clearance(plan: &Clearance<'_>) -> Value {
    json!({
        "upgrades": plan.upgrades.iter().map(|upgrade| json!({
            "name": upgrade.package.name, "type": upgrade.package.kind.as_str(),
            "installed": upgrade.package.version, "to": upgrade.to,
            "clears": upgrade.clears.iter().map(|row| &*row.trigger_id).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "remaining": plan.remaining.iter().map(|row| json!({
            "gate": row.rule.gate.name, "trigger": row.rule.trigger.name, "triggerId": &*row.trigger_id,
            "message": row.message,
        })).collect::<Vec<_>>(),
        "problems": plan.problems.len(),
        "denied": plan.denied,
    })
}

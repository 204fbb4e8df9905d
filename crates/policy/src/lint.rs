//! What is legal in a bundle but does not do what its author probably meant (`spec/policy.md` §8).

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::Value;
use windlass_patterns::Pattern;

use crate::{
    AllowListItem, CompiledBundle, Policy, Profile, Rule, Warning, compile::CompiledMapping, gates, quirk::QUIRKS,
    selector::Selector,
};

impl CompiledBundle {
    /// Advice about the bundle under its profile: what never fires, never matches, has expired, or is understood
    /// otherwise than it reads. Mistakes are for [`Bundle::validate`](crate::Bundle::validate).
    pub fn lint(&self, now: Timestamp) -> Vec<Warning> {
        let mut warnings = Vec::new();
        self.lint_mappings(&mut warnings);
        for list in ["mappings", "whitelisted_images", "blacklisted_images"] {
            for (pointer, entry) in self.entries(list) {
                lint_image_selector(entry, &pointer, &mut warnings);
            }
        }
        self.lint_unreferenced(&mut warnings);
        for policy in self.policies() {
            lint_policy(policy, self.profile(), &mut warnings);
        }
        for item in self.allow_lists().into_iter().flat_map(|list| &list.items) {
            lint_item(item, now, &mut warnings);
        }
        warnings
    }

    /// Entries of a list of the bundle with the pointers to them.
    fn entries(&self, list: &'static str) -> impl Iterator<Item = (String, &Value)> {
        let entries = self.bundle().content()[list].as_array().into_iter().flatten().enumerate();
        entries.map(move |(index, entry)| (format!("/{}/{index}", self.bundle().word(list)), entry))
    }

    fn lint_mappings(&self, warnings: &mut Vec<Warning>) {
        let is_catch_all = |mapping: &CompiledMapping| mapping.images.is_catch_all();
        match self.mappings.iter().position(is_catch_all) {
            None => warnings.push(Warning::new(
                "no-catch-all",
                "/mappings",
                "images that no mapping matches pass without being looked at",
                "add a last mapping with registry, repository and tag *",
            )),
            Some(position) => warnings.extend(self.mappings[position + 1..].iter().map(|mapping| {
                Warning::new(
                    "unreachable-mapping",
                    &mapping.pointer,
                    format!(
                        "the mapping at {} matches every image before this one is asked",
                        self.mappings[position].pointer
                    ),
                    "move it before that mapping, or remove it",
                )
            })),
        }
        for member in ["sbom_mappings", "source_mappings"] {
            if self.bundle().content().get(member).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
                let message = format!("{member} are kept but not evaluated");
                warnings.push(Warning::new("ignored-member", format!("/{member}"), message, "map images in mappings"));
            }
        }
    }

    /// What no mapping leads to is not even validated.
    fn lint_unreferenced(&self, warnings: &mut Vec<Warning>) {
        let mappings = self.bundle().content()["mappings"].as_array().map_or(&[][..], Vec::as_slice);
        for (list, members) in [("policies", &["policy_id", "policy_ids"][..]), ("whitelists", &["whitelist_ids"])] {
            let ids = mappings.iter().flat_map(|mapping| members.iter().filter_map(|member| mapping.get(member)));
            let referenced: HashSet<&str> = ids.flat_map(texts).collect();
            for (pointer, entry) in self.entries(list) {
                let id = entry["id"].as_str().unwrap_or_default();
                if !referenced.contains(id) {
                    warnings.push(Warning::new(
                        "unreferenced",
                        pointer,
                        format!("no mapping refers to {id}: it is neither validated nor applied"),
                        "refer to it in a mapping, or remove it",
                    ));
                }
            }
        }
    }
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = value.as_array().into_iter().flatten();
    value.as_str().into_iter().chain(items.filter_map(Value::as_str))
}

fn lint_image_selector(entry: &Value, pointer: &str, warnings: &mut Vec<Warning>) {
    let tag = entry.get("image").filter(|image| image["type"] == "tag").map(|image| &image["value"]);
    let members = [("registry", entry.get("registry")), ("repository", entry.get("repository")), ("image/value", tag)];
    for (member, value) in members {
        if let Some(text) = value.and_then(Value::as_str) {
            lint_selector(text, &format!("{pointer}/{member}"), warnings);
        }
    }
}

fn lint_selector(text: &str, pointer: &str, warnings: &mut Vec<Warning>) {
    let is_regex = text.trim_start().starts_with("regexp:");
    if is_regex && text.starts_with(char::is_whitespace) {
        let message = "there is a blank before regexp:, which Anchore Engine took for a part of the expression";
        warnings.push(Warning::new("leading-blank", pointer, message, "remove the blank"));
    }
    if let Some(reason) = Selector::new(text).error() {
        warnings.push(unusable_pattern(pointer, reason));
    }
}

fn unusable_pattern(pointer: &str, reason: &str) -> Warning {
    let remedy = "correct it: what it is applied to is stopped";
    Warning::new("unusable-pattern", pointer, reason, remedy)
}

fn lint_policy(policy: &Policy, profile: Profile, warnings: &mut Vec<Warning>) {
    for rule in &policy.rules {
        lint_rule(rule, profile, warnings);
    }
    let mut over_findings =
        policy.rules.iter().filter(|rule| (rule.gate.name, rule.trigger.name) == ("vulnerabilities", "package"));
    if let Some(first) = over_findings.clone().next()
        && !over_findings.any(selects_unknown_severity)
    {
        warnings.push(Warning::new(
            "unknown-severity",
            &first.pointer,
            format!("no rule of the policy {} fires for findings of unknown severity", policy.id),
            "add a rule with severity unknown and severity_comparison =, or use >=",
        ));
    }
}

fn selects_unknown_severity(rule: &Rule) -> bool {
    let is_unknown = matches!(rule.param("severity"), None | Some("unknown"));
    match rule.param("severity_comparison").unwrap_or(">") {
        "=" | ">=" => is_unknown,
        "!=" | "<" => !is_unknown,
        comparison => comparison == "<=",
    }
}

fn lint_rule(rule: &Rule, profile: Profile, warnings: &mut Vec<Warning>) {
    if let Some(problem) = &rule.end_of_life {
        let remedy = "remove the rule, or write it for the gate that took its place";
        warnings.push(Warning::new("end-of-life", &problem.pointer, &problem.details, remedy));
        return;
    }
    let mut is_usable = true;
    for (parameter, text) in &rule.params {
        let is_pattern = parameter.is_pattern || parameter.name == "value" && is_like(rule);
        if let Some(Err(invalid)) = is_pattern.then(|| Pattern::new(text)) {
            warnings.push(unusable_pattern(&rule.pointer, &format!("{}: {invalid}", parameter.name)));
            is_usable = false;
        }
    }
    if is_usable && let Err(failure) = &rule.check {
        let remedy = "correct it: every image that it is applied to is stopped";
        warnings.push(Warning::new("unusable-rule", &rule.pointer, failure.to_string(), remedy));
    }
    let quirks = QUIRKS.iter().filter(|quirk| quirk.concerns(rule, profile));
    warnings.extend(quirks.map(|quirk| Warning::new(quirk.code, &rule.pointer, quirk.message, quirk.remedy)));
}

fn is_like(rule: &Rule) -> bool {
    matches!(rule.param("check"), Some("like" | "not_like"))
}

fn lint_item(item: &AllowListItem, now: Timestamp, warnings: &mut Vec<Warning>) {
    let trigger_id = format!("{}/trigger_id", item.pointer);
    lint_selector(&item.trigger_id, &trigger_id, warnings);
    if let Some(expires_on) = item.expires_on.filter(|_| item.is_expired(now)) {
        let message = format!("the item expired on {expires_on}");
        let remedy = "remove it, or accept the finding anew";
        warnings.push(Warning::new("expired-item", format!("{}/expires_on", item.pointer), message, remedy));
    }
    let never = |pointer: String, message: String, remedy: &str| Warning::new("idle-item", pointer, message, remedy);
    let gate = format!("{}/gate", item.pointer);
    match gates::gate(&item.gate) {
        None => {
            let message = format!("there is no gate {}: the item covers nothing", item.gate);
            warnings.push(never(gate, message, "name the gate of the findings it is to cover"));
        }
        Some(found) if found.is_end_of_life() => {
            let message = format!("the gate {} is no longer evaluated: the item covers nothing", item.gate);
            warnings.push(never(gate, message, "name the gate that took its place, and its trigger ids"));
        }
        Some(_) if item.trigger_id.is_empty() => {
            let message = "the item has no trigger_id: it covers nothing".to_owned();
            warnings.push(never(trigger_id, message, "give it one, such as CVE-2020-1234+*"));
        }
        Some(found) if found.name == "vulnerabilities" && lacks_package(&item.selector) => {
            let message = format!("{} names no package: the item covers nothing", item.trigger_id);
            warnings.push(never(trigger_id, message, "end it with +* for every package, or with + and the package"));
        }
        Some(_) => {}
    }
}

/// Ids of this gate are `vulnerability+package` or MD5 digests.
fn lacks_package(selector: &Selector) -> bool {
    let Selector::Literal(text) = selector else { return false };
    let is_digest = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    !text.contains('+') && !is_digest
}

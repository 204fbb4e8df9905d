//! The verdict on an image (`spec/policy.md` §2.4–§2.7, §3.4–§3.7).

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    About, Action, CompiledBundle, Context, Failure, FindingFact, Firing, Firings, Image, Policy, Problem, Tag,
    Warning,
    allow_list::AllowList,
    compile::CompiledMapping,
    evaluation::{Allowed, Evaluation, PolicyResult, Reason, Row},
    gate::{Condition, Inputs},
    mapping::{Identified, ImageSelector},
    rule::Rule,
};

/// What is to be judged, and how.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub image: &'a Image<'a>,
    /// The name to judge it under; mappings go by it. It need not be one of the image's.
    pub tag: &'a str,
    /// The time of the evaluation.
    pub now: Timestamp,
    /// What a rule counts for that cannot be evaluated: [`Action::Stop`] or [`Action::Warn`].
    pub on_failure: Action,
    /// What an image gets that no mapping matches.
    pub unmapped: Action,
}

impl<'a> Request<'a> {
    /// The original's answers to every question: failures stop, unmapped images pass.
    pub fn new(image: &'a Image<'a>, tag: &'a str, now: Timestamp) -> Self {
        Self { image, tag, now, on_failure: Action::Stop, unmapped: Action::Go }
    }
}

impl CompiledBundle {
    /// Judges an image. There is always a verdict: what cannot be evaluated stops the image, and the result says why.
    pub fn evaluate(&self, request: &Request<'_>) -> Evaluation<'_> {
        if let Some(problem) = &self.fatal {
            return Evaluation::stopped(None, vec![problem.clone()]);
        }
        let tag = Tag::parse(request.tag);
        let image = Identified { tag: &tag, digest: request.image.digest(), id: request.image.id() };
        let mapping = match first(self.mappings.iter().map(|mapping| &mapping.images), image) {
            Ok(found) => found.map(|index| (index, &self.mappings[index])),
            Err((index, failure)) => {
                let problem = selection_failed(&failure, &self.mappings[index].pointer);
                return Evaluation::stopped(None, vec![problem]);
            }
        };
        let rule = mapping.map(|(index, _)| self.member("mappings", index));
        if let Some((_, mapping)) = mapping
            && !mapping.problems.is_empty()
        {
            return Evaluation::stopped(rule, mapping.problems.clone());
        }
        let mut run = Run::new(request, self.context(request));
        let policies = mapping.map_or_else(Vec::new, |(_, mapping)| run.evaluate_mapping(mapping));
        if mapping.is_none() {
            run.warnings.push(unmapped(&tag, request.unmapped));
        }
        let policy_action = match mapping {
            None => request.unmapped,
            Some(_) => policies.iter().map(|policy| policy.action).min().unwrap_or(Action::Go),
        };
        let Run { problems, warnings, valid_until, .. } = run;
        let failed = problems.iter().any(Problem::stops);
        let mut evaluation = Evaluation {
            final_action: policy_action,
            policy_action,
            reason: Reason::PolicyEvaluation,
            mapping: rule,
            allowed_image: None,
            denied_image: None,
            policies,
            problems,
            warnings,
            valid_until,
        };
        // A verdict that could not be reached in full is not waved through by an image list.
        if failed && request.on_failure == Action::Stop {
            evaluation.final_action = Action::Stop;
            return evaluation;
        }
        if failed {
            evaluation.final_action = evaluation.final_action.min(request.on_failure);
        }
        self.apply_image_lists(&mut evaluation, image);
        evaluation
    }

    pub(crate) fn context<'r>(&self, request: &Request<'r>) -> Context<'r> {
        Context { image: request.image, profile: self.profile(), now: request.now }
    }

    /// An entry of a list of the bundle, as it was given.
    fn member(&self, list: &str, index: usize) -> &Value {
        &self.bundle().content()[list][index]
    }

    /// Lists of images whose verdict is settled, whatever the policies say.
    fn apply_image_lists<'b>(&'b self, evaluation: &mut Evaluation<'b>, image: Identified<'_>) {
        let mut look = |selectors: &[ImageSelector], list: &str| match first(selectors.iter(), image) {
            Ok(found) => found.map(|index| self.member(list, index)),
            Err((index, failure)) => {
                let pointer = format!("/{}/{index}", self.bundle().word(list));
                evaluation.problems.push(selection_failed(&failure, &pointer));
                evaluation.final_action = Action::Stop;
                None
            }
        };
        let allowed = look(&self.allowed_images, "whitelisted_images");
        let denied = look(&self.denied_images, "blacklisted_images");
        evaluation.allowed_image = allowed;
        evaluation.denied_image = denied;
        if denied.is_some() {
            (evaluation.final_action, evaluation.reason) = (Action::Stop, Reason::Denied);
        } else if allowed.is_some() {
            (evaluation.final_action, evaluation.reason) = (Action::Go, Reason::Allowed);
        }
    }
}

/// The first selector that matches.
pub(crate) fn first<'s>(
    selectors: impl Iterator<Item = &'s ImageSelector>,
    image: Identified<'_>,
) -> Result<Option<usize>, (usize, Failure)> {
    for (index, selector) in selectors.enumerate() {
        if selector.matches(image).map_err(|failure| (index, failure))? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn unmapped(tag: &Tag, action: Action) -> Warning {
    let verdict = match action {
        Action::Stop => "is stopped",
        Action::Warn => "is warned about",
        Action::Go => "passes",
    };
    Warning::new(
        "unmapped-image",
        "/mappings",
        format!("no mapping matches {}: no rule looked at the image, it {verdict}", tag.full()),
        "add a last mapping with registry, repository and tag *",
    )
}

fn selection_failed(failure: &Failure, pointer: &str) -> Problem {
    Problem::error("PolicyError", failure.to_string(), pointer)
}

/// One evaluation on its way.
pub(crate) struct Run<'q, 'r> {
    request: &'q Request<'r>,
    context: Context<'r>,
    /// Rules that depend on none of these are passed over; `None`: no rule is.
    about: Option<Inputs>,
    pub(crate) problems: Vec<Problem>,
    warnings: Vec<Warning>,
    pub(crate) valid_until: Option<Timestamp>,
}

impl<'q, 'r> Run<'q, 'r> {
    fn new(request: &'q Request<'r>, context: Context<'r>) -> Self {
        Self { request, context, about: None, problems: Vec::new(), warnings: Vec::new(), valid_until: None }
    }

    /// An evaluation of those rules only that depend on one of these inputs.
    pub(crate) fn about(request: &'q Request<'r>, context: Context<'r>, inputs: Inputs) -> Self {
        Self { about: Some(inputs), ..Self::new(request, context) }
    }

    pub(crate) fn evaluate_mapping<'b>(&mut self, mapping: &'b CompiledMapping) -> Vec<PolicyResult<'b>> {
        for expires in mapping.allow_lists.iter().flat_map(|list| &list.items).filter_map(|item| item.expires_on) {
            self.changes_at(expires);
        }
        mapping.policies.iter().map(|policy| self.evaluate_policy(policy, &mapping.allow_lists)).collect()
    }

    fn evaluate_policy<'b>(&mut self, policy: &'b Policy, allow_lists: &'b [Arc<AllowList>]) -> PolicyResult<'b> {
        let mut rows = Vec::new();
        let mut action = Action::Go;
        let mut paths = policy.paths.over(self.context.image);
        let about = self.about;
        for rule in policy.rules.iter().filter(|rule| about.is_none_or(|inputs| rule.reads().intersects(inputs))) {
            if let Some(problem) = &rule.end_of_life {
                self.problems.push(problem.clone());
                continue;
            }
            let mut firings = Firings::new(self.request.now);
            let checked = rule.check.as_ref().map_err(Clone::clone).and_then(|check| match &check.0 {
                Condition::Facts(check) => check(&self.context, &mut firings),
                Condition::Paths(pattern, message) => paths.fire_next(pattern, message, &mut firings),
            });
            if let Err(failure) = checked {
                self.problems.push(failed(rule, &failure));
                action = action.min(self.request.on_failure);
                continue;
            }
            if let Some(moment) = firings.valid_until {
                self.changes_at(moment);
            }
            rows.reserve(firings.fired.len());
            for firing in firings.fired {
                let row = self.row(rule, firing, allow_lists);
                action = action.min(row.action);
                rows.push(row);
            }
        }
        PolicyResult { id: &policy.id, rows, action }
    }

    fn row<'b>(&mut self, rule: &'b Rule, firing: Firing, allow_lists: &'b [Arc<AllowList>]) -> Row<'b> {
        let trigger_id = firing.trigger_id(rule.gate.name, rule.trigger.name);
        let finding = self.finding(firing.about);
        let allowed = self.allowed(rule, &trigger_id, finding, allow_lists);
        let grace_until = finding.and_then(|finding| self.grace(rule, finding));
        let action = match (&allowed, grace_until) {
            (Some(_), _) => Action::Go,
            (None, Some(_)) => rule.action.max(Action::Warn),
            (None, None) => rule.action,
        };
        Row { rule, trigger_id, message: firing.message, action, allowed, grace_until, about: firing.about }
    }

    fn finding(&self, about: About) -> Option<&'r FindingFact<'r>> {
        let About::Finding(index) = about else { return None };
        self.context.image.findings().get(index)
    }

    /// The first item of the first list that covers the finding.
    fn allowed<'b>(
        &mut self,
        rule: &Rule,
        trigger_id: &str,
        finding: Option<&FindingFact<'_>>,
        lists: &'b [Arc<AllowList>],
    ) -> Option<Allowed<'b>> {
        for list in lists {
            for covering in list.covering(rule.gate.name, trigger_id, self.request.now) {
                let item = match covering {
                    Ok(item) => item,
                    Err((item, failure)) => {
                        let problem = Problem::error("PolicyError", failure.to_string(), &item.pointer);
                        push_new(&mut self.problems, problem);
                        continue;
                    }
                };
                let Some(reason) = finding.and_then(|finding| item.void_if.reason(finding)) else {
                    return Some(Allowed { list, item });
                };
                let warning = Warning::new(
                    "void-item",
                    &item.pointer,
                    format!("the allow-list item no longer covers {trigger_id}: {reason}"),
                    "fix the finding, or accept it anew",
                );
                push_new(&mut self.warnings, warning);
            }
        }
        None
    }

    /// Until when a finding is too young to stop anything under a rule with `grace_days`.
    fn grace(&mut self, rule: &Rule, finding: &FindingFact<'_>) -> Option<Timestamp> {
        let grace_days = rule.grace_days?;
        if finding.first_seen.is_none() {
            let warning = Warning::new(
                "unknown-age",
                &rule.pointer,
                "nobody noted when findings were first seen: the rule's grace_days begin today",
                "keep earlier results and give them to the evaluation",
            );
            push_new(&mut self.warnings, warning);
        }
        let until = days_after(finding.first_seen.unwrap_or(self.request.now), grace_days);
        (self.request.now < until).then(|| {
            self.changes_at(until);
            until
        })
    }

    fn changes_at(&mut self, moment: Timestamp) {
        if moment > self.request.now {
            self.valid_until = Some(self.valid_until.map_or(moment, |until| until.min(moment)));
        }
    }
}

/// Adds what is not yet there.
fn push_new<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// That many days of 24 hours later; the end of time where there are too many.
pub(crate) fn days_after(moment: Timestamp, days: u64) -> Timestamp {
    let seconds = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24 * 60 * 60);
    moment.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// That many days of 24 hours earlier; the beginning of time where there are too many.
pub(crate) fn days_before(moment: Timestamp, days: u64) -> Timestamp {
    let seconds = i64::try_from(days).unwrap_or(i64::MAX).saturating_mul(24 * 60 * 60);
    moment.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

/// A rule that could not be evaluated, in the words of the original (`spec/policy.md` §3.5).
fn failed(rule: &Rule, failure: &Failure) -> Problem {
    if failure.is_conversion {
        return Problem::error("ValueError", failure.text.clone(), &rule.pointer);
    }
    let details = format!(
        "severity:error message:Trigger evaluation failed for gate {} and trigger {}, with parameters: ({}) due to: {}",
        rule.gate.name, rule.trigger.name, rule.printed, failure.text
    );
    Problem::error("TriggerEvaluationError", details, &rule.pointer)
}

//! What registries send when somebody has pushed: one shape a kind of registry. Only tags that were pushed are read of it;
//! everything else, and whatever a later version sends, is passed over.

use serde_json::Value;

use crate::{Error, Result};

/// Pushes that are read of one body.
const PUSHES: usize = 1000;
/// Longest part of a name.
const PART_LIMIT: usize = 512;

/// Kinds of registries, by what they send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Docker Distribution and what is made of it: an envelope of events.
    Distribution,
    Harbor,
    Quay,
    /// Amazon's, through EventBridge.
    Ecr,
    /// GitHub's: `package` and `registry_package`.
    Ghcr,
}

/// Name and shape of each kind.
type Row = (Kind, &'static str, fn(&Value, &mut Vec<Push>));

const KINDS: &[Row] = &[
    (Kind::Distribution, "docker-distribution", distribution),
    (Kind::Harbor, "harbor", harbor),
    (Kind::Quay, "quay", quay),
    (Kind::Ecr, "ecr", ecr),
    (Kind::Ghcr, "ghcr", ghcr),
];

impl Kind {
    pub fn parse(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known, _)| *known == name).map(|(kind, ..)| *kind)
    }

    /// The names of all kinds.
    pub fn names() -> Vec<&'static str> {
        KINDS.iter().map(|(_, name, _)| *name).collect()
    }
}

/// A tag that was pushed, or a repository that something was pushed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Push {
    pub(crate) registry: String,
    pub(crate) repository: String,
    pub(crate) tag: Option<String>,
}

impl Push {
    /// `registry/repository:tag`
    pub(crate) fn fulltag(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| format!("{}/{}:{tag}", self.registry, self.repository))
    }

    /// `registry/repository`
    pub(crate) fn full_repository(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }
}

/// The pushes in a body, each once.
///
/// # Errors
/// 400 for what is no JSON.
pub(crate) fn read(kind: Kind, body: &[u8]) -> Result<Vec<Push>> {
    let unreadable = |error| Error::invalid(format!("the body is no JSON: {error}"));
    let body: Value = serde_json::from_slice(body).map_err(unreadable)?;
    let mut pushes = Vec::new();
    for (known, _, shape) in KINDS {
        if *known == kind {
            shape(&body, &mut pushes);
        }
    }
    let mut distinct: Vec<Push> = Vec::new();
    for push in pushes.into_iter().take(PUSHES) {
        if !distinct.contains(&push) {
            distinct.push(push);
        }
    }
    Ok(distinct)
}

fn add(pushes: &mut Vec<Push>, registry: Option<&str>, repository: Option<&str>, tag: Option<&str>) {
    let is_part = |part: &&str| !part.is_empty() && part.len() <= PART_LIMIT && !part.contains('\0');
    let (Some(registry), Some(repository)) = (registry.filter(is_part), repository.filter(is_part)) else { return };
    if pushes.len() < PUSHES {
        let tag = tag.filter(is_part).map(str::to_owned);
        pushes.push(Push { registry: registry.to_owned(), repository: repository.to_owned(), tag });
    }
}

fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// Host and repository of a name such as `harbor.example/team/app:1`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (host, path) = name.trim_start_matches("https://").trim_start_matches("http://").split_once('/')?;
    let path = path.split('@').next().unwrap_or(path);
    let end = path.rfind(':').filter(|colon| !path[*colon..].contains('/')).unwrap_or(path.len());
    Some((host, &path[..end]))
}

/// An envelope of events; a manifest that is pushed by its digest has no tag, and is nothing that is watched.
fn distribution(body: &Value, pushes: &mut Vec<Push>) {
    for event in list(body, "/events").filter(|event| text(event, "/action") == Some("push")) {
        if let Some(tag) = text(event, "/target/tag") {
            add(pushes, text(event, "/request/host"), text(event, "/target/repository"), Some(tag));
        }
    }
}

fn harbor(body: &Value, pushes: &mut Vec<Push>) {
    if !matches!(text(body, "/type"), Some("PUSH_ARTIFACT" | "pushImage")) {
        return;
    }
    for resource in list(body, "/event_data/resources") {
        if let (Some((host, repository)), Some(tag)) =
            (text(resource, "/resource_url").and_then(split), text(resource, "/tag"))
        {
            add(pushes, Some(host), Some(repository), Some(tag));
        }
    }
}

fn quay(body: &Value, pushes: &mut Vec<Push>) {
    let Some((host, repository)) = text(body, "/docker_url").and_then(split) else { return };
    for tag in list(body, "/updated_tags").filter_map(Value::as_str) {
        add(pushes, Some(host), Some(repository), Some(tag));
    }
}

fn ecr(body: &Value, pushes: &mut Vec<Push>) {
    let detail = |name: &str| text(body, &format!("/detail/{name}"));
    let is_push = detail("action-type") == Some("PUSH") && detail("result") == Some("SUCCESS");
    if let (true, Some(account), Some(region)) = (is_push, text(body, "/account"), text(body, "/region")) {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let host = format!("{account}.dkr.ecr.{region}.{suffix}");
        if let Some(tag) = detail("image-tag") {
            add(pushes, Some(&host), detail("repository-name"), Some(tag));
        }
    }
}

fn ghcr(body: &Value, pushes: &mut Vec<Push>) {
    let is_push = matches!(text(body, "/action"), Some("published" | "updated"));
    let package = body.get("registry_package").or_else(|| body.get("package"));
    let Some(package) = package.filter(|_| is_push) else { return };
    let kind = text(package, "/package_type").or_else(|| text(package, "/ecosystem")).unwrap_or_default();
    if !kind.eq_ignore_ascii_case("container") {
        return;
    }
    let (owner, name) = (text(package, "/namespace").or_else(|| text(package, "/owner/login")), text(package, "/name"));
    let (Some(owner), Some(name)) = (owner, name) else { return };
    let repository = format!("{owner}/{name}").to_lowercase();
    let tag = text(package, "/package_version/container_metadata/tag/name");
    if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
        add(pushes, Some("ghcr.io"), Some(&repository), Some(tag));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pushed(kind: &str, body: &Value) -> Vec<String> {
        let kind = Kind::parse(kind).unwrap();
        read(kind, body.to_string().as_bytes()).unwrap().iter().filter_map(Push::fulltag).collect()
    }

    #[test]
    fn every_kind_of_registry_tells_of_pushes_in_its_own_words() {
        let event = |action: &str, target: Value| json!({"action": action, "target": target, "request": {"host": "registry.example:5000", "method": "PUT"}});
        let envelope = json!({"events": [
            event("push", json!({"mediaType": "application/octet-stream", "repository": "team/app", "digest": "sha256:1"})),
            event("push", json!({"repository": "team/app", "digest": "sha256:2", "tag": "1"})),
            event("push", json!({"repository": "team/app", "digest": "sha256:2", "tag": "1"})),
            event("pull", json!({"repository": "team/app", "tag": "2"})),
        ]});
        let harbor = json!({"type": "PUSH_ARTIFACT", "event_data": {
            "resources": [{"digest": "sha256:1", "tag": "1", "resource_url": "harbor.example:8443/team/app:1"}],
            "repository": {"name": "app", "namespace": "team", "repo_full_name": "team/app"},
        }});
        let quay = json!({
            "name": "app", "repository": "team/app", "docker_url": "quay.io/team/app", "updated_tags": ["1", "latest"],
        });
        let ecr = json!({
            "source": "aws.ecr", "detail-type": "ECR Image Action", "account": "123456789012", "region": "eu-west-1",
            "detail": {"result": "SUCCESS", "repository-name": "team/app", "image-tag": "1", "action-type": "PUSH"},
        });
        let package = json!({
            "name": "App", "namespace": "Team", "ecosystem": "CONTAINER", "package_type": "CONTAINER",
            "package_version": {"container_metadata": {"tag": {"name": "1", "digest": "sha256:1"}}},
        });
        for (kind, body, expected) in [
            ("docker-distribution", envelope, &["registry.example:5000/team/app:1"][..]),
            ("harbor", harbor, &["harbor.example:8443/team/app:1"]),
            ("quay", quay, &["quay.io/team/app:1", "quay.io/team/app:latest"]),
            ("ecr", ecr, &["123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app:1"]),
            ("ghcr", json!({"action": "published", "registry_package": package}), &["ghcr.io/team/app:1"]),
            ("ghcr", json!({"action": "published", "package": package}), &["ghcr.io/team/app:1"]),
        ] {
            assert_eq!(pushed(kind, &body), expected, "{kind}");
        }
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        for kind in Kind::names() {
            for body in [json!(null), json!([]), json!({}), json!({"events": 1, "event_data": [], "action": {}})] {
                assert_eq!(pushed(kind, &body), [""; 0], "{kind} {body}");
            }
            assert!(read(Kind::parse(kind).unwrap(), b"{").is_err(), "{kind}");
        }
        let long = json!({"docker_url": "quay.io/a/b", "updated_tags": ["x".repeat(1000), "a\0", "", 7]});
        assert_eq!(pushed("quay", &long), [""; 0]);
        assert_eq!(Kind::parse("nexus"), None);
    }
}

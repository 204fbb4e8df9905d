//! Issues in Jira, Cloud or Data Center, by its REST API (developer.atlassian.com). Texts are in wiki markup, which version 2
//! of the API takes on both; only searching is at different places.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderName, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;
use utoipa::ToSchema;

use super::{
    issue::{AnyTracker, IssuePlan, Layout, Tracker, plans},
    setting_url,
};
use crate::{
    ComposeError, Message, Outgoing, Secret, Sent,
    channel::{Kind, Problems},
    sender::api::Api,
    texts::{Text, Texts},
    wording::Markup,
};

/// Characters of a summary and of a description; the mark needs some, too.
const LAYOUT: (usize, usize) = (250, 30_000);
/// Comments that are looked through, newest first.
const COMMENTS: &str = "100";

/// A project whose issues tell of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JiraIssue {
    /// `https://NAME.atlassian.net`, or that of the own server.
    pub url: String,
    #[serde(default)]
    #[schema(required = false)]
    pub deployment: Deployment,
    /// The key of the project: `SEC`.
    pub project: String,
    #[serde(default = "task")]
    #[schema(required = false, default = "Task")]
    pub issue_type: String,
    /// The e-mail address that the API token belongs to; without it, the token is a personal access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub username: Option<String>,
    pub token: Secret,
    /// Beside those that issues are found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub labels: Vec<String>,
    /// The transition that closes; without it, the first that leads to a status of the category "done".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub close_transition: Option<String>,
}

/// Whose server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deployment {
    #[default]
    Cloud,
    /// Jira Data Center, and Server before it.
    Server,
}

fn task() -> String {
    "Task".into()
}

impl Kind for JiraIssue {
    fn name(&self) -> &'static str {
        "jira_issue"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        vec![("token".into(), &mut self.token)]
    }

    fn destination(&self) -> Option<String> {
        Some(self.url.clone())
    }

    fn problems(&self, problems: &mut Problems) {
        problems.check_url("url", &self.url);
        let key = self.project.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let begins = self.project.starts_with(|c: char| c.is_ascii_alphabetic());
        problems.check(key && begins, "project", "it is no key of a project: write SEC");
        problems.check(!self.issue_type.trim().is_empty(), "issue_type", "it is empty: write Task");
        let label = |label: &String| !label.is_empty() && !label.contains(char::is_whitespace);
        problems.check(self.labels.iter().all(label), "labels", "a label has no spaces");
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::body(Markup::Jira)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let base = setting_url("url", &self.url)?;
        let layout = Layout { base: &base, title: LAYOUT.0, body: LAYOUT.1 };
        plans(message, texts, &layout, || AnyTracker::Jira(self.clone()))
    }
}

/// What names an issue, in lists and alone.
#[derive(Deserialize)]
pub(crate) struct Issue {
    key: String,
    #[serde(default)]
    fields: Fields,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    description: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Comments {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
struct Comment {
    /// A text in version 2.
    #[serde(default)]
    body: Value,
}

#[derive(Deserialize)]
struct Transitions {
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Transition {
    id: String,
    name: String,
    to: Status,
}

#[derive(Deserialize)]
struct Status {
    #[serde(rename = "statusCategory")]
    category: Category,
}

#[derive(Deserialize)]
struct Category {
    key: String,
}

impl JiraIssue {
    fn address(plan: &IssuePlan, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = plan.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/rest/api/2/{path}"));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn headers(&self) -> Vec<(HeaderName, String)> {
        let login = match &self.username {
            Some(username) => {
                format!("Basic {}", BASE64_STANDARD.encode(format!("{username}:{}", self.token.expose())))
            }
            None => format!("Bearer {}", self.token.expose()),
        };
        vec![(header::AUTHORIZATION, login), (header::ACCEPT, "application/json".into())]
    }

    fn case_label(plan: &IssuePlan) -> String {
        format!("windlass-{}", plan.case)
    }

    /// Wiki markup has no comments; this one is small and grey.
    fn signed(plan: &IssuePlan) -> String {
        format!("{}\n\n{{color:#97a0af}}{}{{color}}", plan.body, Self::notice_mark(plan))
    }

    fn notice_mark(plan: &IssuePlan) -> String {
        format!("Windlass notice {}.", plan.notice)
    }
}

impl Tracker for JiraIssue {
    type Issue = Issue;

    async fn find(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Option<Issue>, Sent> {
        let path = match self.deployment {
            Deployment::Cloud => "search/jql",
            Deployment::Server => "search",
        };
        let query = format!(
            "project = \"{}\" AND labels = \"{}\" AND statusCategory != Done ORDER BY created DESC",
            self.project,
            Self::case_label(plan)
        );
        let request = json!({"jql": query, "maxResults": 1, "fields": ["description"]});
        let url = Self::address(plan, path, &[]);
        let found: Found = api.call(Method::POST, url, &self.headers(), Some(&request)).await?.read()?;
        Ok(found.issues.into_iter().next())
    }

    async fn tells(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<bool, Sent> {
        let mark = Self::notice_mark(plan);
        if issue.fields.description.as_ref().is_some_and(|text| text.contains(&mark)) {
            return Ok(true);
        }
        let query = [("orderBy", "-created"), ("maxResults", COMMENTS)];
        let url = Self::address(plan, &format!("issue/{}/comment", issue.key), &query);
        let comments: Comments = api.call(Method::GET, url, &self.headers(), None).await?.read()?;
        Ok(comments.comments.iter().any(|comment| comment.body.as_str().is_some_and(|text| text.contains(&mark))))
    }

    async fn create(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Issue, Sent> {
        let labels: Vec<String> =
            ["windlass".to_owned(), Self::case_label(plan)].into_iter().chain(self.labels.iter().cloned()).collect();
        let request = json!({"fields": {
            "project": {"key": self.project},
            "issuetype": {"name": self.issue_type},
            "summary": plan.title,
            "description": Self::signed(plan),
            "labels": labels,
        }});
        let url = Self::address(plan, "issue", &[]);
        api.call(Method::POST, url, &self.headers(), Some(&request)).await?.read()
    }

    async fn comment(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<(), Sent> {
        let title = Markup::Jira.bold(&Markup::Jira.escape(&plan.title));
        let request = json!({"body": format!("{title}\n\n{}", Self::signed(plan))});
        let url = Self::address(plan, &format!("issue/{}/comment", issue.key), &[]);
        api.call(Method::POST, url, &self.headers(), Some(&request)).await?;
        Ok(())
    }

    async fn close(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<(), Sent> {
        let url = Self::address(plan, &format!("issue/{}/transitions", issue.key), &[]);
        let there: Transitions = api.call(Method::GET, url.clone(), &self.headers(), None).await?.read()?;
        let closes = |transition: &&Transition| match &self.close_transition {
            Some(name) => transition.name.eq_ignore_ascii_case(name),
            None => transition.to.category.key == "done",
        };
        let Some(transition) = there.transitions.iter().find(closes) else {
            let names: Vec<&str> = there.transitions.iter().map(|transition| transition.name.as_str()).collect();
            return Err(Sent::Refused {
                status: None,
                retry_after: None,
                permanent: true,
                reason: format!(
                    "{} has no transition that closes it: set close_transition to one of {}",
                    issue.key,
                    names.join(", ")
                ),
                excerpt: String::new(),
            });
        };
        let request = json!({"transition": {"id": transition.id}});
        api.call(Method::POST, url, &self.headers(), Some(&request)).await?;
        Ok(())
    }

    fn label(issue: &Issue) -> String {
        issue.key.clone()
    }
}

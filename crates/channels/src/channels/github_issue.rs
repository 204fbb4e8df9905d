//! Issues on GitHub, or a GitHub Enterprise Server (docs.github.com/rest/issues, version 2022-11-28).

use http::{HeaderName, Method, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
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

/// Characters of a title and of a body; the marks need some, too.
const LAYOUT: (usize, usize) = (250, 60_000);
/// Open issues, a hundred a page, that are looked through.
const PAGES: u32 = 20;
/// Comments, newest pages last, of the time since the notice.
const COMMENT_PAGES: u32 = 5;

/// A repository whose issues tell of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GithubIssue {
    /// `owner/name`.
    pub repository: String,
    /// That may write issues; without the right to set labels, issues are not found again.
    pub token: Secret,
    /// `https://HOST/api/v3` for a GitHub Enterprise Server.
    #[serde(default = "public")]
    #[schema(required = false, default = "https://api.github.com")]
    pub api_url: String,
    /// All issues get them; they are looked for among those with the first.
    #[serde(default = "labels")]
    #[schema(required = false, min_items = 1)]
    pub labels: Vec<String>,
}

fn public() -> String {
    "https://api.github.com".into()
}

fn labels() -> Vec<String> {
    vec!["windlass".into()]
}

impl Kind for GithubIssue {
    fn name(&self) -> &'static str {
        "github_issue"
    }

    fn secrets(&mut self) -> Vec<(String, &mut Secret)> {
        vec![("token".into(), &mut self.token)]
    }

    fn destination(&self) -> Option<String> {
        Some(self.api_url.clone())
    }

    fn problems(&self, problems: &mut Problems) {
        problems.check_url("api_url", &self.api_url);
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        let valid = self.repository.split_once('/').is_some_and(|(owner, name)| {
            part(owner) && part(name) && ![owner, name].iter().any(|part| part.trim_matches('.').is_empty())
        });
        problems.check(valid, "repository", "it is no repository: write owner/name");
        problems.check(!self.labels.is_empty(), "labels", "there is none: issues are found by their label");
        let usable = |label: &String| (1..=50).contains(&label.chars().count()) && !label.contains([',', '\n']);
        problems.check(self.labels.iter().all(usable), "labels", "a label has 1 to 50 characters and no comma");
    }

    fn texts(&self) -> &'static [Text] {
        const { &[Text::TITLE, Text::body(Markup::Markdown)] }
    }

    fn compose(&self, message: &Message<'_>, texts: &Texts) -> Result<Vec<Outgoing>, ComposeError> {
        let base = setting_url("api_url", &self.api_url)?;
        let layout = Layout { base: &base, title: LAYOUT.0, body: LAYOUT.1 };
        plans(message, texts, &layout, || AnyTracker::Github(self.clone()))
    }
}

/// An issue as the API shows it; more is there.
#[derive(Deserialize)]
pub(crate) struct Issue {
    number: u64,
    #[serde(default)]
    body: Option<String>,
    /// Pull requests are listed among the issues.
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Comment {
    #[serde(default)]
    body: Option<String>,
}

impl GithubIssue {
    fn address(&self, plan: &IssuePlan, path: &str, query: &[(&str, &str)]) -> Url {
        let mut url = plan.base.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/repos/{}/issues{path}", self.repository));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    fn headers(&self) -> Vec<(HeaderName, String)> {
        vec![
            (header::AUTHORIZATION, format!("Bearer {}", self.token.expose())),
            (header::ACCEPT, "application/vnd.github+json".into()),
            (HeaderName::from_static("x-github-api-version"), "2022-11-28".into()),
        ]
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, api: &Api<'_>, url: Url) -> Result<T, Sent> {
        api.call(Method::GET, url, &self.headers(), None).await?.read()
    }

    /// Written so that people do not see it.
    fn case_mark(plan: &IssuePlan) -> String {
        format!("<!-- windlass:case:{} -->", plan.case)
    }

    fn notice_mark(plan: &IssuePlan) -> String {
        format!("<!-- windlass:notice:{} -->", plan.notice)
    }
}

impl Tracker for GithubIssue {
    type Issue = Issue;

    /// The search of GitHub takes minutes to learn of a new issue; its lists do not.
    async fn find(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Option<Issue>, Sent> {
        let label = self.labels.first().map_or("", String::as_str);
        for page in 1..=PAGES {
            let page = page.to_string();
            let query = [("state", "open"), ("labels", label), ("per_page", "100"), ("page", &page)];
            let issues: Vec<Issue> = self.get(api, self.address(plan, "", &query)).await?;
            let last = issues.len() < 100;
            let mark = Self::case_mark(plan);
            let marked = |issue: &Issue| {
                issue.pull_request.is_none() && issue.body.as_ref().is_some_and(|body| body.contains(&mark))
            };
            if let Some(issue) = issues.into_iter().find(marked) {
                return Ok(Some(issue));
            }
            if last {
                break;
            }
        }
        Ok(None)
    }

    async fn tells(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<bool, Sent> {
        let mark = Self::notice_mark(plan);
        if issue.body.as_ref().is_some_and(|body| body.contains(&mark)) {
            return Ok(true);
        }
        // Clocks differ.
        let since = plan.since.checked_sub(jiff::SignedDuration::from_hours(1)).unwrap_or(plan.since);
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        for page in 1..=COMMENT_PAGES {
            let page = page.to_string();
            let query = [("since", since.as_str()), ("per_page", "100"), ("page", &page)];
            let url = self.address(plan, &format!("/{}/comments", issue.number), &query);
            let comments: Vec<Comment> = self.get(api, url).await?;
            let marked = |comment: &Comment| comment.body.as_ref().is_some_and(|body| body.contains(&mark));
            if comments.iter().any(marked) {
                return Ok(true);
            }
            if comments.len() < 100 {
                break;
            }
        }
        Ok(false)
    }

    async fn create(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Issue, Sent> {
        let body = format!("{}\n\n{}\n{}", plan.body, Self::case_mark(plan), Self::notice_mark(plan));
        let request = json!({"title": plan.title, "body": body, "labels": self.labels});
        let url = self.address(plan, "", &[]);
        let issue: Issue = api.call(Method::POST, url, &self.headers(), Some(&request)).await?.read()?;
        let first = self.labels.first().map_or("", String::as_str);
        if !issue.labels.iter().any(|label| label.name.eq_ignore_ascii_case(first)) {
            tracing::warn!(
                repository = self.repository,
                issue = issue.number,
                "an issue was opened without its label and will not be found again: the token may not set labels"
            );
        }
        Ok(issue)
    }

    async fn comment(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<(), Sent> {
        let title = Markup::Markdown.bold(&Markup::Markdown.escape(&plan.title));
        let request = json!({"body": format!("{title}\n\n{}\n\n{}", plan.body, Self::notice_mark(plan))});
        let url = self.address(plan, &format!("/{}/comments", issue.number), &[]);
        api.call(Method::POST, url, &self.headers(), Some(&request)).await?;
        Ok(())
    }

    async fn close(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Issue) -> Result<(), Sent> {
        let request = json!({"state": "closed", "state_reason": "completed"});
        let url = self.address(plan, &format!("/{}", issue.number), &[]);
        api.call(Method::PATCH, url, &self.headers(), Some(&request)).await?;
        Ok(())
    }

    fn label(issue: &Issue) -> String {
        format!("#{}", issue.number)
    }
}

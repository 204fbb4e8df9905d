//! What trackers of issues have in common: the open issue of a case is looked for by a mark, then opened, commented on or
//! closed. Whatever is done twice has the same result, because notices that were told already are found, too.

use jiff::Timestamp;

use super::case::{Case, Turn, cases};
use crate::{
    ComposeError, Message, Outgoing, Sent,
    channels::{github_issue::GithubIssue, jira_issue::JiraIssue},
    outgoing::Form,
    sender::api::Api,
    texts::Texts,
    view::View,
};

/// What is to be told to a tracker.
pub(crate) struct IssuePlan {
    pub(crate) tracker: AnyTracker,
    pub(crate) base: url::Url,
    pub(crate) turn: Turn,
    /// In the issue, to find it by.
    pub(crate) case: String,
    /// In what is written, to see that it was.
    pub(crate) notice: String,
    pub(crate) title: String,
    pub(crate) body: String,
    /// What was written about these notices was written after this.
    pub(crate) since: Timestamp,
}

pub(crate) enum AnyTracker {
    Github(GithubIssue),
    Jira(JiraIssue),
}

/// What a tracker of issues can do. Each answers with what is to be reported where it fails.
pub(crate) trait Tracker {
    /// Identifies an issue.
    type Issue: Sync;

    /// The open issue of a case.
    async fn find(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Option<Self::Issue>, Sent>;
    /// Whether the issue holds the notice.
    async fn tells(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Self::Issue) -> Result<bool, Sent>;
    async fn create(&self, api: &Api<'_>, plan: &IssuePlan) -> Result<Self::Issue, Sent>;
    async fn comment(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Self::Issue) -> Result<(), Sent>;
    async fn close(&self, api: &Api<'_>, plan: &IssuePlan, issue: &Self::Issue) -> Result<(), Sent>;
    /// As people write it: `#12`.
    fn label(issue: &Self::Issue) -> String;
}

/// How a tracker is told, for [`plans`].
pub(super) struct Layout<'a> {
    pub(super) base: &'a url::Url,
    /// Characters of a title and of a body.
    pub(super) title: usize,
    pub(super) body: usize,
}

/// A plan for each case of a message.
pub(super) fn plans(
    message: &Message<'_>,
    texts: &Texts,
    layout: &Layout<'_>,
    tracker: impl Fn() -> AnyTracker,
) -> Result<Vec<Outgoing>, ComposeError> {
    let plan = |case: Case| {
        let part = Message { notices: &case.notices, ..*message };
        let view = View::new(&part);
        let title = texts.title(&view)?;
        let body = texts.fitting("body", &view, &title, layout.body, |text| text.chars().count())?;
        let first = case.notices.iter().map(|notice| notice.occurred_at).min();
        let notice = match case.notices.as_slice() {
            [only] if !message.test => &only.id,
            _ => message.id,
        };
        Ok(Outgoing(Form::Issue(Box::new(IssuePlan {
            tracker: tracker(),
            base: layout.base.clone(),
            turn: case.turn,
            case: case.key,
            notice: notice.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect(),
            title: crate::wording::clip(&title, layout.title),
            body,
            since: first.unwrap_or(message.now),
        }))))
    };
    cases(message).into_iter().map(plan).collect()
}

impl IssuePlan {
    pub(crate) async fn run(&self, api: &Api<'_>) -> Sent {
        let done = match &self.tracker {
            AnyTracker::Github(tracker) => self.run_at(tracker, api).await,
            AnyTracker::Jira(tracker) => self.run_at(tracker, api).await,
        };
        match done {
            Ok(excerpt) => Sent::Accepted { status: api.last_status(), excerpt },
            Err(sent) => sent,
        }
    }

    async fn run_at<T: Tracker>(&self, tracker: &T, api: &Api<'_>) -> Result<String, Sent> {
        let open = tracker.find(api, self).await?;
        let (issue, mut done) = match (open, self.turn) {
            (None, Turn::Tells | Turn::Closes) => return Ok("there is no open issue about it".into()),
            (None, Turn::Opens | Turn::Tests) => (tracker.create(api, self).await?, "opened"),
            (Some(issue), _) if tracker.tells(api, self, &issue).await? => (issue, "had been told to"),
            (Some(issue), _) => {
                tracker.comment(api, self, &issue).await?;
                (issue, "commented on")
            }
        };
        if matches!(self.turn, Turn::Closes | Turn::Tests) {
            tracker.close(api, self, &issue).await?;
            done = "closed";
        }
        Ok(format!("{done} {}", T::label(&issue)))
    }
}

//! What trackers of issues and incidents keep: one case for what a subject has to tell, from its beginning to its end.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::{Message, Notice, VulnerabilityChange, collapse::collapse};

/// Subjects of one message that get a case each; with more, one case tells of all.
const MOST_CASES: usize = 10;

/// Notices that belong to the same case.
pub(super) struct Case {
    /// The same for all messages of the case.
    pub(super) key: String,
    pub(super) turn: Turn,
    pub(super) notices: Vec<Notice>,
}

/// What the notices do to the case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There is something to do: it is opened unless it is open.
    Opens,
    /// It is told if the case is open.
    Tells,
    /// There is nothing left to do.
    Closes,
    /// It is opened and closed at once.
    Tests,
}

/// The cases of a message: one a subject; one for a vulnerability that several subjects share, if there is nothing else;
/// and one for everything where there are many subjects.
pub(super) fn cases(message: &Message<'_>) -> Vec<Case> {
    let account = message.notices.first().map_or("", |notice| &notice.account);
    let case = |name: &str, notices: Vec<Notice>| Case {
        key: key(account, if message.test { "test" } else { name }),
        turn: if message.test { Turn::Tests } else { turn(&notices) },
        notices,
    };
    let mut by_subject: BTreeMap<&str, Vec<Notice>> = BTreeMap::new();
    for notice in message.notices {
        by_subject.entry(&notice.subject).or_default().push(notice.clone());
    }
    if by_subject.len() > 1 {
        let digest = collapse(message.notices);
        if let ([one], 1) = (digest.vulnerabilities.as_slice(), digest.len()) {
            return vec![case(&format!("vulnerability {}", one.id), message.notices.to_vec())];
        }
        if by_subject.len() > MOST_CASES {
            return vec![case(&format!("digest {}", message.endpoint), message.notices.to_vec())];
        }
    }
    by_subject.into_iter().map(|(subject, notices)| case(&format!("subject {subject}"), notices)).collect()
}

/// Names of accounts and images are nobody's business who sees an incident's key.
fn key(account: &str, name: &str) -> String {
    let digest = Sha256::digest(format!("{account}\0{name}"));
    digest.iter().take(10).map(|byte| format!("{byte:02x}")).collect()
}

/// The last notice that has something to say decides.
fn turn(notices: &[Notice]) -> Turn {
    let one = |notice: &Notice| {
        let facts = &notice.facts;
        if let Some(verdict) = &facts.verdict {
            return Some(if verdict.to == "go" { Turn::Closes } else { Turn::Opens });
        }
        let bad = facts.vulnerabilities.iter().any(|one| one.change != VulnerabilityChange::Removed);
        (bad || facts.level.as_deref() == Some("error")).then_some(Turn::Opens)
    };
    notices.iter().rev().find_map(one).unwrap_or(Turn::Tells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, message};

    fn keys_and_turns(notices: &[Notice]) -> (Vec<String>, Vec<Turn>) {
        let cases = cases(&message(notices));
        (cases.iter().map(|case| case.key.clone()).collect(), cases.iter().map(|case| case.turn).collect())
    }

    #[test]
    fn a_subject_s_case_is_opened_by_a_stop_and_closed_by_a_go() {
        let (opened, turn) = keys_and_turns(&[testing::stop()]);
        assert_eq!(turn, [Turn::Opens]);
        let (told, turn) = keys_and_turns(&[testing::tag_update()]);
        assert_eq!((&told, turn), (&opened, vec![Turn::Tells]));
        let (closed, turn) = keys_and_turns(&[testing::stop(), testing::go()]);
        assert_eq!((&closed, turn), (&opened, vec![Turn::Closes]));
    }

    #[test]
    fn a_vulnerability_that_many_images_share_is_one_case_and_many_subjects_are_another() {
        let mut notices = testing::digest();
        assert_eq!(keys_and_turns(&notices).1, [Turn::Opens]);
        notices.push(testing::stop());
        assert_eq!(keys_and_turns(&notices).0.len(), 1);
        assert_eq!(keys_and_turns(&notices[28..]).0.len(), 3);
        assert_eq!(cases(&message(&[])).len(), 0);
    }
}

use serde::Deserialize;
use windlass_policy::{Action, Profile};
use windlass_store::accounts;

use crate::{Error, Result};

/// How an account wants its images judged where the original's answer surprises (`spec/policy.md` §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) profile: Profile,
    /// What an image gets that no mapping matches.
    pub(super) unmapped: Action,
}

impl Default for Choices {
    /// As the original.
    fn default() -> Self {
        Self { profile: Profile::Compat, unmapped: Action::Go }
    }
}

/// Members of the account's settings.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    policy_profile: Option<String>,
    unmapped_images: Option<String>,
}

impl Choices {
    /// Those of an account's settings: `policy_profile` is `compat` or `native`, `unmapped_images` is `go`, `warn` or `stop`.
    pub(super) fn of(account: &accounts::Model) -> Result<Self> {
        let unreadable = |reason: String| Error::Broken(format!("the settings of account {}: {reason}", account.name));
        let settings: Settings =
            serde_json::from_str(&account.settings).map_err(|error| unreadable(error.to_string()))?;
        let mut choices = Self::default();
        if let Some(word) = settings.policy_profile {
            let profile = Profile::parse(&word);
            choices.profile = profile.ok_or_else(|| unreadable(format!("{word:?} is no profile")))?;
        }
        if let Some(word) = settings.unmapped_images {
            let action = Action::parse(&word);
            choices.unmapped = action.ok_or_else(|| unreadable(format!("{word:?} is no action")))?;
        }
        Ok(choices)
    }
}

#[cfg(test)]
mod tests {
    use windlass_store::{
        Moment,
        accounts::{Kind, State},
    };

    use super::*;

    fn choices(settings: &str) -> Result<Choices> {
        Choices::of(&accounts::Model {
            name: "team".into(),
            kind: Kind::User,
            state: State::Enabled,
            email: None,
            settings: settings.into(),
            created_at: Moment(0),
            last_updated: Moment(0),
        })
    }

    #[test]
    fn what_is_not_chosen_is_as_the_original_had_it() {
        assert_eq!(choices("{}").unwrap(), Choices::default());
        let native = choices(r#"{"policy_profile": "native", "other": 1}"#).unwrap();
        assert_eq!(native, Choices { profile: Profile::Native, unmapped: Action::Go });
        let strict = choices(r#"{"unmapped_images": "stop"}"#).unwrap();
        assert_eq!(strict, Choices { profile: Profile::Compat, unmapped: Action::Stop });
    }

    #[test]
    fn a_choice_that_there_is_not_is_told_and_not_passed_over() {
        let told = choices(r#"{"policy_profile": "strict"}"#).unwrap_err().to_string();
        assert_eq!(told, r#"the settings of account team: "strict" is no profile"#);
        assert!(choices(r#"{"unmapped_images": "block"}"#).is_err());
        assert!(choices("[").is_err());
    }
}

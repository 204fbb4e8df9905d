//! How an account wants its images judged where the original's answer surprises (`spec/policy.md` §8).

use serde_json::{Map, Value};
use windlass_policy::{Action, Profile};
use windlass_store::{Error as StoreError, accounts};
use windlass_v1::accounts::{AccountSettings, AccountSettingsRequest, PolicyProfile, UnmappedImages};

use crate::{Error, Result, Tenant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Choices {
    pub(super) profile: Profile,
    /// What an image gets that no mapping matches.
    pub(super) unmapped: Action,
}

impl From<AccountSettings> for Choices {
    fn from(settings: AccountSettings) -> Self {
        Self {
            profile: match settings.policy_profile {
                PolicyProfile::Compat => Profile::Compat,
                PolicyProfile::Native => Profile::Native,
            },
            unmapped: match settings.unmapped_images {
                UnmappedImages::Go => Action::Go,
                UnmappedImages::Warn => Action::Warn,
                UnmappedImages::Stop => Action::Stop,
            },
        }
    }
}

impl Tenant {
    /// How images of the account are judged.
    ///
    /// # Errors
    /// 404 where it was deleted meanwhile.
    pub async fn settings(&self) -> Result<AccountSettings> {
        let account = self.service.store.find_account(self.name().as_str()).await?;
        let account = account.ok_or_else(|| Error::not_found("Account not found"))?;
        chosen(&account, &members(&account)?)
    }

    /// Changes what is given; verdicts that were made otherwise are not answered any more. Answers with what counts then.
    ///
    /// # Errors
    /// 404 where it was deleted meanwhile.
    pub async fn change_settings(&self, change: AccountSettingsRequest) -> Result<AccountSettings> {
        let tx = self.account.begin().await?;
        let account = accounts::lock(&tx, self.name()).await?;
        let account = account.ok_or_else(|| Error::not_found("Account not found"))?;
        let mut settings = members(&account)?;
        if let Value::Object(change) = serde_json::json!(change) {
            settings.extend(change);
        }
        let chosen = chosen(&account, &settings)?;
        let text = Value::Object(settings).to_string();
        accounts::set_settings(&tx, self.name(), text, self.service.clock.moment()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(chosen)
    }

    pub(super) async fn choices(&self) -> Result<Choices> {
        let account = self.service.store.find_account(self.name().as_str()).await?;
        match account {
            Some(account) => Ok(chosen(&account, &members(&account)?)?.into()),
            None => Ok(AccountSettings::default().into()),
        }
    }
}

/// All settings of an account, also those that are of no concern here.
fn members(account: &accounts::Model) -> Result<Map<String, Value>> {
    serde_json::from_str(&account.settings).map_err(|error| unreadable(account, &error))
}

fn chosen(account: &accounts::Model, settings: &Map<String, Value>) -> Result<AccountSettings> {
    let request = serde_json::from_value(Value::Object(settings.clone()));
    let AccountSettingsRequest { policy_profile, unmapped_images } =
        request.map_err(|error| unreadable(account, &error))?;
    let AccountSettings { policy_profile: profile, unmapped_images: unmapped } = AccountSettings::default();
    Ok(AccountSettings {
        policy_profile: policy_profile.unwrap_or(profile),
        unmapped_images: unmapped_images.unwrap_or(unmapped),
    })
}

fn unreadable(account: &accounts::Model, error: &serde_json::Error) -> Error {
    Error::Broken(format!("the settings of account {}: {error}", account.name))
}

#[cfg(test)]
mod tests {
    use windlass_store::{
        Moment,
        accounts::{Kind, State},
    };

    use super::*;

    fn choices(settings: &str) -> Result<Choices> {
        let account = accounts::Model {
            name: "team".into(),
            kind: Kind::User,
            state: State::Enabled,
            email: None,
            settings: settings.into(),
            created_at: Moment(0),
            last_updated: Moment(0),
        };
        Ok(chosen(&account, &members(&account)?)?.into())
    }

    #[test]
    fn what_is_not_chosen_is_as_the_original_had_it() {
        let compat = Choices { profile: Profile::Compat, unmapped: Action::Go };
        assert_eq!(choices("{}").unwrap(), compat);
        let native = choices(r#"{"policy_profile": "native", "other": 1}"#).unwrap();
        assert_eq!(native, Choices { profile: Profile::Native, unmapped: Action::Go });
        let strict = choices(r#"{"unmapped_images": "stop"}"#).unwrap();
        assert_eq!(strict, Choices { profile: Profile::Compat, unmapped: Action::Stop });
    }

    #[test]
    fn a_choice_that_there_is_not_is_told_and_not_passed_over() {
        let told = choices(r#"{"policy_profile": "strict"}"#).unwrap_err().to_string();
        assert!(told.starts_with("the settings of account team: ") && told.contains("`strict`"), "{told}");
        assert!(choices(r#"{"unmapped_images": "block"}"#).is_err());
        assert!(choices("[").is_err());
    }
}

//! What an account has chosen for itself: how its images are judged, and which subscriptions of a new tag are active.

use sea_orm::ConnectionTrait;
use serde_json::{Map, Value};
use windlass_store::{Error as StoreError, accounts};
use windlass_v1::{
    accounts::{AccountSettings, AccountSettingsRequest},
    subscriptions::SubscriptionType,
};

use crate::{Error, Result, Tenant, evaluations::Choices};

impl Tenant {
    /// What counts for the account.
    ///
    /// # Errors
    /// 404 where it was deleted meanwhile.
    pub async fn settings(&self) -> Result<AccountSettings> {
        self.settings_if_any().await?.ok_or_else(|| Error::not_found("Account not found"))
    }

    /// The same; `None` where it was deleted meanwhile.
    pub(crate) async fn settings_if_any(&self) -> Result<Option<AccountSettings>> {
        let account = self.service.store.find_account(self.name().as_str()).await?;
        account.map(|account| chosen(&account, &members(&account)?)).transpose()
    }

    /// The same in a transaction.
    pub(crate) async fn settings_on(&self, on: &impl ConnectionTrait) -> Result<AccountSettings> {
        let account = accounts::find(on, self.name()).await?;
        let settings = account.map(|account| chosen(&account, &members(&account)?)).transpose()?;
        Ok(settings.unwrap_or_default())
    }

    /// Changes what is given; verdicts that were made otherwise are not answered any more, and tags whose verdicts somebody
    /// subscribes to are judged anew. Answers with what counts then.
    ///
    /// # Errors
    /// 404 where it was deleted meanwhile, 400 for a type that tags have no subscription of.
    pub async fn change_settings(&self, mut change: AccountSettingsRequest) -> Result<AccountSettings> {
        if let Some(types) = &mut change.new_tag_subscriptions {
            types.sort_by_key(|kind| kind.as_str());
            types.dedup();
            if let Some(other) = types.iter().find(|kind| !SubscriptionType::OF_TAGS.contains(kind)) {
                let reason = format!("'new_tag_subscriptions': tags have no subscription of type {other}");
                return Err(Error::invalid(reason));
            }
        }
        let tx = self.account.begin().await?;
        let account = accounts::lock(&tx, self.name()).await?;
        let account = account.ok_or_else(|| Error::not_found("Account not found"))?;
        let mut settings = members(&account)?;
        let before = Choices::from(&chosen(&account, &settings)?);
        if let Value::Object(change) = serde_json::json!(change) {
            settings.extend(change);
        }
        let chosen = chosen(&account, &settings)?;
        let text = Value::Object(settings).to_string();
        accounts::set_settings(&tx, self.name(), text, self.service.clock.moment()).await?;
        if Choices::from(&chosen) != before {
            self.service.look_again_at_all(&tx, self.name()).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        self.service.work.notify_waiters();
        Ok(chosen)
    }
}

/// All settings of an account, also those that are of no concern here.
fn members(account: &accounts::Model) -> Result<Map<String, Value>> {
    serde_json::from_str(&account.settings).map_err(|error| unreadable(account, &error))
}

fn chosen(account: &accounts::Model, settings: &Map<String, Value>) -> Result<AccountSettings> {
    let request = serde_json::from_value(Value::Object(settings.clone()));
    let AccountSettingsRequest { policy_profile, unmapped_images, new_tag_subscriptions } =
        request.map_err(|error| unreadable(account, &error))?;
    let usual = AccountSettings::default();
    Ok(AccountSettings {
        policy_profile: policy_profile.unwrap_or(usual.policy_profile),
        unmapped_images: unmapped_images.unwrap_or(usual.unmapped_images),
        new_tag_subscriptions: new_tag_subscriptions.unwrap_or(usual.new_tag_subscriptions),
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

    use windlass_policy::{Action, Profile};

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
        Ok(Choices::from(&chosen(&account, &members(&account)?)?))
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

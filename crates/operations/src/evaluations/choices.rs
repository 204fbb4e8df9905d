//! How an account wants its images judged where the original's answer surprises (`spec/policy.md` §8).

use windlass_policy::{Action, Profile};
use windlass_v1::accounts::{AccountSettings, PolicyProfile, UnmappedImages};

use crate::{Result, Tenant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choices {
    pub(crate) profile: Profile,
    /// What an image gets that no mapping matches.
    pub(crate) unmapped: Action,
}

impl From<&AccountSettings> for Choices {
    fn from(settings: &AccountSettings) -> Self {
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
    pub(super) async fn choices(&self) -> Result<Choices> {
        Ok(Choices::from(&self.settings_if_any().await?.unwrap_or_default()))
    }
}

//! The accounts and users that every installation has.

use std::sync::Arc;

use windlass_store::{AccountName, Error as StoreError, Username, accounts, users};

use crate::{Error, Result, Service, cipher::random_id};

/// The account, and the user in it, that may do everything.
pub const ADMIN: &str = "admin";
/// The account of the installation itself.
pub const SYSTEM: &str = "anchore-system";

impl Service {
    /// Makes the accounts that every installation has, where they are not there. `password` is asked for if the
    /// administrator has to be made. Tells whether that was so.
    pub async fn bootstrap(self: &Arc<Self>, email: Option<&str>, password: impl FnOnce() -> String) -> Result<bool> {
        if self.store.find_user(ADMIN).await?.is_some() {
            return Ok(false);
        }
        let hash = self.identity.passwords.hash(&password()).await?;
        let now = self.clock.moment();
        let tx = self.store.begin().await?;
        let made = async {
            let system = AccountName::parse(SYSTEM).expect("it is a name");
            accounts::insert(&tx, &system, accounts::Kind::Service, None, now).await?;
            accounts::insert(&tx, &AccountName::admin(), accounts::Kind::Admin, email, now).await?;
            let (admin, account) = (Username::admin(), AccountName::admin());
            users::insert(&tx, &admin, random_id(), &account, users::Kind::Native, now).await?;
            users::set_password(&tx, admin.as_str(), &hash, now).await?;
            self.furnish(&tx, &account).await
        };
        match made.await {
            Ok(()) => {
                tx.commit().await.map_err(StoreError::from)?;
                Ok(true)
            }
            // Another process that started at the same time was first.
            Err(Error::Store(StoreError::Exists)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

//! Accounts: made, looked at, disabled and deleted (`spec/api.md` A2.5, A4.16).

use std::sync::Arc;

use windlass_store::{
    AccountName, Error as StoreError, Transaction,
    accounts::{self, Kind, Model, State},
    users,
};
use windlass_v1::accounts::{
    Account, AccountRequest, AccountState, AccountStatus, AccountType, RESERVED_ACCOUNTS, RequestedState,
    invalid_state_change,
};

use crate::{Error, Result, Service, Tenant};

/// Rows of a table that one statement removes.
const BATCH: u32 = 500;
/// Batches that one call removes of an account.
const BATCHES: usize = 50;

impl Service {
    /// Every account but the installation's own, by name.
    pub async fn accounts(&self, state: Option<AccountState>) -> Result<Vec<Account>> {
        let state = state.map(|state| match state {
            AccountState::Enabled => State::Enabled,
            AccountState::Disabled => State::Disabled,
            AccountState::Deleting => State::Deleting,
        });
        Ok(self.store.accounts(state).await?.into_iter().map(describe).collect())
    }

    /// Makes an account, with what every account begins with.
    ///
    /// # Errors
    /// 400 where the name is reserved or taken, or another kind than `user` is asked for.
    pub async fn create_account(self: &Arc<Self>, request: &AccountRequest) -> Result<Account> {
        if RESERVED_ACCOUNTS.contains(&request.name.as_str()) {
            return Err(Error::invalid(format!("Account name {} is reserved; choose another", request.name)));
        }
        if let Some(kind) = request.kind.as_deref().filter(|kind| *kind != AccountType::User.as_str()) {
            return Err(Error::invalid(format!("Accounts of type {kind} cannot be created, only those of type user")));
        }
        let name = AccountName::parse(&request.name).map_err(|error| Error::invalid(error.to_string()))?;
        let tx = self.store.begin().await?;
        let inserted = accounts::insert(&tx, &name, Kind::User, request.email.as_deref(), self.clock.moment()).await;
        let account = match inserted {
            Err(StoreError::Exists) => return Err(Error::invalid("Account already exists")),
            inserted => inserted?,
        };
        self.furnish(&tx, &name).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(describe(account))
    }

    /// Lets an account's users work, or refuses them.
    ///
    /// # Errors
    /// 404 where there is no such account, 400 where it is being deleted, or is the administrators' and to be disabled.
    pub async fn set_account_state(&self, name: &str, to: RequestedState) -> Result<AccountStatus> {
        let account = self.ordinary(name).await?;
        let refused = |from| Error::invalid(invalid_state_change(from, to.into()));
        let state = match to {
            RequestedState::Enabled => State::Enabled,
            RequestedState::Disabled if account.kind == Kind::Admin => {
                return Err(refused(account_state(account.state)));
            }
            RequestedState::Disabled => State::Disabled,
        };
        let tx = self.store.begin().await?;
        let from = [State::Enabled, State::Disabled];
        if !accounts::change_state(&tx, &account.account_name(), &from, state, self.clock.moment()).await? {
            return Err(refused(AccountState::Deleting));
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(AccountStatus { state: to.into() })
    }

    /// Begins to delete a disabled account: its users are gone at once, everything else follows
    /// ([`Service::purge_accounts`]).
    ///
    /// # Errors
    /// 404 where there is no such account, 400 where it is not disabled, or is the administrators'.
    pub async fn delete_account(&self, name: &str) -> Result<AccountStatus> {
        let Some(account) = self.store.find_account(name).await? else { return Err(account_not_found()) };
        if matches!(account.kind, Kind::Admin | Kind::Service) {
            return Err(Error::invalid("Account cannot be deleted"));
        }
        let (name, to) = (account.account_name(), AccountState::Deleting);
        let tx = self.store.begin().await?;
        if !accounts::change_state(&tx, &name, &[State::Disabled], State::Deleting, self.clock.moment()).await? {
            return Err(Error::invalid(invalid_state_change(account_state(account.state), to)));
        }
        users::delete_all(&tx, &name).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(AccountStatus { state: to })
    }

    /// Removes what the accounts that are being deleted own, in batches that leave room for others; tells how many rows
    /// it removed. An account of which nothing was left when this began is forgotten, and its name is free: what a request
    /// still wrote that began before the deletion is found by the next call.
    ///
    /// # Errors
    /// When the store fails. Trouble with one account keeps no other from being removed.
    pub async fn purge_accounts(&self) -> Result<u64> {
        let (mut removed, mut trouble) = (0, None);
        for account in self.store.accounts(Some(State::Deleting)).await? {
            match self.purge_account(&account.account_name()).await {
                Ok(rows) => removed += rows,
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(removed), Err)
    }

    async fn purge_account(&self, name: &AccountName) -> Result<u64> {
        let account = self.store.account(name);
        // Their rows tell where they are.
        self.let_go_of_bundles(&account).await?;
        let mut removed = 0;
        for _ in 0..BATCHES {
            match account.purge(BATCH).await? {
                0 => break,
                rows => removed += rows,
            }
        }
        if removed == 0 {
            let tx = self.store.begin().await?;
            accounts::delete(&tx, name).await?;
            tx.commit().await.map_err(StoreError::from)?;
            tracing::info!(account = %name, "the account is deleted");
        }
        Ok(removed)
    }

    /// Gives a new account what every account begins with, in the transaction that makes it.
    pub(super) async fn furnish(self: &Arc<Self>, tx: &Transaction, name: &AccountName) -> Result<()> {
        self.tenant(name).install_default_policy(tx).await
    }

    /// An account that is not the installation's own.
    pub(crate) async fn ordinary(&self, name: &str) -> Result<Model> {
        let account = self.store.find_account(name).await?;
        account.filter(|account| account.kind != Kind::Service).ok_or_else(account_not_found)
    }
}

impl Tenant {
    /// The account.
    ///
    /// # Errors
    /// 404 for the installation's own, and where it was deleted meanwhile.
    pub async fn account(&self) -> Result<Account> {
        self.service.ordinary(self.name().as_str()).await.map(describe)
    }
}

pub(super) fn account_not_found() -> Error {
    Error::not_found("Account not found")
}

fn account_state(state: State) -> AccountState {
    match state {
        State::Enabled => AccountState::Enabled,
        State::Disabled => AccountState::Disabled,
        State::Deleting => AccountState::Deleting,
    }
}

fn describe(account: Model) -> Account {
    Account {
        kind: match account.kind {
            Kind::User => AccountType::User,
            Kind::Admin => AccountType::Admin,
            Kind::Service => AccountType::Service,
            Kind::External => AccountType::External,
        },
        state: account_state(account.state),
        name: account.name,
        email: account.email,
        created_at: jiff::Timestamp::from(account.created_at).into(),
        last_updated: jiff::Timestamp::from(account.last_updated).into(),
    }
}

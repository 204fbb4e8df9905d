//! `windlass system storage` and `windlass system quota`

use std::io::{self, Write};

use clap::Args;
use serde_json::{Map, Value, json};
use windlass_client::{
    Request,
    views::{Kept, Quota, Storage, StorageUse},
};

use crate::service::{Session, Table, field};

#[derive(Args)]
pub(super) struct StorageArguments {
    /// Only this account.
    #[arg(long, value_name = "NAME", conflicts_with = "fresh")]
    account: Option<String>,
    /// Measure now, which takes as long as listing all objects, and do not tell what was measured last.
    #[arg(long)]
    fresh: bool,
}

#[derive(Args)]
pub(super) struct QuotaArguments {
    #[arg(value_name = "ACCOUNT")]
    account: String,
    /// Most images of the working set; 0: as many as wanted.
    #[arg(long, value_name = "N")]
    images: Option<u64>,
    /// Most bytes of documents and archived bundles; 0: as many as wanted.
    #[arg(long, value_name = "N")]
    bytes: Option<u64>,
    /// What the settings of the service say for every account.
    #[arg(long, conflicts_with_all = ["images", "bytes"])]
    reset: bool,
}

pub(super) fn run(arguments: &StorageArguments, session: &Session) -> anyhow::Result<()> {
    let request = match &arguments.account {
        Some(account) => Request::get(&["accounts", account, "storage"]),
        None if arguments.fresh => Request::get(&["system", "storage"]).query("fresh", true).patient(),
        None => Request::get(&["system", "storage"]),
    };
    session.print(&session.send(&request)?, |storage, out| write_storage(storage, arguments.account.is_some(), out))
}

/// Sets what is given, and shows what holds then.
pub(super) fn quota(arguments: &QuotaArguments, session: &Session) -> anyhow::Result<()> {
    let QuotaArguments { account, images, bytes, reset } = arguments;
    let limits = [("images", *images), ("bytes", *bytes)];
    let wanted = limits.into_iter().filter(|(_, limit)| *reset || limit.is_some());
    let wanted: Map<String, Value> = wanted.map(|(name, limit)| (name.to_owned(), json!(limit))).collect();
    let request = Request::put(&["accounts", account, "quota"]).json(&Value::Object(wanted));
    session.print(&session.send(&request)?, |quota: &Quota, out| {
        field("Images", quota.images.get().unwrap_or("as many as wanted"), out)?;
        field("Bytes", quota.bytes.get().unwrap_or("as many as wanted"), out)
    })
}

fn write_storage(storage: &Storage, of_account: bool, out: &mut dyn Write) -> io::Result<()> {
    field("Measured At", storage.measured_at.or("never"), out)?;
    field("Bytes", storage.usage.bytes.or("0"), out)?;
    if let Some(per_day) = storage.forecast.bytes_per_day.get() {
        field("Bytes Per Day", per_day, out)?;
        field("Bytes In 30 Days", storage.forecast.bytes_in_30_days.or("N/A"), out)?;
        field("Bytes In 365 Days", storage.forecast.bytes_in_365_days.or("N/A"), out)?;
    }
    if of_account {
        let of = |used: &windlass_client::Text, limit: &windlass_client::Text| {
            format!("{} of {}", used.or("0"), limit.get().unwrap_or("as many as wanted"))
        };
        field("Images Of Quota", &of(&storage.of_quota.images, &storage.quota.images), out)?;
        field("Bytes Of Quota", &of(&storage.of_quota.bytes, &storage.quota.bytes), out)?;
    }
    writeln!(out)?;
    let mut table = Table::new(&["Kind", "Name", "Count", "Bytes"]);
    let StorageUse { tables, documents, bundles, .. } = &storage.usage;
    for (kind, list) in [("documents", documents), ("bundles", bundles), ("table", tables)] {
        for Kept { name, count, bytes } in list {
            table.row([kind.to_owned(), name.to_string(), count.to_string(), bytes.to_string()]);
        }
    }
    table.write(out)?;
    if !of_account {
        writeln!(out)?;
        let mut table = Table::new(&["Account", "Bytes"]);
        for share in &storage.accounts {
            table.row([share.account.to_string(), share.usage.bytes.to_string()]);
        }
        table.write(out)?;
    }
    Ok(())
}

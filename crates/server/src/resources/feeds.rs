//! Feeds: the vulnerability data as clients see it (`spec/api.md` A4.12).

use serde::Deserialize;
use utoipa::IntoParams;
use windlass_v1::feeds::{Feed, FeedGroup, FeedSync};

use crate::{
    Failure,
    operation::{Input, Json, List, Operation},
    scope::{Authenticated, System},
};

const ELSEWHERE: &str = "The feed is not synchronised here.";
const UNKNOWN: &str = "There is no such feed.";
const WHOLE: &str = "The feed's data is one database: no part of it can be changed.";

pub(crate) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/system/feeds", "get_system_feeds", "Lists the feeds and how new their data is")
            .for_users(list),
        Operation::post("/system/feeds", "post_system_feeds", "Looks for newer vulnerability data")
            .query::<Synchronisation>()
            .fails(409, "It is looked for already.")
            .for_system("updateFeeds", synchronise),
        Operation::put("/system/feeds/{feed}", "toggle_feed_enabled", "Switches a feed's synchronisation")
            .query::<Enabled>()
            .fails(400, ELSEWHERE)
            .fails(404, UNKNOWN)
            .for_system("updateFeeds", enable),
        Operation::delete("/system/feeds/{feed}", "delete_feed", "Removes a feed's data")
            .fails(400, ELSEWHERE)
            .fails(404, UNKNOWN)
            .fails(501, WHOLE)
            .for_system("updateFeeds", delete),
        Operation::put("/system/feeds/{feed}/{group}", "toggle_group_enabled", "Switches a part of a feed")
            .query::<Enabled>()
            .fails(400, ELSEWHERE)
            .fails(404, "There is no such feed or group.")
            .fails(501, WHOLE)
            .for_system("updateFeeds", enable_group),
        Operation::delete("/system/feeds/{feed}/{group}", "delete_feed_group", "Removes a part of a feed")
            .fails(400, ELSEWHERE)
            .fails(404, "There is no such feed or group.")
            .fails(501, WHOLE)
            .for_system("updateFeeds", delete_group),
    ]
}

/// How newer data is looked for.
#[derive(Deserialize, IntoParams)]
struct Synchronisation {
    /// Match all packages anew, even if there is no newer data.
    flush: Option<bool>,
    /// Whether to look for newer data at all.
    sync: Option<bool>,
}

#[derive(Deserialize, IntoParams)]
struct Enabled {
    /// Whether it is to be synchronised.
    enabled: bool,
}

async fn list(user: Authenticated, _: Input<(), ()>) -> Result<List<Feed>, Failure> {
    Ok(List(user.service.feeds().await?))
}

async fn synchronise(system: System, input: Input<Synchronisation, ()>) -> Result<Json<Vec<FeedSync>>, Failure> {
    if !input.query.sync.unwrap_or(true) {
        return Ok(Json(Vec::new()));
    }
    Ok(Json(system.service.synchronize_feeds(input.query.flush.unwrap_or(false)).await?))
}

async fn enable(system: System, input: Input<Enabled, ()>) -> Result<Json<Feed>, Failure> {
    Ok(Json(system.service.enable_feed(input.path.get("feed"), input.query.enabled).await?))
}

async fn delete(system: System, input: Input<(), ()>) -> Result<Json<Feed>, Failure> {
    Ok(Json(system.service.delete_feed(input.path.get("feed"))?))
}

async fn enable_group(system: System, input: Input<Enabled, ()>) -> Result<Json<FeedGroup>, Failure> {
    Ok(Json(system.service.change_feed_group(input.path.get("feed"), input.path.get("group")).await?))
}

async fn delete_group(system: System, input: Input<(), ()>) -> Result<Json<FeedGroup>, Failure> {
    Ok(Json(system.service.change_feed_group(input.path.get("feed"), input.path.get("group")).await?))
}

//! Where the service answers otherwise than the original: as `docs/compatibility.md` tells users, or because it is not asked
//! about the same things.

/// Something that may differ.
pub(super) struct Difference {
    /// Numbers of exchanges, separated by blanks, or `*`.
    pub(super) exchanges: &'static str,
    /// Part of what is found to differ.
    pub(super) what: &'static str,
    why: Why,
}

/// Why something differs.
enum Why {
    /// It is meant. How the row of the page begins that says so.
    Meant(&'static str),
    /// It is a matter of the replay, and no user's.
    Replayed(#[allow(dead_code, reason = "it is for who reads this list")] &'static str),
}

impl Difference {
    pub(super) fn is_about(&self, number: &str) -> bool {
        self.exchanges == "*" || self.exchanges.split(' ').any(|listed| listed == number)
    }
}

/// One that is meant, and told in a row that begins so.
const fn meant(exchanges: &'static str, what: &'static str, row: &'static str) -> Difference {
    Difference { exchanges, what, why: Why::Meant(row) }
}

/// One that is there because other images, at another time, are asked about.
const fn replayed(exchanges: &'static str, what: &'static str, why: &'static str) -> Difference {
    Difference { exchanges, what, why: Why::Replayed(why) }
}

pub(super) const DIFFERENCES: &[Difference] = &[
    // Defects of the original that are none of ours.
    meant("021 022 133 134 135 150", "policy_source: \"local\" for \"true\"", "policies: `policy_source`"),
    meant("074 253", "status 200 for 500", "content of NuGet"),
    meant("074 253", "$.detail: missing", "content of NuGet"),
    meant("074 253", "$.httpcode: missing", "content of NuGet"),
    meant("074 253", "$.message: missing", "content of NuGet"),
    meant("074 253", "$.content: additional", "content of NuGet"),
    meant("074 253", "$.content_type: additional", "content of NuGet"),
    meant("074 253", "$.imageDigest: additional", "content of NuGet"),
    meant("082 111 114 255 261", "status 404 for 500", "content, metadata, artifacts, SBOM: unknown"),
    meant("082 111 114 255 261", "$.httpcode: 404 for 500", "content, metadata, artifacts, SBOM: unknown"),
    meant("111 114", "$.message: \"image not found in DB\"", "content, metadata, artifacts, SBOM: unknown"),
    meant("234", "status 404 for 500", "imports |"),
    meant("234", "$.httpcode: 404 for 500", "imports |"),
    meant("234", "$.message: \"Resource nope not found\"", "imports |"),
    meant("137", "status 409 for 500", "policies: delete or deactivate"),
    meant("137", "$.httpcode: 409 for 500", "policies: delete or deactivate"),
    meant("179", "$[0].value: \"********\"", "passwords |"),
    meant("186", "status 404 for 200", "`x-anchore-account`: no such"),
    meant("186", "$: object for array", "`x-anchore-account`: no such"),
    meant("191", "status 400 for 500", "`/oauth/token`: wrong"),
    meant("191", "content type application/json", "`/oauth/token`: wrong"),
    meant("191", "$.detail: missing", "`/oauth/token`: wrong"),
    meant("191", "$.status: missing", "`/oauth/token`: wrong"),
    meant("191", "$.title: missing", "`/oauth/token`: wrong"),
    meant("191", "$.type: missing", "`/oauth/token`: wrong"),
    meant("191", "$.error: additional", "`/oauth/token`: wrong"),
    meant("223", "status 404 for 500", "feeds: no such feed"),
    meant("223", "$.httpcode: 404 for 500", "feeds: no such feed"),
    meant("223", "$.message", "feeds: no such feed"),
    meant("335", "status 400 for 500", "webhooks: test a type"),
    meant("335", "$.httpcode: 400 for 500", "webhooks: test a type"),
    meant("335", "$.message: ", "webhooks: test a type"),
    meant("289 290", "status 200 for 404", "a bundle with every kind of rule"),
    meant("289 290", "$: array for object", "a bundle with every kind of rule"),
    // Texts for people.
    meant("013", "$.detail", "texts that only people read"),
    meant("029", "description", "texts that only people read"),
    meant("030 043", "$.detail.raw_exception_message", "texts that only people read"),
    meant("039 042", "$.detail.validation_error", "texts that only people read"),
    meant("243", "$.detail", "texts that only people read"),
    // More than the original told.
    meant("029", "events: 3 elements for 2", "two more types of events"),
    meant("029", "subcategories: 7 elements for 6", "two more types of events"),
    meant("049", "$.detail.details: additional", "how far an image is whose"),
    meant("106 285 287", "description: string for null", "descriptions and references of vulnerabilities"),
    meant("106 285 287", "references: array for null", "descriptions and references of vulnerabilities"),
    meant("143", "hint: additional", "what to write instead"),
    meant("203", "$.detail.reason: additional", "what a registry said"),
    meant("331", "feed_completed].event.details.msg: additional", "whether a synchronisation of feeds"),
    meant("209 210 214 331", "source.request_id: string for null", "which request led"),
    // What was recorded of an image whose layers and history are not at hand.
    replayed(
        "058 059 061 062 063 237 241 242",
        "$[0].image_detail[0].dockerfile: \"",
        "guessed from the history that the image of this test has",
    ),
    // What the original's store was like.
    meant("022 133 134 135", "policybundlemeta.", "`policybundlemeta` is"),
    meant("146 147 149 295 297 299 301", "policybundlemeta: additional", "`policybundlemeta` is"),
    meant("146 147 149 295 297 299 301", "policybundle.active: missing", "`policybundle` holds"),
    meant("147 149", "policybundle.last_updated: missing", "`policybundle` holds"),
    meant("201", "record_state_key: missing", "`policybundlemeta` is"),
    meant("201", "record_state_val: missing", "`policybundlemeta` is"),
    meant("201 202", "subscription_value", "`subscription_value` has"),
    meant("217", "content type none", "an answer without a body"),
    // One database of vulnerabilities instead of one for each feed.
    meant("219", "status 400 for 200", "one feed,"),
    meant("219", "$.", "one feed,"),
    meant("221", "status 404 for 200", "one feed,"),
    meant("221", "$.", "one feed,"),
    meant("222", "status 404 for 409", "one feed,"),
    meant("222", "$.", "one feed,"),
    // Other images and another course of events than were recorded.
    replayed("045 051 054", "analysis_status: \"not_analyzed\"", "no worker has begun"),
    replayed("046", "$.detail: \"cannot delete image that is the latest", "no worker has begun"),
    replayed("047 049", "analysis_status: not_analyzed", "no worker has begun"),
    replayed("054", "null for string", "it was deleted before its analysis"),
    replayed("054", "null for integer", "it was deleted before its analysis"),
    replayed("305 311 313 314 315 317 319 322 323 329", "image_content.metadata.distro_version", "another release"),
    replayed("*", "image_content.metadata.image_size", "images of a few files"),
    replayed("*", "image_content.metadata.layer_count", "images of one layer"),
    replayed("121 123", "archive_size_bytes", "images of a few files"),
    replayed("122", "$.images.total_data_bytes", "images of a few files"),
    meant("329", "$: 0 elements for 1", "images that were deleted"),
    meant("329", "$: empty", "images that were deleted"),
    replayed("305 311 313 314 315 317 319 322 323 329", "image_detail: ", "tags were added that are not recorded"),
    replayed("313 314 315", "analysis_status: \"analyzed\" for \"not_analyzed\"", "it was being analysed anew"),
    replayed("318", "$: 3 elements for 5", "images were added that are not recorded"),
];

/// Beginnings of rows that a page of Markdown would need to tell what is meant, and has not, or has more than once.
fn untold(page: &str) -> Vec<&'static str> {
    let told = |row: &str| page.lines().filter(|line| line.starts_with(&format!("| {row}"))).count() == 1;
    let rows = DIFFERENCES.iter().filter_map(|listed| match listed.why {
        Why::Meant(row) => Some(row),
        Why::Replayed(_) => None,
    });
    rows.filter(|row| !told(row)).collect()
}

#[test]
fn every_difference_that_is_meant_is_told_to_users() {
    let page = include_str!("../../../../../docs/compatibility.md");
    assert_eq!(untold(page), [""; 0], "docs/compatibility.md has no row that begins so, or several");
    assert!(untold("no table").len() > 50, "what has no row is noticed");
}

//! Where the service answers otherwise than the original, and why; for users in `docs/compatibility.md`.

/// Something that may differ.
pub(super) struct Difference {
    /// Numbers of exchanges, separated by blanks, or `*`.
    pub(super) exchanges: &'static str,
    /// Part of what is found to differ.
    pub(super) what: &'static str,
    /// For who reads this list.
    #[allow(dead_code, reason = "it is read here")]
    pub(super) why: &'static str,
}

impl Difference {
    pub(super) fn is_about(&self, number: &str) -> bool {
        self.exchanges == "*" || self.exchanges.split(' ').any(|listed| listed == number)
    }
}

const fn difference(exchanges: &'static str, what: &'static str, why: &'static str) -> Difference {
    Difference { exchanges, what, why }
}

pub(super) const DIFFERENCES: &[Difference] = &[
    // Defects of the original that are none of ours.
    difference(
        "021 022 133 134 135 150",
        "policy_source: \"local\" for \"true\"",
        "the default bundle is of the same source as any other",
    ),
    difference("074 253", "status 200 for 500", "NuGet's packages are listed"),
    difference("074 253", "$.detail: missing", "NuGet's packages are listed"),
    difference("074 253", "$.httpcode: missing", "NuGet's packages are listed"),
    difference("074 253", "$.message: missing", "NuGet's packages are listed"),
    difference("074 253", "$.content: additional", "NuGet's packages are listed"),
    difference("074 253", "$.content_type: additional", "NuGet's packages are listed"),
    difference("074 253", "$.imageDigest: additional", "NuGet's packages are listed"),
    difference("082 111 114 255 261", "status 404 for 500", "F11: what is not there is not found"),
    difference("082 111 114 255 261", "$.httpcode: 404 for 500", "F11: what is not there is not found"),
    difference("111 114", "$.message: \"image not found in DB\"", "F11: no document within a text"),
    difference("234", "status 404 for 500", "F1: what is not there is not found"),
    difference("234", "$.httpcode: 404 for 500", "F1: what is not there is not found"),
    difference("234", "$.message: \"Resource nope not found\"", "F1: no document within a text"),
    difference("137", "status 409 for 500", "F2: a conflict"),
    difference("137", "$.httpcode: 409 for 500", "F2: a conflict"),
    difference("179", "$[0].value: \"********\"", "F5: the mask does not tell how long a password is"),
    difference("186", "status 404 for 200", "F4: an account that does not exist is not found"),
    difference("186", "$: object for array", "F4: an account that does not exist is not found"),
    difference("191", "status 400 for 500", "F3: wrong credentials are the client's error"),
    difference("191", "content type application/json", "F3: in the form of OAuth"),
    difference("191", "$.detail: missing", "F3: in the form of OAuth"),
    difference("191", "$.status: missing", "F3: in the form of OAuth"),
    difference("191", "$.title: missing", "F3: in the form of OAuth"),
    difference("191", "$.type: missing", "F3: in the form of OAuth"),
    difference("191", "$.error: additional", "F3: in the form of OAuth"),
    difference("223", "status 404 for 500", "F17: a feed that does not exist is not found"),
    difference("223", "$.httpcode: 404 for 500", "F17: a feed that does not exist is not found"),
    difference("223", "$.message", "F17: a feed that does not exist is not found"),
    difference("335", "status 400 for 500", "F25: a type of webhooks that does not exist is the client's error"),
    difference("335", "$.httpcode: 400 for 500", "F25: a type of webhooks that does not exist is the client's error"),
    difference("335", "$.message: ", "F25: which types there are"),
    difference("289 290", "status 200 for 404", "a bundle with every kind of rule can be evaluated"),
    difference("289 290", "$: array for object", "a bundle with every kind of rule can be evaluated"),
    // Texts for people.
    difference("013", "$.detail", "no program reads it"),
    difference("029", "description", "no program reads it"),
    difference("030 043", "$.detail.raw_exception_message", "what the registry said, and what to do"),
    difference("039 042", "$.detail.validation_error", "what is missing, and what to do"),
    difference("243", "$.detail", "the schema is not repeated"),
    // More than the original told.
    difference("029", "events: 3 elements for 2", "an event of ours"),
    difference("029", "subcategories: 7 elements for 6", "an event of ours"),
    difference("049", "$.detail.details: additional", "the state again, as elsewhere"),
    difference("106 285 287", "description: string for null", "descriptions of the database"),
    difference("106 285 287", "references: array for null", "references of the database"),
    difference("143", "hint: additional", "what to write instead"),
    difference("203", "$.detail.reason: additional", "what the registry said"),
    difference("209 210 214 331", "source.request_id: string for null", "which request led to an event"),
    // What was recorded of an image whose layers and history are not at hand.
    difference(
        "058 059 061 062 063 237 241 242",
        "$[0].image_detail[0].dockerfile: \"",
        "guessed from the history that the image of this test has",
    ),
    // What the original's store was like.
    difference("022 133 134 135", "policybundlemeta.", "opaque: the record of an object store"),
    difference(
        "146 147 149 295 297 299 301",
        "policybundlemeta: additional",
        "opaque, and in every record of a bundle",
    ),
    difference(
        "146 147 149 295 297 299 301",
        "policybundle.active: missing",
        "a bundle is what was added, and no more",
    ),
    difference("147 149", "policybundle.last_updated: missing", "a bundle is what was added, and no more"),
    difference("201", "record_state_key: missing", "a column of a database"),
    difference("201", "record_state_val: missing", "a column of a database"),
    difference("201 202", "subscription_value", "the same document, written without blanks"),
    difference("217", "content type none", "nothing has no type"),
    // One database of vulnerabilities instead of one for each feed.
    difference("219", "status 400 for 200", "there is no feed nvdv2 to switch off"),
    difference("219", "$.", "there is no feed nvdv2 to switch off"),
    difference("221", "status 404 for 200", "groups are those of the database"),
    difference("221", "$.", "groups are those of the database"),
    difference("222", "status 404 for 409", "groups are those of the database"),
    difference("222", "$.", "groups are those of the database"),
    // Other images and another course of events than were recorded.
    difference("045 051 054", "analysis_status: \"not_analyzed\"", "no worker has begun"),
    difference("046", "$.detail: \"cannot delete image that is the latest", "no worker has begun"),
    difference("047 049", "analysis_status: not_analyzed", "no worker has begun"),
    difference("054", "null for string", "it was deleted before its analysis"),
    difference("054", "null for integer", "it was deleted before its analysis"),
    difference("305 311 313 314 315 317 319 322 323 329", "image_content.metadata.distro_version", "another release"),
    difference("*", "image_content.metadata.image_size", "images of a few files"),
    difference("*", "image_content.metadata.layer_count", "images of one layer"),
    difference("121 123", "archive_size_bytes", "images of a few files"),
    difference("122", "$.images.total_data_bytes", "images of a few files"),
    difference("329", "$: 0 elements for 1", "what is deleted is gone sooner"),
    difference("329", "$: empty", "what is deleted is gone sooner"),
    difference("209 210", "event.details.", "another kind of event"),
    difference("214", "event.resource.id: string for null", "another kind of event"),
    difference("305 311 313 314 315 317 319 322 323 329", "image_detail: ", "tags were added that are not recorded"),
    difference("313 314 315", "analysis_status: \"analyzed\" for \"not_analyzed\"", "it was being analysed anew"),
    difference("318", "$: 3 elements for 5", "images were added that are not recorded"),
];

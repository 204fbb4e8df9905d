use serde::{Deserialize, Deserializer};

/// Reads a member that is there, be it null: with `default`, one that is not there is `None`.
#[expect(clippy::option_option, reason = "absent, null and a value are three things")]
pub(crate) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

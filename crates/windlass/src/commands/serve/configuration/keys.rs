//! The keys that a structure is read from.

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, Visitor, value::Error},
    forward_to_deserialize_any,
};

/// Asks the structure itself, so that they are written down once.
pub(super) fn of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut keys = [].as_slice();
    // It is told of nothing but a failure, and has named its keys before.
    let _ = T::deserialize(Listener(&mut keys));
    keys
}

struct Listener<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Listener<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("there is nothing to read"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structure_names_its_keys() {
        #[derive(Deserialize)]
        struct Settings {
            #[serde(rename = "listen")]
            _listen: Option<String>,
            #[serde(rename = "tls")]
            _tls: Option<()>,
        }
        assert_eq!(of::<Settings>(), ["listen", "tls"]);
    }
}

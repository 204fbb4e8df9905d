//! Values of settings: in a file they have types, in the environment all of them are texts. A text is taken for what its key
//! wants, so that a password may look like a number.

use serde::{
    Deserializer,
    de::{
        IntoDeserializer, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// What keys are read from.
pub(super) struct Setting(pub(super) Value);

impl Setting {
    /// A text that is a number as one; all else as it is.
    fn number(self) -> Value {
        match &self.0 {
            Value::String(text) => {
                let number = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
                number.unwrap_or(self.0)
            }
            _ => self.0,
        }
    }

    fn truth(self) -> Value {
        match self.0.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "yes" | "y" | "on" | "1") => true.into(),
            Some("false" | "no" | "n" | "off" | "0") => false.into(),
            _ => self.0,
        }
    }

    /// `[10.1.0.0/16]`, as YAML would have it, or with commas alone.
    fn list(self) -> Value {
        match &self.0 {
            Value::String(text) if text.trim_start().starts_with('[') => serde_saphyr::from_str(text).unwrap_or(self.0),
            Value::String(text) => text.split(',').map(|item| Value::from(item.trim())).collect(),
            _ => self.0,
        }
    }
}

impl IntoDeserializer<'_, Error> for Setting {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number().$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Setting {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(members) => {
                let mut members = MapDeserializer::new(members.into_iter().map(|(key, value)| (key, Self(value))));
                let read = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(read)
            }
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Self));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            value => value.deserialize_any(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.truth().deserialize_bool(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        Self(self.list()).deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier
        ignored_any
    }
}

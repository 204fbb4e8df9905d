//! Query parameters: read as their description says, or refused in the words of the original (`spec/api.md` A1.5).

use serde_json::{Map, Value};
use utoipa::openapi::{
    RefOr, Required, Schema,
    path::Parameter,
    schema::{SchemaType, Type},
};
use windlass_policy::pyrepr;
use windlass_v1::error::Problem;

/// Reads a query by the parameters that are known; others are ignored, and of several the last counts.
pub(super) fn read(parameters: &[Parameter], query: &str) -> Result<Map<String, Value>, Problem> {
    let given: Vec<(String, String)> = serde_urlencoded::from_str(query)
        .map_err(|error| Problem::bad_request(format!("The query cannot be read: {error}")))?;
    let mut values = Map::new();
    for parameter in parameters {
        let value = given.iter().rev().find(|(name, _)| *name == parameter.name).map(|(_, value)| value.as_str());
        match value {
            Some(text) => {
                values.insert(parameter.name.clone(), typed(parameter, text)?);
            }
            None if parameter.required == Required::True => {
                return Err(Problem::missing_query_parameter(&parameter.name));
            }
            None => {}
        }
    }
    Ok(values)
}

fn typed(parameter: &Parameter, text: &str) -> Result<Value, Problem> {
    // Enumerations are described inline; whatever else is referred to is read as text.
    let Some(RefOr::T(schema)) = &parameter.schema else { return Ok(text.into()) };
    let wrong = |expected| Problem::wrong_query_type(&parameter.name, expected);
    match schema {
        Schema::Array(array) => {
            let items: Vec<&str> = text.split(',').filter(|item| !item.is_empty()).collect();
            if let utoipa::openapi::schema::ArrayItems::RefOrSchema(items_schema) = &array.items
                && let RefOr::T(Schema::Object(object)) = items_schema.as_ref()
            {
                for item in &items {
                    constrained(object, item)?;
                }
            }
            Ok(items.into())
        }
        Schema::Object(object) if is(&object.schema_type, &Type::Boolean) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(wrong("boolean")),
        },
        Schema::Object(object) if is(&object.schema_type, &Type::Integer) => {
            let number: i64 = text.trim().parse().map_err(|_| wrong("integer"))?;
            let beyond = |how: &str, bound: f64| {
                let name = &parameter.name;
                Problem::bad_request(format!("{number} is {how} of {bound} for query parameter '{name}'"))
            };
            match (object.minimum.as_ref().map(as_float), object.maximum.as_ref().map(as_float)) {
                (Some(least), _) if (number as f64) < least => Err(beyond("less than the minimum", least)),
                (_, Some(most)) if (number as f64) > most => Err(beyond("greater than the maximum", most)),
                _ => Ok(number.into()),
            }
        }
        Schema::Object(object) => constrained(object, text),
        _ => Ok(text.into()),
    }
}

fn constrained(object: &utoipa::openapi::Object, text: &str) -> Result<Value, Problem> {
    if let Some(words) = &object.enum_values
        && !words.iter().any(|word| word.as_str() == Some(text))
    {
        let words = pyrepr::list(words.iter().filter_map(Value::as_str));
        return Err(Problem::bad_request(format!("{} is not one of {words}", pyrepr::text(text))));
    }
    if let Some(pattern) = &object.pattern
        && !regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
    {
        let (text, pattern) = (pyrepr::text(text), pyrepr::text(pattern));
        return Err(Problem::bad_request(format!("{text} does not match {pattern}")));
    }
    Ok(text.into())
}

fn is(kind: &SchemaType, wanted: &Type) -> bool {
    match kind {
        SchemaType::Type(kind) => kind == wanted,
        SchemaType::Array(kinds) => kinds.contains(wanted),
        SchemaType::AnyValue => false,
    }
}

#[allow(clippy::cast_precision_loss, reason = "bounds are small")]
fn as_float(number: &utoipa::Number) -> f64 {
    match number {
        utoipa::Number::Int(number) => *number as f64,
        utoipa::Number::UInt(number) => *number as f64,
        utoipa::Number::Float(number) => *number,
    }
}

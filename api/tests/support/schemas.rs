//! Whatever the service says in any test fits the published schemas, and has no field that they lack.
//!
//! A checker of its own for the keywords that our schemas use, JSON Schema 2020-12; any other keyword fails the test, so that none is
//! passed over. The documents themselves are checked by another program, `api/web/tests/schema.test.ts`.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Keywords that say nothing about what fits.
const NOTES: [&str; 5] = ["description", "title", "default", "$schema", "pattern"];

/// Fails the test if a message of the service is not as published.
pub fn check(message: &Value) {
    static PUBLISHED: OnceLock<Value> = OnceLock::new();
    let published = PUBLISHED.get_or_init(sharxi_api::schema::messages);
    let kind = message["type"].as_str().unwrap_or_default();
    let name = sharxi_api::schema::FROM_SERVICE.iter().find(|name| name.to_lowercase() == kind);
    let name = name.unwrap_or_else(|| panic!("no schema for {message}"));
    let fault = fits(&published["$defs"][*name], published, message);
    fault.unwrap_or_else(|fault| panic!("{fault}: {message}"));
}

/// Whether `value` is as `schema` of `document` says, with no field beside, deep down.
pub fn fits(schema: &Value, document: &Value, value: &Value) -> Result<(), String> {
    let known = fields_of(schema, document, value)?;
    match value {
        Value::Object(fields) if !is_open(schema) => {
            let beside = fields.keys().find(|name| !known.contains(*name));
            beside.map_or(Ok(()), |name| Err(format!("no schema for the field {name}")))
        }
        _ => Ok(()),
    }
}

/// Objects of which nothing is said.
fn is_open(schema: &Value) -> bool {
    ["properties", "$ref", "oneOf", "anyOf", "allOf"].iter().all(|key| schema.get(*key).is_none())
}

/// The fields that the schema speaks of, if the value fits.
fn fields_of(schema: &Value, document: &Value, value: &Value) -> Result<BTreeSet<String>, String> {
    let Value::Object(keywords) = schema else {
        return if *schema == Value::Bool(true) {
            Ok(BTreeSet::new())
        } else {
            Err("nothing fits".into())
        };
    };
    let mut known = BTreeSet::new();
    for (keyword, given) in keywords {
        match keyword.as_str() {
            "$ref" => {
                let target = given.as_str().unwrap().strip_prefix('#').unwrap();
                known.extend(fields_of(document.pointer(target).unwrap(), document, value)?);
            }
            "oneOf" | "anyOf" => {
                let tried: Vec<_> = given
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|one| fields_of(one, document, value))
                    .collect();
                let n_fit = tried.iter().filter(|one| one.is_ok()).count();
                if n_fit == 0 || (keyword == "oneOf" && 1 < n_fit) {
                    let faults: Vec<_> = tried.into_iter().filter_map(Result::err).collect();
                    return Err(format!("{n_fit} of {keyword} fit: {faults:?}"));
                }
                known.extend(tried.into_iter().flatten().flatten());
            }
            "properties" => {
                for (name, one) in given.as_object().unwrap() {
                    if let Some(field) = value.get(name) {
                        fits(one, document, field).map_err(|fault| format!("{name}: {fault}"))?;
                    }
                    known.insert(name.clone());
                }
            }
            "items" => each(value, |_, item| fits(given, document, item))?,
            "prefixItems" => {
                let given = given.as_array().unwrap();
                each(value, |idx, item| {
                    given.get(idx).map_or(Ok(()), |one| fits(one, document, item))
                })?;
            }
            keyword => plain(keyword, given, keywords, value)?,
        }
    }
    Ok(known)
}

fn each(value: &Value, fits: impl Fn(usize, &Value) -> Result<(), String>) -> Result<(), String> {
    let items = value.as_array().into_iter().flatten().enumerate();
    items
        .into_iter()
        .try_for_each(|(idx, item)| fits(idx, item).map_err(|fault| format!("[{idx}]: {fault}")))
}

/// Keywords about one value alone.
fn plain(
    keyword: &str,
    given: &Value,
    keywords: &Map<String, Value>,
    value: &Value,
) -> Result<(), String> {
    let length = value.as_array().map(Vec::len);
    let holds = match keyword {
        "type" => match given {
            Value::Array(types) => types.iter().any(|one| is_of(one, value)),
            one => is_of(one, value),
        },
        "const" => value == given,
        "enum" => given.as_array().unwrap().contains(value),
        "required" => {
            given.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "additionalProperties" | "unevaluatedProperties" if *given == Value::Bool(false) => {
            let properties = keywords.get("properties").and_then(Value::as_object);
            let is_known = |name: &String| properties.is_some_and(|all| all.contains_key(name));
            keyword != "additionalProperties"
                || value.as_object().is_none_or(|all| all.keys().all(is_known))
        }
        "additionalProperties" => true,
        "minItems" => length.is_none_or(|n| given.as_u64().unwrap() <= n as u64),
        "maxItems" => length.is_none_or(|n| n as u64 <= given.as_u64().unwrap()),
        "minimum" => value.as_f64().is_none_or(|n| given.as_f64().unwrap() <= n),
        "maximum" => value.as_f64().is_none_or(|n| n <= given.as_f64().unwrap()),
        "format" => match given.as_str().unwrap() {
            "date-time" => {
                value.as_str().is_none_or(|text| sharxi_api::wire::time::parse(text).is_some())
            }
            "uint8" => value.as_u64().is_none_or(|n| n < 256),
            "uint" | "uint32" | "uint64" | "int64" | "double" => true,
            other => panic!("the format {other} is not known here"),
        },
        note if NOTES.contains(&note) => true,
        other => panic!("the keyword {other} is not known here"),
    };
    if holds { Ok(()) } else { Err(format!("{keyword} {given} does not hold for {value}")) }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the type {other} is not known here"),
    }
}

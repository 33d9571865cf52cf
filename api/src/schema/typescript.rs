//! The same types for the pages, as TypeScript.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// The module, from the JSON schemas of [`super::messages`].
#[must_use]
pub fn module() -> String {
    let messages = super::messages();
    let mut text =
        "// Messages of the service, made from its Rust types by `sharxi schema .`; do not edit.\n"
            .to_owned();
    for (name, schema) in messages["$defs"].as_object().into_iter().flatten() {
        if let Some(about) = schema["description"].as_str() {
            text.push_str("\n/** ");
            text.push_str(&about.replace('\n', " "));
            text.push_str(" */");
        }
        // Writing to a string has nothing that could fail.
        let _ = write!(text, "\nexport type {name} = {};\n", of(schema));
    }
    text
}

/// The type of a schema.
fn of(schema: &Value) -> String {
    let Some(fields) = schema.as_object() else { return "unknown".to_owned() };
    if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default().to_owned();
        return both(name, object(fields));
    }
    if let Some(value) = fields.get("const") {
        return value.to_string();
    }
    if let Some(values) = fields.get("enum").and_then(Value::as_array) {
        return union(values.iter().map(Value::to_string));
    }
    let several = ["oneOf", "anyOf"].iter().find_map(|key| fields.get(*key)?.as_array());
    if let Some(several) = several {
        return both(format!("({})", union(several.iter().map(of))), object(fields));
    }
    match &schema["type"] {
        Value::Array(types) => {
            let one = |kind: &Value| {
                let mut alone = fields.clone();
                alone.insert("type".to_owned(), kind.clone());
                of(&Value::Object(alone))
            };
            union(types.iter().map(one))
        }
        Value::String(kind) => match kind.as_str() {
            "object" => object(fields).unwrap_or_else(|| "Record<string, unknown>".to_owned()),
            "array" => array(fields),
            "integer" | "number" => "number".to_owned(),
            "null" | "boolean" | "string" => kind.clone(),
            _ => "unknown".to_owned(),
        },
        _ => object(fields).unwrap_or_else(|| "unknown".to_owned()),
    }
}

fn union(types: impl Iterator<Item = String>) -> String {
    types.collect::<Vec<_>>().join(" | ")
}

fn both(first: String, second: Option<String>) -> String {
    match second {
        Some(second) => format!("{first} & {second}"),
        None => first,
    }
}

fn object(fields: &Map<String, Value>) -> Option<String> {
    let properties = fields.get("properties")?.as_object()?;
    let required = fields.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
    let field = |(name, schema): (&String, &Value)| {
        let mark = if is_required(name) { "" } else { "?" };
        format!("{name}{mark}: {}", of(schema))
    };
    Some(format!("{{ {} }}", properties.iter().map(field).collect::<Vec<_>>().join("; ")))
}

fn array(fields: &Map<String, Value>) -> String {
    if let Some(items) = fields.get("prefixItems").and_then(Value::as_array) {
        return format!("[{}]", items.iter().map(of).collect::<Vec<_>>().join(", "));
    }
    let item = fields.get("items").map_or_else(|| "unknown".to_owned(), of);
    match fields.get("minItems").and_then(Value::as_u64) {
        // A point and the like: so many of one kind, no more and no less.
        Some(n) if fields.get("maxItems").and_then(Value::as_u64) == Some(n) && n <= 4 => {
            format!("[{}]", vec![item; usize::try_from(n).unwrap_or_default()].join(", "))
        }
        _ => format!("({item})[]"),
    }
}

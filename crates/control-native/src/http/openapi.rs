//! The OpenAPI 3.1 document, made from the table of routes and the protocol's schemas.

use super::routes::{self, Gives, Needs, Route};
use axum::Json;
use serde_json::{Map, Value, json};

pub(crate) async fn serve() -> Json<Value> {
    Json(document())
}

/// The whole document.
pub(crate) fn document() -> Value {
    let mut paths = Map::new();
    for route in routes::all() {
        let item = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(route.method.to_lowercase(), operation(&route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Caisey control plane",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "schemas": caisey_protocol::schema::all(),
        },
    })
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "summary": route.summary,
        "parameters": parameters(route),
        "responses": responses(route),
        "security": match route.needs {
            Needs::Nothing | Needs::InstallerToken | Needs::EndpointKey | Needs::ShareLink => json!([]),
            Needs::AnyMember | Needs::Permission(_) => json!([{ "token": [] }]),
        },
    });
    if let (Needs::Permission(permission), Some(operation)) = (route.needs, operation.as_object_mut()) {
        operation.insert("x-permission".to_owned(), json!(format!("{permission:?}")));
    }
    if let (Some(name), Some(operation)) = (route.takes, operation.as_object_mut()) {
        let content = match name {
            routes::BYTES => json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } }),
            routes::FORM => {
                json!({ "application/x-www-form-urlencoded": { "schema": { "type": "object", "properties": { "passphrase": { "type": "string" } } } } })
            }
            name => json!({ "application/json": { "schema": reference(name) } }),
        };
        operation.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let words: Vec<_> = route
        .path
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!("{}_{}", route.method.to_lowercase(), words.join("_"))
}

fn parameters(route: &Route) -> Vec<Value> {
    let text = json!({ "type": "string" });
    let number = json!({ "type": "integer", "minimum": 0, "maximum": caisey_ledger::id::MAX_SAFE_INTEGER });
    let mut parameters = Vec::new();
    for name in route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    {
        parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": text }));
    }
    for name in route.query {
        let required = !name.ends_with('?');
        let name = name.trim_end_matches('?');
        let is_number = matches!(name, "from" | "to" | "limit" | "seq" | "size" | "from_ms" | "to_ms");
        let schema = if is_number { &number } else { &text };
        parameters.push(json!({ "name": name, "in": "query", "required": required, "schema": schema }));
    }
    parameters
}

fn responses(route: &Route) -> Value {
    let json_of = |schema: Value| json!({ "description": "Done.", "content": { "application/json": { "schema": schema } } });
    let (status, success) = match route.gives {
        Gives::Json(name) => ("200", json_of(reference(name))),
        Gives::List(name) => ("200", json_of(json!({ "type": "array", "items": reference(name) }))),
        Gives::Foreign => ("200", json_of(json!({ "type": "object" }))),
        Gives::Note => (
            "200",
            json!({ "description": "A signed note.", "content": { "text/plain": { "schema": { "type": "string" } } } }),
        ),
        Gives::Page => (
            "200",
            json!({ "description": "A page for people.", "content": { "text/html": { "schema": { "type": "string" } } } }),
        ),
        Gives::Bytes(kind) => (
            "200",
            json!({ "description": "A file.", "content": { kind: { "schema": { "type": "string", "format": "binary" } } } }),
        ),
        Gives::Nothing => ("204", json!({ "description": "Done." })),
        Gives::Frames(what) => (
            "101",
            json!({ "description": format!("A WebSocket of JSON text frames: {what}.") }),
        ),
    };
    let refused = json!({ "description": "Refused; the body says why.", "content": { "application/json": { "schema": reference("ErrorBody") } } });
    json!({ status: success, "default": refused })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

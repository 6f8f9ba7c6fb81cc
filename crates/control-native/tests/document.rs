//! The OpenAPI document and the router tell the same story.

use crate::desk::Desk;
use caisey_control_native::Running;
use serde_json::Value;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let desk = Desk::start().await;
    let document: Value = desk.call("GET", "/v1/openapi.json", None, None::<&()>).await.ok();
    assert_eq!(document["openapi"], "3.1.0");
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    let routed: BTreeSet<_> = Running::routes()
        .iter()
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(documented, routed);
    // The router answers each of them: a documented route that is not served would be 404 without our words or 405.
    for (method, path) in &documented {
        let path = path.replace("{id}", "ep_00000000000000000000000001");
        let reply = desk.call(method, &path, None, None::<&()>).await;
        assert_ne!(reply.status, 405, "{method} {path}");
        assert!(!reply.text.contains("no such address"), "{method} {path}: {}", reply.text);
    }
    let elsewhere = desk.call("GET", "/v1/elsewhere", None, None::<&()>).await;
    assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "not_found"));
    let wrong_method = desk.call("PATCH", "/v1/me", None, None::<&()>).await;
    assert_eq!((wrong_method.status, wrong_method.code().as_str()), (405, "bad_request"));
}

/// The other host's table is held against this file, so that neither has a route that the other lacks without saying why.
#[test]
fn the_published_document_is_this_one() {
    let published = include_str!("../../../docs/openapi.json");
    let own = serde_json::to_string_pretty(&caisey_control_native::openapi()).unwrap();
    assert!(
        published.trim_end() == own,
        "docs/openapi.json is not what `caisey-control openapi` prints; write it anew"
    );
}

#[test]
fn every_reference_in_the_document_leads_somewhere() {
    let document = caisey_control_native::openapi();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                into.push(reference.clone());
            }
            map.values().for_each(|value| collect(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}

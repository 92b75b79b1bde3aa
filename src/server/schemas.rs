//! Model-schema documents, which the vendor's own client reads beside the API.

use crate::server::respond::{error, value};
use crate::server::results::Kind;
use crate::server::run::Run;
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// `index.json`, or the document of one model.
pub(super) fn schema(run: &Run, file: &str) -> Response<Body> {
    let names: Vec<String> = run.state().models.iter().map(|state| state.model.name.clone()).collect();
    if file == "index.json" {
        let models: Vec<Value> = names.iter().map(|name| entry(name)).collect();
        let index = json!({ "schema_version": "1", "total_models": models.len(), "models": models });
        return value(200, &index);
    }
    match names.iter().find(|name| file.strip_suffix(".json") == Some(name)) {
        Some(name) => value(200, &document(name)),
        None => error(404, "Schema not found"),
    }
}

fn entry(name: &str) -> Value {
    json!({
        "model_id": name,
        "slug": name,
        "category": Kind::of(name).name(),
        "title": name,
        "integration_type": "task_api",
        "schema_path": format!("models/schemas/{name}.json"),
        "doc_path": format!("models/{name}"),
    })
}

fn document(name: &str) -> Value {
    let mut document = entry(name);
    document["input_schema"] = json!({
        "type": "object",
        "required": ["prompt"],
        "properties": { "prompt": { "type": "string", "minLength": 1 } },
    });
    document
}

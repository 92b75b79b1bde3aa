//! Model-schema documents, which the vendor's own client reads beside the API.

use crate::server::respond::{error, value};
use crate::server::run::Run;
use crate::world::model::Model;
use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

/// `index.json`, or the document of one model.
pub(super) fn schema(run: &Run, file: &str) -> Response<Body> {
    let models: Vec<Model> = run.state().models.iter().map(|state| state.model.clone()).collect();
    if file == "index.json" {
        let models: Vec<Value> = models.iter().map(entry).collect();
        let index = json!({ "schema_version": "1", "total_models": models.len(), "models": models });
        return value(200, &index);
    }
    match models.iter().find(|model| file.strip_suffix(".json") == Some(&model.name)) {
        Some(model) => value(200, &document(model)),
        None => error(404, "Schema not found"),
    }
}

fn entry(model: &Model) -> Value {
    let name = &model.name;
    json!({
        "model_id": name,
        "slug": name,
        "category": model.product().name(),
        "title": name,
        "integration_type": "task_api",
        "schema_path": format!("models/schemas/{name}.json"),
        "doc_path": format!("models/{name}"),
    })
}

fn document(model: &Model) -> Value {
    let mut document = entry(model);
    document["input_schema"] = json!({
        "type": "object",
        "required": ["prompt"],
        "properties": { "prompt": { "type": "string", "minLength": 1 } },
    });
    document
}

//! Results: their URLs, and the files behind them.

use crate::server::files::Asked;
use crate::server::request::Request;
use crate::server::respond::{content, error};
use crate::server::run::Run;
use crate::server::settings::Settings;
use crate::time::Micros;
use crate::world::model::Model;
use crate::world::truth::Fate;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::HOST;
use serde_json::json;

/// How long result URLs live, in scenario time (apixo.ai/docs, response-format).
const LIFETIME: Micros = Micros::from_secs(24 * 3_600);

/// Start of result URLs.
pub(super) fn base(settings: &Settings, request: &Request) -> String {
    if let Some(base) = &settings.public_base {
        return base.trim_end_matches('/').to_owned();
    }
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// The JSON that a `resultJson` holds.
pub(super) fn json(base: &str, id: &str, asked: Asked, model: &Model) -> String {
    let (files, format) = asked.of(model);
    let urls: Vec<String> = (0..files).map(|n| format!("{base}/output/{id}/{n}.{}", format.file().0)).collect();
    json!({ "resultUrls": urls }).to_string()
}

/// The file of a task that succeeded and is not older than a day.
pub(super) fn result(run: &Run, id: &str, file: &str) -> Response<Body> {
    let now = run.clock().now();
    let made = {
        let state = run.state();
        state.slot(id).map(|slot| &state.tasks[slot]).and_then(|task| {
            let is_there =
                task.truth.fate == Fate::Success && task.truth.done <= now && now < task.truth.done + LIFETIME;
            is_there.then(|| task.asked.of(&state.models[task.model as usize].model))
        })
    };
    let Some((files, format)) = made else { return error(404, "The file does not exist or has expired") };
    let (extension, content_type, bytes) = format.file();
    let number =
        file.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.')).and_then(|stem| stem.parse().ok());
    if number.is_some_and(|number: u8| number < files) {
        content(content_type, bytes)
    } else {
        error(404, "The file does not exist or has expired")
    }
}

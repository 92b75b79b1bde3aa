//! Result files: small, but valid for those who open them.

use crate::server::request::Request;
use crate::server::respond::{content, error};
use crate::server::run::Run;
use crate::server::settings::Settings;
use crate::time::Micros;
use crate::world::truth::Fate;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::HOST;
use serde_json::{Value, json};

/// How long result URLs live, in scenario time (apixo.ai/docs, response-format).
const LIFETIME: Micros = Micros::from_secs(24 * 3_600);

/// A PNG of one grey pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b, 0x55, 0x00, 0x00, 0x00, 0x0a, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81, 0xda, 0x45, 0x08, 0x3b, 0x00, 0x00,
    0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// An MP4 file: its type box, and a media box without media.
const MP4: &[u8] = &[
    0, 0, 0, 0x18, b'f', b't', b'y', b'p', b'i', b's', b'o', b'm', 0, 0, 2, 0, b'i', b's', b'o', b'm', b'm', b'p',
    b'4', b'1', 0, 0, 0, 8, b'm', b'd', b'a', b't',
];

/// One frame of MPEG-1 layer III: 128 kbit/s, 44.1 kHz, 417 bytes, silent.
const MP3: [u8; 417] = {
    let mut frame = [0; 417];
    (frame[0], frame[1], frame[2], frame[3]) = (0xff, 0xfb, 0x90, 0x44);
    frame
};

/// What a model makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Video,
    Audio,
}

impl Kind {
    /// As the name of a model lets one guess.
    pub(super) fn of(model: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| model.contains(word));
        if has(&["sora", "veo", "video", "kling", "wan"]) {
            Self::Video
        } else if has(&["suno", "music", "audio"]) {
            Self::Audio
        } else {
            Self::Image
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
        }
    }

    const fn file(self) -> (&'static str, &'static str, &'static [u8]) {
        match self {
            Self::Image => ("png", "image/png", PNG),
            Self::Video => ("mp4", "video/mp4", MP4),
            Self::Audio => ("mp3", "audio/mpeg", &MP3),
        }
    }

    /// Files of a task: music comes in two takes.
    const fn files(self) -> usize {
        match self {
            Self::Audio => 2,
            Self::Image | Self::Video => 1,
        }
    }
}

/// Start of result URLs.
pub(super) fn base(settings: &Settings, request: &Request) -> String {
    if let Some(base) = &settings.public_base {
        return base.trim_end_matches('/').to_owned();
    }
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// A `resultJson`: a string that holds JSON.
pub(super) fn json(base: &str, id: &str, model: &str) -> Value {
    let kind = Kind::of(model);
    let urls: Vec<String> = (0..kind.files()).map(|n| format!("{base}/output/{id}/{n}.{}", kind.file().0)).collect();
    Value::from(json!({ "resultUrls": urls }).to_string())
}

/// The file of a task that succeeded and is not older than a day.
pub(super) fn result(run: &Run, id: &str, file: &str) -> Response<Body> {
    let now = run.clock().now();
    let kind = {
        let state = run.state();
        state.slot(id).map(|slot| &state.tasks[slot]).and_then(|task| {
            let is_there =
                task.truth.fate == Fate::Success && task.truth.done <= now && now < task.truth.done + LIFETIME;
            is_there.then(|| Kind::of(&state.models[task.model as usize].model.name))
        })
    };
    let Some(kind) = kind else { return error(404, "The file does not exist or has expired") };
    let (extension, content_type, bytes) = kind.file();
    let number =
        file.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.')).and_then(|stem| stem.parse().ok());
    if number.is_some_and(|number: usize| number < kind.files()) {
        content(content_type, bytes)
    } else {
        error(404, "The file does not exist or has expired")
    }
}

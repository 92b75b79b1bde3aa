//! Result files: small, but valid for those who open them.

use crate::server::request::Request;
use crate::server::respond::{content, error};
use crate::server::run::Run;
use crate::server::settings::Settings;
use crate::time::Micros;
use crate::world::model::{Model, Product};
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

/// A JPEG of one grey pixel.
const JPEG: &[u8] = &[
    0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, 0x4a, 0x46, 0x49, 0x46, 0x00, 0x01, 0x01, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00,
    0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0xff, 0xc0, 0x00, 0x0b, 0x08, 0x00,
    0x01, 0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xff, 0xc4, 0x00, 0x14, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xc4, 0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x08, 0x01,
    0x01, 0x00, 0x00, 0x3f, 0x00, 0x3f, 0xff, 0xd9,
];

/// A WebP file of one transparent pixel.
const WEBP: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L\r\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    Webp,
    Mp4,
    Mp3,
}

impl Format {
    /// The usual one.
    const fn of(product: Product) -> Self {
        match product {
            Product::Image => Self::Png,
            Product::Video => Self::Mp4,
            Product::Audio => Self::Mp3,
        }
    }

    /// Extension, content type and bytes.
    const fn file(self) -> (&'static str, &'static str, &'static [u8]) {
        match self {
            Self::Png => ("png", "image/png", PNG),
            Self::Jpeg => ("jpeg", "image/jpeg", JPEG),
            Self::Webp => ("webp", "image/webp", WEBP),
            Self::Mp4 => ("mp4", "video/mp4", MP4),
            Self::Mp3 => ("mp3", "audio/mpeg", &MP3),
        }
    }
}

/// What a submit asks for, where it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Asked {
    pub(super) files: Option<u8>,
    pub(super) format: Option<Format>,
}

impl Asked {
    /// As many files, and of that format, as a task of `model` gets.
    fn of(self, model: &Model) -> (u8, Format) {
        let format = self.format.unwrap_or_else(|| Format::of(model.product()));
        (self.files.unwrap_or_else(|| model.files()), format)
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
pub(super) fn json(base: &str, id: &str, asked: Asked, model: &Model) -> Value {
    let (files, format) = asked.of(model);
    let urls: Vec<String> = (0..files).map(|n| format!("{base}/output/{id}/{n}.{}", format.file().0)).collect();
    Value::from(json!({ "resultUrls": urls }).to_string())
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

//! The files of the page: it needs nothing else, and no network.

/// A file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageFile {
    /// Its path; the page itself has the path `/`.
    pub path: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! script {
    ($name:literal) => {
        PageFile {
            path: concat!("/", $name),
            media_type: "text/javascript; charset=utf-8",
            text: include_str!(concat!("../../lab/", $name)),
        }
    };
}

/// All of them.
pub const PAGE: &[PageFile] = &[
    PageFile { path: "/", media_type: "text/html; charset=utf-8", text: include_str!("../../lab/index.html") },
    PageFile { path: "/palette.css", media_type: "text/css; charset=utf-8", text: crate::palette::PAGE },
    PageFile { path: "/style.css", media_type: "text/css; charset=utf-8", text: include_str!("../../lab/style.css") },
    script!("served.js"),
    script!("main.js"),
    script!("state.js"),
    script!("scales.js"),
    script!("svg.js"),
    script!("curve.js"),
    script!("charts.js"),
    script!("controls.js"),
    script!("strategies.js"),
    script!("back.js"),
    script!("words.js"),
];

//! Where webhooks for a public address go instead: receivers under test stand on this machine.

use axum::http::Uri;
use std::str::FromStr;

/// One address and the one that stands for it, written `https://example.com=http://127.0.0.1:9000`.
///
/// ```
/// use pollbench::server::WebhookMap;
/// assert!("https://example.com=http://127.0.0.1:9000".parse::<WebhookMap>().is_ok());
/// assert!("https://example.com=https://127.0.0.1".parse::<WebhookMap>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookMap {
    from: Origin,
    host: String,
    port: u16,
}

/// Scheme, host and port of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin(String, String, u16);

/// Why a text is no [`WebhookMap`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not of the form https://HOST=http://HOST:PORT, without paths; the second must be http")]
pub struct InvalidWebhookMap {
    /// The text.
    text: String,
}

impl WebhookMap {
    /// Host and port that a URL is delivered to instead, if this is for it.
    pub(super) fn target(&self, url: &Uri) -> Option<(&str, u16)> {
        (Origin::of(url)? == self.from).then_some((&self.host, self.port))
    }
}

impl Origin {
    fn of(url: &Uri) -> Option<Self> {
        let scheme = url.scheme_str()?;
        let port = match (scheme, url.port_u16()) {
            (_, Some(port)) => port,
            ("https", None) => 443,
            ("http", None) => 80,
            (_, None) => return None,
        };
        let host = url.host().filter(|host| !host.is_empty())?;
        Some(Self(scheme.to_owned(), host.to_ascii_lowercase(), port))
    }
}

impl FromStr for WebhookMap {
    type Err = InvalidWebhookMap;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (from, to) = text.split_once('=')?;
            let origin = |text: &str| {
                let url: Uri = text.parse().ok()?;
                let is_bare = url.path_and_query().is_none_or(|path| path.as_str() == "/");
                if is_bare { Origin::of(&url) } else { None }
            };
            let (from, Origin(scheme, host, port)) = (origin(from)?, origin(to)?);
            let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            (scheme == "http").then_some(Self { from, host, port })
        };
        read().ok_or_else(|| InvalidWebhookMap { text: text.to_owned() })
    }
}

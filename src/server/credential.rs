//! Secrets that come with a request.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use std::hash::{DefaultHasher, Hasher as _};

/// A number for the API key that a request names: requests with the same key have the same.
pub(super) fn key(headers: &HeaderMap) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes())).unwrap_or_default());
    hasher.finish()
}

/// The token of a `Bearer` credential (RFC 6750 §2.1); the scheme's case does not matter.
pub(super) fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(7)?;
    let token = token.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer ") && !token.is_empty()).then_some(token)
}

/// Whether two secrets are equal, in a time that does not tell where they differ.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

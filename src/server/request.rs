//! A request as its route sees it.

use crate::server::connection::Breaker;
use crate::server::run::Line;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use tokio::sync::OwnedSemaphorePermit;

/// A request with its body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// The room that its body takes.
    pub(super) _room: Option<OwnedSemaphorePermit>,
    /// Its line in the journal.
    pub(super) line: Line,
    /// Its connection, where there is one.
    pub(super) breaker: Option<Breaker>,
}

impl Request {
    pub(super) fn query(&self) -> Option<&str> {
        self.uri.query()
    }
}

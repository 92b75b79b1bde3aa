//! A request as its route sees it, and what came of it.

use crate::server::instance::Server;
use crate::server::respond::Reply;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};

/// A request with its body.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn query(&self) -> Option<&str> {
        self.uri.query()
    }
}

/// What came of a request.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) reply: Reply,
    pub(super) task: Option<String>,
    pub(super) fault: Option<&'static str>,
}

impl Served {
    /// A reply that no fault touched.
    pub(super) fn plain(reply: Reply) -> Self {
        Self { reply, task: None, fault: None }
    }

    /// A reply that a rule made.
    pub(super) fn struck(server: &Server, rule: usize, reply: Reply) -> Self {
        let fault = server.state().faults().get(rule).map(|rule| rule.kind);
        Self { reply, task: None, fault }
    }
}

//! The mock server and the client, each against the API's contract and against the other.

mod client;
mod journal;
mod limits;
mod live_page;
mod openapi;
mod requests;
mod server;
#[path = "../support/soak.rs"]
mod soak;
mod webhooks;

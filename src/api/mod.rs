//! The APIXO API as a client meets it: what can come back for a request, and how it is written.

#[cfg(feature = "net")]
pub mod envelope;
pub mod message;
pub mod reply;

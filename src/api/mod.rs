//! The APIXO API as a client meets it: what can come back for a request.

pub mod reply;

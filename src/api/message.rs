//! What the API says with an HTTP status.

/// The envelope's `message` for a status.
#[must_use]
pub const fn message(status: u16) -> &'static str {
    match status {
        200 => "success",
        400 => "Bad request",
        401 => "Invalid or missing API key",
        402 => "Insufficient credits",
        403 => "Forbidden",
        404 => "Not found",
        408 => "Request timeout",
        429 => "Too many requests",
        500 => "Internal server error",
        502 => "Bad gateway",
        503 => "Service unavailable",
        504 => "Gateway timeout",
        _ => "Error",
    }
}

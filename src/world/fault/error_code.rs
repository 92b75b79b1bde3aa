//! The status of an HTTP error.

/// The status of an HTTP error, from 400 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(u16);

impl ErrorCode {
    /// 404 Not Found.
    pub const NOT_FOUND: Self = Self(404);
    /// 410 Gone.
    pub const GONE: Self = Self(410);
    /// 429 Too Many Requests.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// 503 Service Unavailable.
    pub const UNAVAILABLE: Self = Self(503);

    /// The status `code`; `None` where it is no error's.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            400..=599 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

//! A short text that can stand in a header.

/// The value of a header: up to 63 visible characters of ASCII and blanks between them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HeaderText {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl HeaderText {
    /// Most characters that it has.
    const LONGEST: usize = 63;
    /// What is neither a number nor a date.
    pub(super) const SOON: Self = {
        let mut bytes = [0; Self::LONGEST];
        (bytes[0], bytes[1], bytes[2], bytes[3]) = (b's', b'o', b'o', b'n');
        Self { bytes, length: 4 }
    };

    /// The header value `text`; `None` where it is empty, too long, begins or ends with a blank, or has characters that a
    /// header cannot have.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if text.is_empty() || text.len() > Self::LONGEST || text.trim() != text || !is_visible {
            return None;
        }
        let mut bytes = [0; Self::LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: text.len() as u8 })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl std::fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

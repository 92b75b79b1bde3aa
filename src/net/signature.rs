//! Signatures of webhooks: HMAC-SHA256 (RFC 2104, FIPS 180-4) over the instant of sending and the body.
//!
//! The vendor's documentation says that webhooks of batches are signed, not how: header names, the text that is signed and
//! its writing are this mock's choice.

use hmac::{Hmac, KeyInit as _, Mac as _};
#[cfg(feature = "server")]
use sha2::Digest as _;
use sha2::Sha256;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

/// Header of the signature, in hexadecimal.
pub const SIGNATURE: &str = "x-apixo-signature";
/// Header of the instant of sending, in Unix seconds.
pub const TIMESTAMP: &str = "x-apixo-timestamp";

/// What sender and receiver of webhooks both know. No message shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(Vec<u8>);

/// There is no empty secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret must not be empty")]
pub struct EmptySecret;

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(***)")
    }
}

impl FromStr for WebhookSecret {
    type Err = EmptySecret;

    fn from_str(text: &str) -> Result<Self, EmptySecret> {
        Self::new(text)
    }
}

impl WebhookSecret {
    /// The secret that is so written.
    ///
    /// # Errors
    ///
    /// It is empty.
    pub fn new(text: &str) -> Result<Self, EmptySecret> {
        if text.is_empty() { Err(EmptySecret) } else { Ok(Self(text.as_bytes().to_vec())) }
    }

    /// The mock's own where nobody gives it another: `whsec_pollbench`.
    #[must_use]
    pub fn of_the_mock() -> Self {
        Self(b"whsec_pollbench".to_vec())
    }

    /// The signature of a body that is sent at this Unix second, in hexadecimal.
    ///
    /// ```
    /// use pollbench::net::signature::WebhookSecret;
    /// let secret = WebhookSecret::new("whsec_1")?;
    /// let signature = secret.sign(1_700_000_000, b"{}");
    /// assert!(secret.holds(1_700_000_000, b"{}", &signature));
    /// assert!(!secret.holds(1_700_000_001, b"{}", &signature));
    /// # Ok::<(), pollbench::net::signature::EmptySecret>(())
    /// ```
    #[must_use]
    pub fn sign(&self, unix_s: u64, body: &[u8]) -> String {
        hexadecimal(&self.mac(&[unix_s.to_string().as_bytes(), b".", body]).finalize().into_bytes())
    }

    /// Whether `signature` is that of this body at this Unix second; in a time that does not tell where it differs.
    #[must_use]
    pub fn holds(&self, unix_s: u64, body: &[u8], signature: &str) -> bool {
        let mac = self.mac(&[unix_s.to_string().as_bytes(), b".", body]);
        bytes(signature).is_some_and(|signature| mac.verify_slice(&signature).is_ok())
    }

    fn mac(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        // A key of any length is one (RFC 2104).
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).unwrap_or_else(|_| unreachable!("keys have any length"));
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

/// What tells contents apart: their SHA-256.
#[cfg(feature = "server")]
pub(crate) fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    text.as_bytes().chunks(2).map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1 and 6: a short key, and one that is longer than a block.
    #[test]
    fn the_mac_is_that_of_the_standard() {
        let mac =
            |key: &[u8], data: &[u8]| hexadecimal(&WebhookSecret(key.to_vec()).mac(&[data]).finalize().into_bytes());
        assert_eq!(mac(&[0x0b; 20], b"Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_eq!(
            mac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn what_is_no_signature_does_not_hold() {
        let secret = WebhookSecret::new("s").expect("not empty");
        let right = secret.sign(7, b"body");
        assert!(secret.holds(7, b"body", &right.to_uppercase()));
        for wrong in ["", "zz", "0", &right[1..], &right[2..], &format!("{right}00"), "é"] {
            assert!(!secret.holds(7, b"body", wrong), "{wrong}");
        }
        assert!(!secret.holds(7, b"other", &right) && !secret.holds(8, b"body", &right));
        assert_eq!(WebhookSecret::new(""), Err(EmptySecret));
        assert_eq!(format!("{secret:?}"), "WebhookSecret(***)");
    }
}

//! Numbers as spreadsheets write them: with a decimal point or a decimal comma.

/// What stands before the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// A point; commas divide thousands.
    Point,
    /// A comma; points divide thousands.
    Comma,
}

impl Decimal {
    /// The names of both, as [`Decimal::named`] knows them.
    pub const NAMES: &'static [&'static str] = &["point", "comma"];

    /// The sign written `point` or `comma`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Point, Self::Comma].into_iter().find(|sign| sign.name() == name)
    }

    /// What stands before the fraction, and what divides thousands.
    pub(super) fn marks(self) -> (char, char) {
        match self {
            Self::Point => ('.', ','),
            Self::Comma => (',', '.'),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Point => Self::NAMES[0],
            Self::Comma => Self::NAMES[1],
        }
    }
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoNumber {
    /// It is something else.
    Other,
    /// It is one of two: `1,234`.
    Ambiguous,
}

/// Words for nothing.
const NOTHING: [&str; 9] = ["-", "null", "none", "nan", "n/a", "na", "nil", "\\n", "nat"];

/// Whether a cell says that nothing is there.
pub(super) fn is_empty(text: &str) -> bool {
    text.is_empty() || text.len() <= 4 && NOTHING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// What a number's own marks say of the decimal sign: `Ok(None)` where it has no comma, an error where it has one that may
/// be either.
pub(super) fn evidence(text: &str) -> Result<Option<Decimal>, NoNumber> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b"+-.,".contains(&b));
    let (Some(comma), true) = (text.rfind(','), is_number) else { return Ok(None) };
    if let Some(point) = text.rfind('.') {
        return Ok(Some(if point > comma { Decimal::Point } else { Decimal::Comma }));
    }
    if text.matches(',').count() > 1 {
        return Ok(Some(Decimal::Point));
    }
    let (whole, fraction) = (text[..comma].trim_start_matches(['+', '-']), &text[comma + 1..]);
    if fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
        return Err(NoNumber::Ambiguous);
    }
    Ok(Some(Decimal::Comma))
}

/// What the points of a number without commas say of the decimal sign, in a file where either may be one: as [`evidence`] does
/// for commas.
pub(super) fn evidence_of_points(text: &str) -> Result<Option<Decimal>, NoNumber> {
    let bare = text.trim_start_matches(['+', '-']);
    let is_number = !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let Some((whole, fraction)) = bare.split_once('.').filter(|_| is_number) else { return Ok(None) };
    if fraction.contains('.') {
        return Ok(is_grouped(bare, '.').then_some(Decimal::Comma));
    }
    if fraction.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0') {
        return Err(NoNumber::Ambiguous);
    }
    Ok(Some(Decimal::Point))
}

/// The number that a text is.
pub(super) fn number(text: &str, decimal: Option<Decimal>) -> Result<f64, NoNumber> {
    let plain = |text: &str| {
        // Words such as `inf` and `nan` are no numbers here.
        let starts = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
        if starts { text.parse().map_err(|_| NoNumber::Other) } else { Err(NoNumber::Other) }
    };
    if !text.contains(',') && decimal != Some(Decimal::Comma) {
        return plain(text);
    }
    let decimal = match decimal {
        Some(decimal) => decimal,
        None => evidence(text)?.ok_or(NoNumber::Other)?,
    };
    let (sign, thousands) = decimal.marks();
    let (whole, fraction) = text.split_once(sign).unwrap_or((text, ""));
    if fraction.contains(thousands) || !is_grouped(whole, thousands) {
        return Err(NoNumber::Other);
    }
    plain(&format!("{}.{}", whole.replace(thousands, ""), if fraction.is_empty() { "0" } else { fraction }))
}

/// Whether the digits stand in groups of three, where they stand in groups at all.
pub(super) fn is_grouped(whole: &str, thousands: char) -> bool {
    let mut groups = whole.trim_start_matches(['+', '-']).split(thousands);
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.peekable();
    (rest.peek().is_none() || (1..=3).contains(&first.len())) && rest.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_a_decimal_sign_or_asked_about() {
        for (text, expected) in [
            ("136.700", Err(NoNumber::Ambiguous)),
            ("-1.234", Err(NoNumber::Ambiguous)),
            ("1.234.567", Ok(Some(Decimal::Comma))),
            ("0.700", Ok(Some(Decimal::Point))),
            ("136.7", Ok(Some(Decimal::Point))),
            ("1234.567", Ok(Some(Decimal::Point))),
            ("136", Ok(None)),
            ("01.05.2024", Ok(None)),
            ("1.234,5", Ok(None)),
            ("1.5e3", Ok(None)),
        ] {
            assert_eq!(evidence_of_points(text), expected, "{text}");
        }
    }

    #[test]
    fn commas_and_points_are_read_or_asked_about() {
        for (text, decimal, expected) in [
            ("12.5", None, Ok(12.5)),
            ("12,5", None, Ok(12.5)),
            ("1.234,5", None, Ok(1234.5)),
            ("1,234.5", None, Ok(1234.5)),
            ("1,234,567", None, Ok(1_234_567.0)),
            ("0,125", None, Ok(0.125)),
            ("1,234", None, Err(NoNumber::Ambiguous)),
            ("1,234", Some(Decimal::Comma), Ok(1.234)),
            ("1,234", Some(Decimal::Point), Ok(1234.0)),
            ("1.234", Some(Decimal::Comma), Ok(1234.0)),
            ("1.23", Some(Decimal::Comma), Err(NoNumber::Other)),
            ("1.5e3", None, Ok(1500.0)),
            ("-3", None, Ok(-3.0)),
            ("inf", None, Err(NoNumber::Other)),
            ("NaN", None, Err(NoNumber::Other)),
            ("", None, Err(NoNumber::Other)),
            ("1,2,3", None, Err(NoNumber::Other)),
            ("12:30", None, Err(NoNumber::Other)),
        ] {
            assert_eq!(number(text, decimal), expected, "{text} {decimal:?}");
        }
    }
}

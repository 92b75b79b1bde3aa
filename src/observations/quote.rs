//! What stands in a file, as messages quote it: short, and harmless to a terminal.

/// Most characters.
const MOST: usize = 40;

/// The beginning of a text, with what a terminal would act upon, or not show, written out.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MOST));
    for (at, c) in text.chars().enumerate() {
        match c {
            _ if at == MOST => {
                out.push('…');
                break;
            }
            c if c.is_control() => out.extend(c.escape_debug()),
            // Marks that turn the direction of a line, or break it.
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_short_and_plain() {
        for (text, expected) in [
            ("größe, \"netto\"", "größe, \"netto\""),
            ("a\0b\u{1b}[31m\r\n", "a\\0b\\u{1b}[31m\\r\\n"),
            ("\u{202e}1,5", "\\u{202e}1,5"),
            ("", ""),
        ] {
            assert_eq!(shown(text), expected);
        }
        assert_eq!(shown(&"x".repeat(41)), format!("{}…", "x".repeat(40)));
        assert_eq!(shown(&"x".repeat(40)), "x".repeat(40));
    }
}

//! Commands that a user may give again.

/// A word as a shell takes it back: as it is where that is safe, else between apostrophes. Braces are not: with a comma
/// between them a shell makes two words of one.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=,@+%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_spaces_and_quotes_stays_one() {
        assert_eq!(quoted("a folder/it's mine.toml"), r"'a folder/it'\''s mine.toml'");
        assert_eq!(quoted("mine.toml"), "mine.toml");
        assert_eq!((quoted(""), quoted("{a,b}")), ("''".to_owned(), "'{a,b}'".to_owned()));
    }
}

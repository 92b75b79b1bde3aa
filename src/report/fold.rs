//! Text for a terminal of some width: what is too long goes on in the next line.

/// Further than the line itself, in characters.
const INDENT: usize = 4;

/// The text with every line that is longer than `width` broken where there is a space, at a gap between columns if that is
/// possible; what goes on is indented. Only a single word can still be longer.
///
/// ```
/// use pollbench::report::fold::fold;
/// assert_eq!(fold("  wait, then ask again\n", 14), "  wait, then\n      ask\n      again\n");
/// ```
#[must_use]
pub fn fold(text: &str, width: usize) -> String {
    text.split_inclusive('\n').map(|line| folded(line, width)).collect()
}

fn folded(line: &str, width: usize) -> String {
    let (content, end) = line.strip_suffix('\n').map_or((line, ""), |content| (content, "\n"));
    let indent = content.len() - content.trim_start_matches(' ').len();
    // Where a terminal is very narrow, the indentation is the first to go.
    let further = if indent + INDENT < width / 2 { indent + INDENT } else { 0 };
    let (mut out, mut rest, mut lead) = (String::new(), content.trim_end_matches(' '), 0);
    while let Some(at) = break_point(rest, width.saturating_sub(lead)) {
        out += &format!("{:lead$}{}\n", "", &rest[..at]);
        (rest, lead) = (rest[at..].trim_start_matches(' '), further);
    }
    if !rest.is_empty() {
        out += &format!("{:lead$}{rest}", "");
    }
    out + end
}

/// Where to break a line that is longer than `room`: at the end of the last word that fits before a gap of two spaces, if
/// half of the room is used then, or else of the last that fits, or else of the first.
fn break_point(line: &str, room: usize) -> Option<usize> {
    let (mut first, mut last, mut before_gap) = (None, None, None);
    let (mut chars, mut previous) = (0, ' ');
    for (at, char) in line.char_indices() {
        if char == ' ' && previous != ' ' {
            first = first.or(Some(at));
            if chars <= room {
                last = Some(at);
                let is_gap = line[at..].starts_with("  ") && chars > room / 2;
                before_gap = if is_gap { last } else { before_gap };
            }
        }
        (chars, previous) = (chars + 1, char);
    }
    if chars <= room { None } else { before_gap.or(last).or(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_stay_together() {
        let line = "  name    1.00 +/- 0.1   2.00   wait 3 s, then every 4 s\n";
        assert_eq!(fold(line, 40), "  name    1.00 +/- 0.1   2.00\n      wait 3 s, then every 4 s\n");
        assert_eq!(fold(line, 200), line);
    }

    proptest! {
        #![proptest_config(crate::soak::cases(256))]

        #[test]
        fn words_stay_and_only_single_words_are_longer(text in "( {0,9}[a-zé+]{0,12}|\n){0,20}", width in 1_usize..90) {
            let folded = fold(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(words(&folded), words(&text));
            for line in folded.lines().filter(|line| line.trim_end().chars().count() > width) {
                prop_assert!(words(line).len() == 1, "{:?}", line);
            }
        }
    }
}

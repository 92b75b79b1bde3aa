//! Names that users chose, made harmless where they are printed.

/// Text for HTML and SVG, in elements and in quoted attributes.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text for Markdown, in paragraphs and in table cells.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            // An entity keeps a mention or an issue number from becoming a link.
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A text as part of a file name or an anchor: small letters and digits, with single dots and dashes between them.
pub(super) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let inside = out.ends_with(|last: char| last.is_ascii_alphanumeric());
        if c.is_ascii_alphanumeric() || c == '.' && inside {
            out.push(c.to_ascii_lowercase());
        } else if inside {
            out.push('-');
        }
    }
    let slug = out.trim_end_matches(['-', '.']);
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

/// Slugs that differ wherever the texts do: a repeated one gets a number.
pub(super) fn slugs(texts: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for text in texts {
        let first = slug(text);
        let mut candidate = first.clone();
        let mut number = 2;
        while out.contains(&candidate) {
            candidate = format!("{first}-{number}");
            number += 1;
        }
        out.push(candidate);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(html(r#"<b a="1">&'"#), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
        assert_eq!(markdown("a|b_c\n<i>@me"), "a\\|b\\_c &lt;i&gt;&#64;me");
    }

    #[test]
    fn slugs_are_safe_and_unique() {
        assert_eq!(slugs(&["../A b", "a-b", "Sora 2.1", "///"]), ["a-b", "a-b-2", "sora-2.1", "unnamed"]);
    }
}

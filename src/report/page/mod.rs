//! What every page has: its head with style and colours, its sections and folds, its script.

pub(super) mod parts;

use super::escape::html as escape;
use crate::palette::{PAGE, THEME};

/// A page with this title, up to the start of its body.
pub(super) fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>\n{}{}{}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the answer</a>\n",
        escape(title),
        PAGE,
        include_str!("style.css"),
        theme(),
    )
}

/// The end of a page, with what makes it move where scripts run.
pub(super) fn end() -> String {
    format!("<script>\n{}</script>\n</body>\n</html>\n", include_str!("page.js"))
}

/// The same with figures that the script draws from.
pub(super) fn end_with(figures: &serde_json::Value) -> String {
    // Inside of a script element only `<` could end it.
    let figures = figures.to_string().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"figures\">{figures}</script>\n{}", end())
}

/// The charts' colours for light and for dark pages; paper is light.
fn theme() -> String {
    let (mut dark, mut rules) = (String::new(), String::new());
    for (name, on_light, on_dark) in THEME {
        dark += &format!("--c-{name}:{on_dark};");
        rules += &format!(
            "svg [fill=\"{on_light}\"]{{fill:var(--c-{name},{on_light})}}svg [stroke=\"{on_light}\"]{{stroke:var(--c-{name},{on_light})}}\n"
        );
    }
    format!("@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{rules}")
}

pub(super) fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{body}</section>\n")
}

/// A section that is folded until somebody wants it; `lead` says beside its title what it has.
pub(super) fn folded(id: &str, title: &str, lead: &str, body: &str, is_open: bool) -> String {
    let open = if is_open { " open" } else { "" };
    format!(
        "<details class=\"section\"{open}>\n<summary><h2>{title}</h2> <span class=\"lead\">{lead}</span></summary>\n\
         <div id=\"{id}\">\n{body}</div>\n</details>\n"
    )
}

/// A fold inside of a section.
pub(super) fn fold(title: &str, body: &str) -> String {
    format!("<details class=\"fold\">\n<summary>{title}</summary>\n{body}</details>\n")
}

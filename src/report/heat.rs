//! Heat maps: tables whose squares are coloured, which scroll by themselves where the page is too narrow.

use crate::figures as f;
use crate::report::escape::html as escape;

/// A heat map; what is HTML is ready to stand in the page.
pub(super) struct Heat {
    /// What it shows, as text.
    pub(super) caption: String,
    /// Over the heads of rows, as text.
    pub(super) corner: String,
    /// Whether the page's script finds it and colours it again.
    pub(super) is_live: bool,
    /// Heads of columns, as HTML.
    pub(super) columns: Vec<String>,
    /// The head of each row as text, and its squares: attributes of a cell and what it holds, as HTML; absent where
    /// nothing is known.
    pub(super) rows: Vec<(String, Vec<Option<Square>>)>,
}

/// A square of a heat map.
pub(super) struct Square {
    /// Attributes that give it its colour.
    pub(super) attributes: String,
    /// What it holds.
    pub(super) content: String,
}

impl Heat {
    pub(super) fn html(&self) -> String {
        let caption = escape(&self.caption);
        let heads: String = self.columns.iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect();
        let mut out = format!(
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{caption}\">\n<table class=\"heat\"{}>\n\
             <caption><span>{caption}</span></caption>\n\
             <thead><tr><th scope=\"col\" class=\"words\">{}</th>{heads}</tr></thead>\n<tbody>\n",
            if self.is_live { " id=\"heat\"" } else { "" },
            escape(&self.corner)
        );
        for (head, squares) in &self.rows {
            let head = escape(head);
            let name = if self.is_live { format!(" data-s=\"{head}\"") } else { String::new() };
            out += &format!("<tr{name}><th scope=\"row\" class=\"words\">{head}</th>");
            for square in squares {
                out += &square.as_ref().map_or_else(
                    || format!("<td>{}</td>", f::UNDEFINED),
                    |Square { attributes, content }| format!("<td {attributes}>{content}</td>"),
                );
            }
            out += "</tr>\n";
        }
        out + "</tbody>\n</table>\n</div>\n"
    }
}

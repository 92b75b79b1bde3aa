//! Problems of a file as people like them best: with the lines that they are about.

use super::error::{InvalidScenario, ScenarioError};
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

impl ScenarioError {
    /// The error for a terminal: each problem with its line, marked; in colours where `colour`.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Invalid(invalid) => invalid.render(colour),
            other => {
                let title = other.to_string();
                renderer(colour).render(&[Group::with_title(Level::ERROR.primary_title(title.as_str()))])
            }
        }
    }
}

impl InvalidScenario {
    /// Each problem with its line, marked; in colours where `colour`.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let renderer = renderer(colour);
        let reports: Vec<String> = self
            .problems
            .iter()
            .map(|problem| {
                let marked = AnnotationKind::Primary.span(first_line(&self.text, problem.span.clone()));
                let snippet = Snippet::source(self.text.as_str()).path(self.origin.as_str()).annotation(marked);
                let group = Level::ERROR.primary_title(problem.message.as_str()).element(snippet);
                let help = problem.help.as_deref().map(|help| Level::HELP.message(help));
                renderer.render(&[group.elements(help)])
            })
            .collect();
        reports.join("\n\n")
    }
}

fn renderer(colour: bool) -> Renderer {
    if colour { Renderer::styled() } else { Renderer::plain() }
}

/// The part of a span on its first line: whole tables are pointed at, not filled.
fn first_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    let end = text[span.clone()].find(['\r', '\n']).map_or(span.end, |line_end| span.start + line_end);
    span.start..end
}

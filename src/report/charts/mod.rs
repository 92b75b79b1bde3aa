//! Charts as SVG, each with the table of the figures that it shows.

mod axis;
mod canvas;
mod cost;
mod ecdf;
mod frame;
mod learning;
pub(super) mod lines;
mod outcomes;
mod paired;
mod pareto;
mod place;
mod raster;
mod rate;
mod timeline;
pub mod tuning;

pub(super) use crate::palette::Look;
pub(super) use timeline::timeline;

use super::Report;
use super::escape::slugs;
use super::grid::Grid;
use crate::parallel;

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Model that it is about.
    pub model: String,
    /// Name of its file without folder and ending; unique in a report.
    pub file_stem: String,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The picture: a whole document, for light backgrounds.
    pub svg: String,
    /// The figures behind it.
    pub(crate) table: Grid,
}

/// All charts, model by model. A chart that would be empty is left out.
#[must_use]
pub fn all(report: &Report<'_>) -> Vec<Chart> {
    let models = report.models();
    let stems = slugs(&models);
    parallel::each(models.len(), |at| of_model(report, models[at], &stems[at])).into_iter().flatten().collect()
}

fn of_model(report: &Report<'_>, model: &str, stem: &str) -> Vec<Chart> {
    let subject = Subject { report, model, looks: crate::palette::looks(&report.strategies()) };
    let painters = [
        ("pareto", pareto::paint(&subject)),
        ("cost", cost::paint(&subject)),
        ("outcomes", outcomes::paint(&subject)),
        ("delay-ecdf", ecdf::delay(&subject)),
        ("latency-ecdf", ecdf::latency(&subject)),
        ("paired", paired::paint(&subject)),
        ("rate", rate::paint(&subject)),
        ("raster", raster::paint(&subject)),
        ("learning", learning::paint(&subject)),
    ];
    let named = painters.into_iter().filter_map(|(kind, picture)| picture.map(|p| (kind, p)));
    named
        .map(|(kind, picture)| Chart {
            model: model.to_owned(),
            file_stem: format!("{stem}-{kind}"),
            title: picture.title,
            caption: picture.caption,
            svg: picture.svg,
            table: picture.table,
        })
        .collect()
}

/// What a chart is painted from.
struct Subject<'a> {
    report: &'a Report<'a>,
    model: &'a str,
    looks: Vec<(&'a str, Look)>,
}

impl Subject<'_> {
    fn look(&self, strategy: &str) -> Look {
        self.looks.iter().find(|(name, _)| *name == strategy).map(|(_, look)| *look).unwrap_or_default()
    }
}

/// A painted chart.
struct Picture {
    title: String,
    caption: String,
    svg: String,
    table: Grid,
}

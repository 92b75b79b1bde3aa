//! The pages: commands on them run and print what is shown, links lead somewhere, generated pages are up to date.

mod readme;
mod reference;

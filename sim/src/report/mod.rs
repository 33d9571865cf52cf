//! `report.html`: one page that needs nothing else, with charts as inline SVG.

use crate::scenario::file::Scenario;
use crate::study::{Prepared, Study};

/// What the report is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// What was played.
    pub prepared: &'a Prepared,
    /// What came of it.
    pub study: &'a Study,
    /// How it was set up.
    pub scenario: &'a Scenario,
}

/// The page.
#[must_use]
pub fn page(_subject: &Subject<'_>) -> String {
    String::new()
}

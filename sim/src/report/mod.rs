//! `report.html`: one page that needs nothing else, with charts as inline SVG.
//!
//! [`svg`] draws bars, points and axes; [`charts`] makes charts of a story; [`map`] draws roads and pickups; [`page`]
//! puts it all together. Nothing of the outside world is loaded; all text is escaped.

pub mod svg;

pub mod charts;

pub mod map;

pub mod day;

pub mod page;

//! Everything that can be drawn, projected once, with an index so that a tile costs only what is on it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mvt::{GeomEncoder, GeomType, Layer, Tile};
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::geometry::{BUFFER, EXTENT, Point, clip, project, simplify};
use crate::map::{Map, Place};

/// A road, ready to draw.
struct Line {
    class: Arc<str>,
    name: Option<Arc<str>>,
    zoom_min: u8,
    points: Vec<Point>,
}

type Boxed = GeomWithData<Rectangle<Point>, usize>;

/// What is drawn where.
pub struct Index {
    lines: Vec<Line>,
    places: Vec<(Place, Point, u8)>,
    tree: RTree<Boxed>,
}

impl Index {
    /// Projects and indexes a region; O(points · log roads), and about 16 bytes a point.
    #[must_use]
    pub fn new(map: &dyn Map) -> Self {
        let mut words: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let mut shared = |word: &str| -> Arc<str> {
            words.entry(word.to_owned()).or_insert_with(|| word.into()).clone()
        };
        let mut lines = Vec::new();
        map.for_each_road(&mut |road| {
            lines.push(Line {
                class: shared(road.class),
                name: road.name.map(&mut shared),
                zoom_min: zoom_of_road(road.class),
                points: road.geometry.iter().copied().map(project).collect(),
            });
        });
        let boxes = lines.iter().enumerate().map(|(idx, line)| {
            let envelope = AABB::from_points(line.points.iter());
            GeomWithData::new(Rectangle::from_aabb(envelope), idx)
        });
        let tree = RTree::bulk_load(boxes.collect());
        let places = map.places().into_iter().map(|place| {
            let point = project(place.point);
            let zoom_min = zoom_of_place(&place.kind);
            (place, point, zoom_min)
        });
        Self { places: places.collect(), tree, lines }
    }

    /// The tile, encoded; empty where nothing is.
    ///
    /// # Errors
    /// [`mvt::Error`], which does not happen for finite coordinates and two layers of different names.
    pub fn encode(&self, zoom: u8, column: u32, row: u32) -> Result<Vec<u8>, mvt::Error> {
        let view = View::new(zoom, column, row);
        let mut tile = Tile::new(4096);
        let roads = self.roads(&view, tile.create_layer("roads"))?;
        let places = self.places(&view, tile.create_layer("places"))?;
        for layer in [roads, places] {
            if 0 < layer.num_features() {
                tile.add_layer(layer)?;
            }
        }
        tile.to_bytes()
    }

    fn roads(&self, view: &View, mut layer: Layer) -> Result<Layer, mvt::Error> {
        let found = self.tree.locate_in_envelope_intersecting(view.envelope());
        let mut idxs: Vec<usize> = found.map(|boxed| boxed.data).collect();
        // The order of the tree is not that of the map.
        idxs.sort_unstable();
        for line in idxs.into_iter().filter_map(|idx| self.lines.get(idx)) {
            if view.zoom < line.zoom_min {
                continue;
            }
            let scaled: Vec<Point> = line.points.iter().map(|&point| view.scale(point)).collect();
            let parts = clip(&simplify(&scaled, view.tolerance()));
            if parts.is_empty() {
                continue;
            }
            let mut encoder = GeomEncoder::<f64>::new(GeomType::Linestring);
            for part in parts {
                for [x, y] in part {
                    encoder.add_point(x, y)?;
                }
                encoder.complete_geom()?;
            }
            let mut feature = layer.into_feature(encoder.encode()?);
            feature.add_tag_string("class", &line.class);
            if let Some(name) = &line.name {
                feature.add_tag_string("name", name);
            }
            layer = feature.into_layer();
        }
        Ok(layer)
    }

    fn places(&self, view: &View, mut layer: Layer) -> Result<Layer, mvt::Error> {
        for (place, point, zoom_min) in &self.places {
            let [x, y] = view.scale(*point);
            let inside = [x, y].iter().all(|c| (-BUFFER..=EXTENT + BUFFER).contains(c));
            if !inside || view.zoom < *zoom_min {
                continue;
            }
            let geometry = GeomEncoder::<f64>::new(GeomType::Point).point(x, y)?.encode()?;
            let mut feature = layer.into_feature(geometry);
            feature.add_tag_string("name", &place.name);
            feature.add_tag_string("kind", &place.kind);
            if let Some(population) = place.population {
                feature.add_tag_uint("population", u64::from(population));
            }
            layer = feature.into_layer();
        }
        Ok(layer)
    }
}

/// One tile's window on the map.
struct View {
    zoom: u8,
    column: f64,
    row: f64,
    tiles: f64,
}

impl View {
    fn new(zoom: u8, column: u32, row: u32) -> Self {
        let (column, row) = (f64::from(column), f64::from(row));
        Self { zoom, column, row, tiles: f64::from(zoom).exp2() }
    }

    fn scale(&self, [x, y]: Point) -> Point {
        [(x * self.tiles - self.column) * EXTENT, (y * self.tiles - self.row) * EXTENT]
    }

    fn envelope(&self) -> AABB<Point> {
        let margin = BUFFER / EXTENT;
        let corner =
            |dx: f64, dy: f64| [(self.column + dx) / self.tiles, (self.row + dy) / self.tiles];
        AABB::from_corners(corner(-margin, -margin), corner(1.0 + margin, 1.0 + margin))
    }

    /// Half a screen pixel; nothing at the zooms where streets fill the screen.
    const fn tolerance(&self) -> f64 {
        if self.zoom < 15 { 4.0 } else { 1.0 }
    }
}

/// The zoom from which a road is drawn.
fn zoom_of_road(class: &str) -> u8 {
    match class.strip_suffix("_link").unwrap_or(class) {
        "motorway" | "trunk" => 4,
        "primary" => 6,
        "secondary" => 8,
        "tertiary" => 9,
        "unclassified" => 11,
        "residential" | "living_street" => 12,
        _ => 13,
    }
}

/// The zoom from which a place is named.
fn zoom_of_place(kind: &str) -> u8 {
    match kind {
        "city" => 4,
        "town" => 7,
        "village" => 9,
        "suburb" | "hamlet" => 11,
        _ => 12,
    }
}

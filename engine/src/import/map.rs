//! What is kept of an OpenStreetMap extract: tagged nodes, ways, relations, nothing interpreted yet.
//!
//! The way between the two is deliberate: `pbf` fills this from bytes, tests fill it by hand, and
//! [`super::import_map`] does not know which. Elements are sorted by id, so the order of blobs does not matter.

use crate::geo::LatLon;

/// The tags of one element, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(Vec<(Box<str>, Box<str>)>);

impl Tags {
    /// The value of `key`; the first one should a file repeat it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// Whether `key` has exactly this value.
    #[must_use]
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.get(key) == Some(value)
    }

    /// All tags.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (&**k, &**v))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Tags {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(iter: I) -> Self {
        Self(iter.into_iter().map(|(k, v)| (k.into(), v.into())).collect())
    }
}

/// A node with a position; most have no tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapNode {
    /// OpenStreetMap id.
    pub id: i64,
    /// Where it is.
    pub point: LatLon,
    /// Its tags, empty unless the import has a use for them.
    pub tags: Tags,
}

/// A way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapWay {
    /// OpenStreetMap id.
    pub id: i64,
    /// The nodes along it.
    pub refs: Vec<i64>,
    /// Its tags.
    pub tags: Tags,
}

/// What a relation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A node.
    Node,
    /// A way.
    Way,
    /// Another relation.
    Relation,
}

/// A member of a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// Its OpenStreetMap id.
    pub id: i64,
    /// What it does in the relation.
    pub role: Box<str>,
}

/// A turn restriction as it was mapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRelation {
    /// OpenStreetMap id.
    pub id: i64,
    /// Its tags.
    pub tags: Tags,
    /// Its members in order.
    pub members: Vec<Member>,
}

/// An extract: everything the import looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapData {
    nodes: Vec<MapNode>,
    ways: Vec<MapWay>,
    restrictions: Vec<MapRelation>,
}

impl MapData {
    /// From elements in any order; of several with one id the first stays.
    #[must_use]
    pub fn new(
        mut nodes: Vec<MapNode>,
        mut ways: Vec<MapWay>,
        mut restrictions: Vec<MapRelation>,
    ) -> Self {
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        ways.sort_by_key(|way| way.id);
        ways.dedup_by_key(|way| way.id);
        restrictions.sort_by_key(|relation| relation.id);
        restrictions.dedup_by_key(|relation| relation.id);
        Self { nodes, ways, restrictions }
    }

    /// Nodes in ascending order of id.
    #[must_use]
    pub fn nodes(&self) -> &[MapNode] {
        &self.nodes
    }

    /// Ways in ascending order of id.
    #[must_use]
    pub fn ways(&self) -> &[MapWay] {
        &self.ways
    }

    /// Turn restrictions in ascending order of id.
    #[must_use]
    pub fn restrictions(&self) -> &[MapRelation] {
        &self.restrictions
    }

    /// The row of the node with this id.
    #[must_use]
    pub fn node_idx(&self, id: i64) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }
}

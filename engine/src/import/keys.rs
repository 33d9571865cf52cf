//! Which tags of roads the import reads; it forgets all others while it decodes the file.

use super::access::CONDITIONAL;
use super::profile::Profile;

/// Keys that are read whatever the profile, without direction and condition. All that begin with `maxspeed` are read, too.
const KEYS: [&str; 25] = [
    "highway",
    "route",
    "name",
    "ref",
    "area",
    "service",
    "tracktype",
    "surface",
    "smoothness",
    "junction",
    "oneway",
    "foot",
    "bicycle",
    "duration",
    "source:maxspeed",
    "zone:maxspeed",
    "zone:traffic",
    "maxheight",
    "maxheight:physical",
    "maxwidth",
    "maxwidth:physical",
    "maxlength",
    "maxweight",
    "maxweightrating",
    "barrier",
];

impl Profile {
    /// Whether some rule reads a tag of a road with this key.
    pub(super) fn reads(&self, key: &str) -> bool {
        let stem = key.strip_suffix(CONDITIONAL).unwrap_or(key);
        let stem = [":forward", ":backward"]
            .into_iter()
            .find_map(|suffix| stem.strip_suffix(suffix))
            .unwrap_or(stem);
        let is_of = |list: &[String], key: &str| list.iter().any(|entry| entry == key);
        KEYS.contains(&stem)
            || stem.starts_with("maxspeed")
            || key == self.length_tag
            || is_of(&self.access.keys, stem)
            || is_of(&self.access.modes, stem.strip_prefix("oneway:").unwrap_or(stem))
            || self.access.contraflow.iter().any(|entry| entry.split('=').next() == Some(key))
    }
}

//! On which side of the road one drives: told by the roundabouts of the map.

use super::map::{MapData, MapWay};
use super::profile::{Profile, SideRule};

/// Whether one drives on the left: as the profile says, or as most roundabouts are driven; on the right if there are none.
pub(super) fn drives_left(map: &MapData, profile: &Profile) -> bool {
    match profile.driving_side {
        SideRule::Left => true,
        SideRule::Right => false,
        SideRule::Auto => {
            let votes = map.ways().iter().filter_map(|way| is_clockwise(map, way));
            votes.map(|clockwise| if clockwise { 1 } else { -1 }).sum::<i64>() > 0
        }
    }
}

/// Whether a roundabout, or an arc of one, is driven clockwise; `None` for other ways and for straight ones.
fn is_clockwise(map: &MapData, way: &MapWay) -> Option<bool> {
    if !way.tags.is("junction", "roundabout") || way.tags.get("highway").is_none() {
        return None;
    }
    let nodes = way.refs.iter().filter_map(|&id| map.node_idx(id));
    let points: Vec<(f64, f64)> = nodes
        .map(|node| map.nodes()[node].point)
        .map(|point| (point.lon() * point.lat().to_radians().cos(), point.lat()))
        .collect();
    let bends = points.windows(3).map(|p| {
        let [a, b, c] = [p[0], p[1], p[2]];
        (b.0 - a.0) * (c.1 - b.1) - (b.1 - a.1) * (c.0 - b.0)
    });
    let (left, right) = bends.fold((0_usize, 0_usize), |(left, right), bend| {
        (left + usize::from(bend > 0.0), right + usize::from(bend < 0.0))
    });
    let against = matches!(way.tags.get("oneway"), Some("-1" | "reverse"));
    (left != right).then_some((right > left) != against)
}

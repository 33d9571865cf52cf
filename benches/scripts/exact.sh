#!/bin/sh
# A million random pairs a map against a Dijkstra that shares no code with the engine: single queries, matrix cells, every tenth path
# arc by arc, and every turn of these paths against the turn restrictions of the map.
#
#   benches/scripts/exact.sh [MAP.osm.pbf ...]     without a map: the bundled one
#
# 5,000 sources x 200 targets; SOURCES and TARGETS in the environment change that. Ends with 1 if one answer is wrong anywhere.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- data/regions/isle-of-man.osm.pbf
cargo build --release --quiet --workspace --bin sharxi
cargo build --release --quiet --workspace --bin verify_routing
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
for map in "$@"; do
    "$bin/sharxi" region build "$map" -o "$work/map.region" --profile data/profiles/car.toml >/dev/null
    "$bin/sharxi" region export "$work/map.region" --dimacs "$work/map" >/dev/null
    printf '%s: ' "$(basename "$map" .osm.pbf)"
    "$bin/verify_routing" "$work/map.region" "$work/map.gr" "${SOURCES:-5000}" "${TARGETS:-200}" "$map" || status=1
done
exit $status

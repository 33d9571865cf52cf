#!/bin/sh
# Everything that docs/performance.md says about travel times, measured again. Raw results go to benches/results/routing/.
#
#   benches/scripts/routing.sh [FOLDER]    FOLDER holds the real maps; without it the bundled island stands for all of them
#
# Takes about an hour on two cores; nothing else should run meanwhile. Needs cargo, a C++ compiler, and Python 3.12 or newer as
# $PYTHON (default: python3) for OSRM and Valhalla. Every step checks its answers and ends this script with 1 if one is wrong.
set -eu
cd "$(dirname "$0")/../.."
folder=${1:-}
scripts=benches/scripts
out=benches/results/routing
maps=""
for map in rhein-neckar-roads-2016 malta-2024 vulkaneifel-matsim-2021 isle-of-man-2020; do
    file=$folder/$map.osm.pbf
    [ -n "$folder" ] && [ -f "$file" ] && maps="$maps $file"
done
[ -n "$maps" ] || maps=data/regions/isle-of-man.osm.pbf

cargo build --release --quiet --workspace --features sharxi-benches/peers --bin compare_routing
bin=${CARGO_TARGET_DIR:-target}/release
for map in $maps; do
    "$bin/compare_routing" "$map" 20000 7 "$out/$(basename "$map" .osm.pbf).txt"
done
# shellcheck disable=SC2086 # the list is meant to be split
"$scripts/exact.sh" $maps >"$out/exact.txt" || { cat "$out/exact.txt"; exit 1; }
# shellcheck disable=SC2086
"${PYTHON:-python3}" "$scripts/peers.py" --maps $maps
"$scripts/scale.sh" $folder

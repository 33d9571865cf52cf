#!/bin/sh
# How travel times grow with the map: 10^3, 10^4, 10^5, 3 x 10^5 and 10^6 nodes, beside routingkit-cch (and fast_paths up to 4 x 10^5).
#
#   benches/scripts/scale.sh [FOLDER]     FOLDER holds the real maps; without it copies of the bundled island are all there is
#
# The two smallest are single real maps where FOLDER has them, the others are mosaics of them (benches/src/bin/mosaic.rs).
# SIZES, QUERIES and ROUNDS in the environment change what is measured. Results: benches/results/routing/scale-NODES.{txt,json}, and
# docs/images/scale.svg drawn from them by benches/scripts/scale_plot.py (needs matplotlib; peers.py's environment has it).
set -eu
cd "$(dirname "$0")/../.."
out=benches/results/routing
island=data/regions/isle-of-man.osm.pbf
folder=${1:-}
maps="rhein-neckar-roads-2016 malta-2024 vulkaneifel-matsim-2021 isle-of-man-2020 liechtenstein-2025 north-bayreuth-2014"
all=""
for map in $maps; do
    file=$folder/$map.osm.pbf
    [ -n "$folder" ] && [ -f "$file" ] && all="$all $file"
done
[ -n "$all" ] || all=$island
only() { file=$folder/$1.osm.pbf; if [ -n "$folder" ] && [ -f "$file" ]; then echo "$file"; else echo "$island"; fi; }

cargo build --release --quiet --workspace --features sharxi-benches/peers --bin mosaic --bin compare_routing
bin=${CARGO_TARGET_DIR:-target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for size in ${SIZES:-1000 10000 100000 300000 1000000}; do
    case $size in
        1000) from=$(only north-bayreuth-2014) ;;
        10000) from=$(only vulkaneifel-matsim-2021) ;;
        *) from=$all ;;
    esac
    # The list is meant to be split.
    # shellcheck disable=SC2086
    "$bin/mosaic" "$work/map.region" "$size" $from >"$out/scale-$size.json"
    cat "$out/scale-$size.json"
    "$bin/compare_routing" "$work/map.region" "${QUERIES:-10000}" "${ROUNDS:-5}" "$out/scale-$size.txt"
done
python=${SHARXI_PLOT_PYTHON:-${TMPDIR:-/tmp}/sharxi-peers/venv/bin/python}
if [ -x "$python" ]; then "$python" benches/scripts/scale_plot.py; else echo "scale.sh: no matplotlib; run benches/scripts/scale_plot.py with one" >&2; fi

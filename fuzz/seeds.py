#!/usr/bin/env python3
"""Writes a village as OpenStreetMap PBF: the map of all targets, and the first inputs of `pbf`."""
import pathlib, struct, sys

def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)

def zigzag(n): return varint(n << 1 if n >= 0 else (-n << 1) - 1)
def number(field, n): return varint(field << 3) + varint(n)
def signed(field, n): return varint(field << 3) + zigzag(n)
def data(field, body): return varint(field << 3 | 2) + varint(len(body)) + body
def packed(field, numbers, one=varint): return data(field, b"".join(map(one, numbers)))

def deltas(numbers):
    return [n - before for n, before in zip(numbers, [0, *numbers])]

def block(dense=True):
    strings = [""]
    def text(word):
        if word not in strings:
            strings.append(word)
        return strings.index(word)
    def tags(**given):
        keys = [text(key) for key in given]
        values = [text(value) for value in given.values()]
        return keys, values
    ids = list(range(1, 17))
    place = lambda i: (541500000 + 20000 * ((i - 1) // 4), -45000000 + 30000 * ((i - 1) % 4))
    of_node = {6: dict(highway="traffic_signals"), 10: dict(place="village", name="Streetend", population="300"),
               11: dict(barrier="gate", access="private"), 4: dict(amenity="school", name="School")}
    if dense:
        keys_values = []
        for i in ids:
            for key, value in of_node.get(i, {}).items():
                keys_values += [text(key), text(value)]
            keys_values.append(0)
        lats, lons = zip(*map(place, ids))
        nodes = data(2, packed(1, deltas(ids), zigzag) + packed(8, deltas(lats), zigzag)
                     + packed(9, deltas(lons), zigzag) + packed(10, keys_values))
    else:
        nodes = b""
        for i in ids:
            keys, values = tags(**of_node.get(i, {}))
            lat, lon = place(i)
            nodes += data(1, signed(1, i) + packed(2, keys) + packed(3, values) + signed(8, lat) + signed(9, lon))
    def way(i, refs, **given):
        keys, values = tags(**given)
        return data(3, number(1, i) + packed(2, keys) + packed(3, values) + packed(8, deltas(refs), zigzag))
    ways = [way(101, [1, 2, 3, 4], highway="primary", name="High Street", maxspeed="30 mph"),
            way(102, [5, 6, 7, 8], highway="residential", name="Church Road", oneway="yes"),
            way(103, [9, 10, 11, 12], highway="tertiary", maxspeed="60", lanes="2"),
            way(104, [13, 14, 15, 16], highway="track", tracktype="grade2"),
            way(105, [1, 5, 9, 13], highway="secondary", ref="B 12"),
            way(106, [4, 8, 12, 16], highway="unclassified", surface="gravel"),
            way(107, [2, 6, 10, 14], highway="service", access="destination"),
            way(108, [3, 7, 11, 15], highway="living_street", **{"access:conditional": "no @ (Mo-Fr 07:00-09:00)"}),
            way(109, [13, 16], route="ferry", duration="00:20"),
            way(110, [2, 3, 7, 6, 2], highway="primary", junction="roundabout")]
    keys, values = tags(type="restriction", restriction="no_left_turn")
    roles = [text(role) for role in ("from", "via", "to")]
    relation = data(4, number(1, 201) + packed(2, keys) + packed(3, values) + packed(8, roles)
                    + packed(9, deltas([101, 2, 107]), zigzag) + packed(10, [1, 0, 1]))
    groups = data(2, nodes) + data(2, b"".join(ways)) + data(2, relation)
    return data(1, b"".join(data(1, s.encode()) for s in strings)) + groups

def blob(kind, body):
    body = data(1, body) + number(2, len(body))
    head = data(1, kind) + number(3, len(body))
    return struct.pack(">I", len(head)) + head + body

header = b"".join(data(4, feature) for feature in (b"OsmSchema-V0.6", b"DenseNodes"))
whole = blob(b"OSMHeader", header) + blob(b"OSMData", block())
corpus = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")
(corpus / "pbf").mkdir(parents=True, exist_ok=True)
(corpus.parent / "village.osm.pbf").write_bytes(whole)
for name, body in [("file", b"\0" + whole), ("dense", b"\1" + block()), ("plain", b"\1" + block(False))]:
    (corpus / "pbf" / name).write_bytes(body)

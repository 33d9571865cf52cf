"""Regions: road networks made from OpenStreetMap extracts."""

from __future__ import annotations

import json
import os
from typing import Any

from . import _native

Path = str | os.PathLike[str]


def build_region(
    map: Path, output: Path, *, profile: Path = "shared-taxi", name: str | None = None
) -> dict[str, Any]:
    """Imports the extract ``map`` (.osm.pbf), writes the region file ``output``, and returns its figures.

    ``profile`` is ``"shared-taxi"``, ``"car"`` or a file of your own (docs/profiles.md). The file is the same, byte for
    byte, as the one that ``sharxi region build`` writes.

    >>> sharxi.build_region("isle-of-man.osm.pbf", "iom.region", name="Isle of Man")["nodes"]
    """
    return json.loads(_native.build_region(map, output, profile, name))


def region_info(region: Path) -> dict[str, Any]:
    """What a region file holds: name, profile, nodes, arcs, places, attractors, bounds (south, west, north, east).

    >>> sharxi.region_info("iom.region")["arcs"]
    """
    return json.loads(_native.region_info(region))

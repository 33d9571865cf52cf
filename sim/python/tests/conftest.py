"""A region, built once, and a scenario of one morning hour on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sharxi

DATA = Path(__file__).resolve().parents[3] / "data"


@pytest.fixture(scope="session")
def region(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("region") / "iom.region"
    info = sharxi.build_region(DATA / "regions/isle-of-man.osm.pbf", path, name="Isle of Man")
    assert info == sharxi.region_info(path)
    assert info["name"] == "Isle of Man" and info["bytes"] == path.stat().st_size
    return path


@pytest.fixture
def scenario(region: Path, tmp_path: Path) -> Path:
    path = tmp_path / "hour.toml"
    demand = DATA / "demand/isle-of-man.toml"
    path.write_text(
        f'region = "{region}"\ndemand = "{demand}"\nrequests_per_day = 1500\nfleet.taxi = 8\n'
        'start = "2026-11-24T06:00:00+00:00"\nend = "2026-11-24T07:00:00+00:00"\n'
    )
    return path


@pytest.fixture
def settings(region: Path) -> dict[str, Any]:
    """The same hour as a dict."""
    return {
        "region": region,
        "demand": DATA / "demand/isle-of-man.toml",
        "requests_per_day": 1500,
        "fleet": {"taxi": 8},
        "start": "2026-11-24T06:00:00+00:00",
        "end": "2026-11-24T07:00:00+00:00",
    }

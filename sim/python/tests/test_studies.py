"""Runs and sweeps, their errors, their tables."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import polars
import pyarrow
import pytest

import sharxi


def figures(run: sharxi.Run) -> dict[str, Any]:
    """All but what the wall clock measured."""
    return {name: value for name, value in run.kpi.items() if name not in ("wall_s", "decision_us")}


def test_a_day_from_a_file_or_a_dict_is_the_same(scenario: Path, settings: dict[str, Any]) -> None:
    of_file = sharxi.run(scenario, audit=True)
    of_dict = sharxi.run(settings | {"start": datetime(2026, 11, 24, 6, tzinfo=timezone.utc)})
    assert of_file.breaches == [] and of_dict.breaches is None
    assert figures(of_file) == figures(of_dict) and of_file.trips == of_dict.trips
    assert of_file.kpi["promises_broken"] == 0 < of_file.kpi["completed"]
    answers = of_file.trips.to_polars()["answer"].value_counts(sort=True)
    counted = dict(answers.iter_rows())
    assert len(of_file.trips) == of_file.kpi["requests"]
    assert counted["promised"] + counted.get("cancelled", 0) == of_file.kpi["promised"]
    other = sharxi.run(scenario, set={"fleet.taxi": 2}, seed=2)
    assert other.kpi["vehicles"] == 2 and other.trips != of_file.trips


def test_a_day_is_written_as_the_command_line_does(scenario: Path, tmp_path: Path) -> None:
    day = sharxi.run(scenario, output=tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"demand.csv", "fleet.csv", "events.jsonl", "kpi.json", "report.html"}
    assert json.loads((tmp_path / "out/kpi.json").read_text()) == day.kpi


def test_errors_are_the_line_of_the_command_line(scenario: Path, tmp_path: Path) -> None:
    with pytest.raises(sharxi.Error, match="^scenario: unknown key policy.max_wait; .*policy.max_wait_s") as caught:
        sharxi.run(scenario, set={"policy.max_wait": 600})
    assert "\n" not in str(caught.value)
    with pytest.raises(sharxi.Error, match="^read .*nowhere.toml: No such file"):
        sharxi.run(tmp_path / "nowhere.toml")
    with pytest.raises(sharxi.Error, match="^scenario: region is missing$"):
        sharxi.run({"fleet": {"taxi": 1}, "demand": "d.csv"})
    broken = tmp_path / "broken.osm.pbf"
    broken.write_bytes(b"no map")
    with pytest.raises(sharxi.Error, match="^import .*broken.osm.pbf: "):
        sharxi.build_region(broken, tmp_path / "broken.region")
    assert not (tmp_path / "broken.region").exists()
    with pytest.raises(sharxi.Error, match="seed can't be varied"):
        sharxi.sweep(scenario, vary={"seed": [1, 2]})
    with pytest.raises(TypeError, match="fleet.taxi: None"):
        sharxi.run(scenario, set={"fleet.taxi": None})
    with pytest.raises(ValueError, match="not both"):
        sharxi.sweep(scenario, vary={"fleet.taxi": 3}, runs=[{}])
    with pytest.raises(ValueError, match="no time zone"):
        sharxi.run(scenario, set={"start": datetime(2026, 11, 24)})


def test_text_stays_text_whatever_is_in_it(scenario: Path) -> None:
    # Without quotes this would be the number 7, and with plain quotes the quote would end it.
    for name in ("7", 'a"b\\c\n'):
        with pytest.raises(sharxi.Error, match="breakdown_at is missing"):
            sharxi.run(scenario, set={"uncertainty.breakdown_vehicle": name})


def test_a_sweep_is_a_table_for_everybody(scenario: Path, tmp_path: Path) -> None:
    swept = sharxi.sweep(
        scenario, vary={"fleet.taxi": [4, 12], "policy.reposition": [True, False]}, seeds=[2, 1], audit=True,
        output=tmp_path / "sweep",
    )
    assert (len(swept.runs), len(swept.summary), swept.reused, swept.breaches) == (8, 4, 0, 0)
    frame = swept.runs.to_polars()
    assert frame["seed"].to_list() == [1, 2] * 4 and frame["policy.reposition"].dtype == polars.Boolean
    assert frame.equals(polars.DataFrame(swept.runs))
    assert pyarrow.table(swept.runs).equals(swept.runs.to_arrow())
    assert swept.runs.to_pandas()["audit_breaches"].sum() == 0
    assert swept.runs.columns == frame.columns == swept.runs.csv.split(b"\n")[0].decode().split(",")
    assert (tmp_path / "sweep/runs.parquet").read_bytes() == swept.runs.parquet
    swept.summary.write(tmp_path / "summary.csv")
    assert (tmp_path / "summary.csv").read_bytes() == (tmp_path / "sweep/summary.csv").read_bytes()
    # A list of the same runs is the same sweep, and nothing of it is played again.
    listed = [{"fleet.taxi": taxi, "policy.reposition": on} for taxi in (4, 12) for on in (True, False)]
    again = sharxi.sweep(scenario, runs=listed, seeds=range(1, 3), audit=True, output=tmp_path / "sweep")
    assert again.reused == 8 and again.runs == swept.runs and again.summary == swept.summary


def test_a_sweep_that_was_interrupted_goes_on(scenario: Path, tmp_path: Path) -> None:
    vary = {"fleet.taxi": range(4, 10)}
    whole = sharxi.sweep(scenario, vary=vary, seeds=range(1, 6), threads=2)

    class Enough(Exception):
        pass

    def enough(done: int, _all: int) -> None:
        if done >= 2:
            raise Enough

    with pytest.raises(Enough):
        sharxi.sweep(scenario, vary=vary, seeds=range(1, 6), threads=1, output=tmp_path / "sweep", progress=enough)
    kept = len(list((tmp_path / "sweep/runs").glob("*.json")))
    assert 2 <= kept < 30
    told: list[int] = []
    again = sharxi.sweep(
        scenario, vary=vary, seeds=range(1, 6), output=tmp_path / "sweep", progress=lambda done, all: told.append(done)
    )
    assert again.reused == kept and (again.runs, again.summary) == (whole.runs, whole.summary)
    assert told == sorted(told)


def test_other_threads_go_on_meanwhile(scenario: Path) -> None:
    ticks = 0
    over = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not over.is_set():
            ticks += 1
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    sharxi.sweep(scenario, vary={"fleet.taxi": [4, 12]}, seeds=range(1, 6))
    taken = time.monotonic() - begin
    over.set()
    thread.join()
    # Held for the whole call, the lock would let a handful through.
    assert ticks > 20 * taken

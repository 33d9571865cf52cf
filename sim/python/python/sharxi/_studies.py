"""Single runs and sweeps."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from . import _native
from ._settings import Path, Scenario, axes, flat, plain, scene, seeds as listed_seeds
from ._tables import Table

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Run:
    """A simulated day."""

    kpi: dict[str, Any]
    """The figures of ``kpi.json``."""
    trips: Table
    """A row for each request: when, from where to where, the answer, the promise, what became of it."""
    breaches: list[dict[str, Any]] | None
    """What the audit objects to; ``None`` without an audit."""


@dataclass(frozen=True)
class Sweep:
    """What came of a sweep."""

    runs: Table
    """A row for each run: its name, seed, settings, breaches of the audit, every figure."""
    summary: Table
    """A row for each setting: means over its days, with 95 % intervals (``_low``, ``_high``)."""
    reused: int
    """Runs that had been done before."""
    breaches: int | None
    """Breaches of all audits; ``None`` without audits."""


def run(
    scenario: Scenario,
    *,
    set: Mapping[str, Any] | None = None,
    seed: int | None = None,
    region: Path | None = None,
    demand: Path | None = None,
    fleet: Path | None = None,
    audit: bool = False,
    output: Path | None = None,
) -> Run:
    """Plays a scenario: the path of a TOML file, or a dict of its keys (paths in it count from the working directory).

    ``set`` changes keys; ``region``, ``demand`` and ``fleet`` take the place of the scenario's files. With ``output``, a
    folder, everything that ``sharxi-sim run`` writes is there afterwards, ``report.html`` too. Other Python threads go on
    meanwhile; Ctrl-C takes effect when the day has been played.

    >>> day = sharxi.run({"region": "iom.region", "demand": "isle-of-man.toml", "fleet": {"taxi": 45, "minibus": 30}})
    >>> day.kpi["wait_s"]["p95"]
    >>> day.trips.to_polars().filter(pl.col("answer") == "rejected")
    """
    kpi, breaches, trips = _native.run(scene(scenario, set, region, demand, fleet), seed, audit, output)
    return Run(json.loads(kpi), Table(trips), None if breaches is None else json.loads(breaches))


def sweep(
    scenario: Scenario,
    *,
    vary: Mapping[str, Any] | None = None,
    runs: Iterable[Mapping[str, Any]] | None = None,
    seeds: int | Iterable[int] = 1,
    set: Mapping[str, Any] | None = None,
    region: Path | None = None,
    demand: Path | None = None,
    fleet: Path | None = None,
    audit: bool = False,
    output: Path | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    engine: Literal["local", "ray"] = "local",
    retries: int = 3,
) -> Sweep:
    """Plays many runs of a scenario: a grid (``vary``) or a list (``runs``), each with every seed.

    All runs see the same days: seed 3 is the same demand for every setting. With ``output``, a folder, each run that is done
    stays done: a sweep that was interrupted goes on when it is called again, and one with more values plays only those.
    ``progress`` is called with the number of runs done and of all.

    ``engine="ray"`` plays each run as a task of a Ray cluster (the one that ``ray.init`` was called for, or one on this
    machine alone), again up to ``retries`` times if its worker dies. The files of the scenario travel with the tasks; the
    nodes need only this package, in the same version. The tables are the same bytes as those of ``engine="local"``.

    >>> sharxi.sweep("day.toml", vary={"fleet.taxi": range(30, 61, 10), "policy.reposition": [True, False]}, seeds=range(1, 6))
    >>> sharxi.sweep("day.toml", runs=[{"fleet.taxi": 30}, {"fleet.taxi": 25, "fleet.minibus": 5}], seeds=[1, 2, 3])
    """
    if vary is not None and runs is not None:
        raise ValueError("give vary (a grid) or runs (a list), not both")
    if engine not in ("local", "ray"):
        raise ValueError(f'engine must be "local" or "ray", not {engine!r}')
    if threads is not None and not 1 <= threads <= 256:
        raise ValueError(f"threads must be between 1 and 256, not {threads}")
    if runs is None:
        settings = _native.grid(axes(vary or {}))
    else:
        settings = [[(key, plain(key, value)) for key, value in flat(each)] for each in runs]
        if not settings:
            raise ValueError("runs: at least one is needed")
    found = scene(scenario, set, region, demand, fleet)
    with tempfile.TemporaryDirectory(prefix="sharxi-") as fallback:
        plan = _native.Plan(found, settings, listed_seeds(seeds), audit, output or fallback)
        if engine == "ray":
            from ._ray import play_all

            reused = play_all(plan, found, audit=audit, retries=retries, progress=progress, cpus=threads)
        else:
            reused = plan.sweep(threads, progress)
        all_runs, summary, breaches = plan.tables()
    return Sweep(Table(all_runs), Table(summary), reused, breaches)

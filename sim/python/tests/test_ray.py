"""The sweep on a Ray cluster: 40 runs, byte for byte those of the local pool, though a worker is killed on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sharxi
from sharxi import _native
from sharxi._settings import axes, scene

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip("ray")

from sharxi import _ray  # noqa: E402  (it needs Ray)

VARY = {"fleet.taxi": [4, 6, 8, 12], "policy.reposition": [True, False]}
SEEDS = range(1, 6)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1",
             object_store_memory=200 * 1024 * 1024)
    yield
    ray.shutdown()


def tables(folder: Path) -> dict[str, bytes]:
    names = ("runs.csv", "runs.parquet", "summary.csv", "summary.parquet")
    return {name: (folder / name).read_bytes() for name in names}


def test_forty_runs_are_the_same_bytes_though_a_worker_is_killed(scenario: Path, tmp_path: Path) -> None:
    local = sharxi.sweep(scenario, vary=VARY, seeds=SEEDS, audit=True, output=tmp_path / "local", threads=2)
    assert len(local.runs) == 40 and local.breaches == 0

    on_ray = sharxi.sweep(scenario, vary=VARY, seeds=SEEDS, audit=True, output=tmp_path / "ray", engine="ray")
    assert on_ray.reused == 0
    assert tables(tmp_path / "ray") == tables(tmp_path / "local")

    # Once more; the first worker that takes up the tenth run waits there until it is killed.
    described = scene(scenario, None)
    plan = _native.Plan(described, _native.grid(axes(VARY)), list(SEEDS), True, tmp_path / "killed")
    victim = plan.todo()[9][0]
    starts = tmp_path / "starts"
    starts.mkdir()

    # A function of its own travels by value; a module of these tests is not to be found on the workers.
    def play_and_tell(task: dict[str, Any], files: Any, contents: Any) -> str:
        import os
        import time

        from sharxi._ray import play

        pid = os.getpid()
        (starts / f"{task['run']}-{pid}").touch()
        others = [path for path in starts.glob(f"{task['run']}-*") if path.name != f"{task['run']}-{pid}"]
        if task["run"] == victim and not others:
            time.sleep(120)
            raise RuntimeError("nobody killed this worker")
        return play(task, files, contents)

    killed: list[int] = []

    def kill_one() -> None:
        for _ in range(600):
            for path in starts.glob(f"{victim}-*"):
                pid = int(path.name.rsplit("-", 1)[1])
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
                return
            time.sleep(0.1)

    killer = threading.Thread(target=kill_one)
    killer.start()
    reused = _ray.play_all(plan, described, audit=True, play=play_and_tell)
    killer.join()
    plan.tables()
    assert reused == 0
    pids = {int(path.name.rsplit("-", 1)[1]) for path in starts.glob(f"{victim}-*")}
    assert len(killed) == 1 and len(pids) == 2 and killed[0] in pids, (killed, pids)
    assert tables(tmp_path / "killed") == tables(tmp_path / "local")
    print(f"worker {killed[0]} was killed in run {victim}; worker {(pids - set(killed)).pop()} played it again")


def test_what_is_done_is_not_sent_again_and_errors_come_back(scenario: Path, tmp_path: Path) -> None:
    few: dict[str, Any] = {"seeds": [1, 2], "output": tmp_path / "sweep"}
    sharxi.sweep(scenario, vary={"fleet.taxi": [4]}, **few)
    told: list[tuple[int, int]] = []
    more = sharxi.sweep(
        scenario, vary={"fleet.taxi": [4, 5]}, engine="ray", progress=lambda done, all: told.append((done, all)), **few
    )
    assert more.reused == 2 and told == [(2, 4), (3, 4), (4, 4)]
    assert more.runs == sharxi.sweep(scenario, vary={"fleet.taxi": [4, 5]}, seeds=[1, 2]).runs
    with pytest.raises(sharxi.Error, match="tram"):
        sharxi.sweep(scenario, runs=[{"fleet.tram": 1}], engine="ray")


def test_a_worker_with_other_files_refuses(scenario: Path, tmp_path: Path) -> None:
    described = scene(scenario, None)
    plan = _native.Plan(described, [[]], [1], False, tmp_path / "sweep")
    run, settings, seed, paths = plan.todo()[0]
    other = tmp_path / "other.toml"
    other.write_text(scenario.read_text() + "\n# another word\n")
    elsewhere = described | {"scenario": other, "region": paths["region"], "demand": paths["demand"]}
    with pytest.raises(sharxi.Error, match="the version of sharxi or a file is not the same"):
        _native.Player().play(elsewhere, settings, seed, run, False)
    assert len(plan.todo()) == 1
    plan.keep(_native.Player().play(described, settings, seed, run, False))
    assert plan.todo() == []

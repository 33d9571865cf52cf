"""A sweep on a Ray cluster: each run a task, started again if its worker dies.

Files travel as objects of Ray, once for each sweep, and are written down once on each worker under a name made of their
contents. What comes back is kept as the manifest of a run, just as a local run is, so the tables are made from the same
manifests in the same order.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

try:
    import ray
except ImportError as missing:
    raise ImportError("ray is not installed; try: pip install sharxi[ray]") from missing

from . import _native

if TYPE_CHECKING:
    from ._native import Plan, Scene

# Tasks that are under way or wait at a time; a bound on what the driver holds.
TASKS_MAX = 1_000

_players: list[_native.Player] = []


def play(task: dict[str, Any], files: dict[str, tuple[str, str]], contents: dict[str, Any]) -> str:
    """Plays one run on a worker and returns its manifest. ``files``: by what they are, name and digest."""
    if not _players:
        _players.append(_native.Player())
    paths = {role: _written(name, digest, contents[digest]) for role, (name, digest) in files.items()}
    scene: Scene = {
        "scenario": paths.get("scenario"),
        "sets": task["sets"],
        "region": paths["region"],
        "demand": paths["demand"],
        "fleet": paths.get("fleet"),
    }
    return _players[0].play(scene, task["settings"], task["seed"], task["run"], task["audit"])


def _written(name: str, digest: str, reference: Any) -> str:
    """The path of a file with these contents on this node; written down if it is not there yet."""
    folder = os.path.join(tempfile.gettempdir(), f"sharxi-files-{os.getuid() if hasattr(os, 'getuid') else 0}", digest)
    path = os.path.join(folder, name)
    if not _holds(path, digest):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # Several workers of a node may do so at once: each its own file, then one rename.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as fresh:
            fresh.write(ray.get(reference))
        os.replace(fresh.name, path)
    return path


_seen: set[str] = set()


def _holds(path: str, digest: str) -> bool:
    """Whether the file is there with the contents that its name says; looked at once by each worker."""
    if path not in _seen:
        try:
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    return False
        except FileNotFoundError:
            return False
        _seen.add(path)
    return True


def play_all(
    plan: Plan,
    scene: Scene,
    *,
    audit: bool,
    retries: int = 3,
    progress: Callable[[int, int], object] | None = None,
    cpus: int | None = None,
    play: Callable[..., str] = play,
) -> int:
    """Plays what ``plan`` has left to do; returns how many runs had been done before."""
    if not ray.is_initialized():
        ray.init(num_cpus=cpus, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    todo = plan.todo()
    reused = len(plan) - len(todo)
    if reused and progress:
        progress(reused, len(plan))
    sent = _Sent()
    task = ray.remote(num_cpus=1, max_retries=retries, retry_exceptions=False)(play)
    waiting = iter(todo)
    under_way: list[Any] = []
    done = reused
    try:
        while True:
            while len(under_way) < TASKS_MAX and (next_run := next(waiting, None)):
                run, settings, seed, paths = next_run
                files = {role: sent.file(path) for role, path in paths.items()}
                contents = {digest: sent.contents[digest] for _, digest in files.values()}
                described = {
                    "run": run, "sets": scene["sets"], "settings": settings, "seed": seed, "audit": audit
                }
                under_way.append(task.remote(described, files, contents))
            if not under_way:
                return reused
            ready, under_way = ray.wait(under_way)
            for reference in ready:
                plan.keep(_result(reference))
                done += 1
                if progress:
                    progress(done, len(plan))
    finally:
        # Only after an error or Ctrl-C is anything left.
        for reference in under_way:
            ray.cancel(reference)


def _result(reference: Any) -> str:
    """What a task returned; its error as a local run would raise it."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as failed:
        if isinstance(failed.cause, _native.Error):
            raise _native.Error(*failed.cause.args) from failed
        raise
    except ray.exceptions.WorkerCrashedError as died:
        raise _native.Error(f"a run's worker died again and again: {died}") from died


class _Sent:
    """Files in the object store, each once."""

    def __init__(self) -> None:
        self.contents: dict[str, Any] = {}
        self._known: dict[str, tuple[str, str]] = {}

    def file(self, path: str | os.PathLike[str]) -> tuple[str, str]:
        """Name and digest of a file, whose contents are in the store from now on."""
        path = os.fspath(path)
        if path not in self._known:
            with open(path, "rb") as file:
                content = file.read()
            digest = hashlib.sha256(content).hexdigest()
            if digest not in self.contents:
                self.contents[digest] = ray.put(content)
            self._known[path] = (os.path.basename(path), digest)
        return self._known[path]

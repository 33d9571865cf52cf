"""Settings of a scenario as the command line writes them: ``KEY=VALUE``, keys with dots, values as in TOML."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import Scene

Path = str | os.PathLike[str]
Scenario = Path | Mapping[str, Any]


def scene(
    scenario: Scenario,
    set: Mapping[str, Any] | None,
    region: Path | None = None,
    demand: Path | None = None,
    fleet: Path | None = None,
) -> Scene:
    """A scenario file or a dict of settings, with ``set`` on top and files in place of its own."""
    is_file = isinstance(scenario, (str, os.PathLike))
    if not is_file and not isinstance(scenario, Mapping):
        raise TypeError(f"scenario must be the path of a TOML file or a dict of settings, not {scenario!r}")
    settings = list(flat({} if is_file else scenario)) + list(flat(set or {}))
    return {
        "scenario": scenario if is_file else None,
        "sets": [f"{key}={literal(key, value)}" for key, value in settings],
        "region": region,
        "demand": demand,
        "fleet": fleet,
    }


def flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """``{"policy": {"max_wait_s": 600}}`` as ``("policy.max_wait_s", 600)``."""
    for key, value in settings.items():
        if not isinstance(key, str):
            raise TypeError(f"a key must be text such as 'fleet.taxi', not {key!r}")
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{key}.")
        else:
            yield above + key, value


def literal(key: str, value: Any) -> str:
    """A value as TOML; text in quotes, so that it stays text."""
    if isinstance(value, (str, os.PathLike)):
        return quoted(os.fspath(value))
    return plain(key, value)


def plain(key: str, value: Any) -> str:
    """A value as one types it after ``--set KEY=``; text stands as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError(f"{key}: {value} has no time zone")
        return value.isoformat()
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if hasattr(value, "item"):  # a number of NumPy
        value = value.item()
    if isinstance(value, (int, float)):
        return repr(value)
    raise TypeError(f"{key}: {value!r} is no value of a scenario; give a number, text, True, False or a time")


def quoted(text: str) -> str:
    """Text as a basic string of TOML 1.0."""
    escapes = {'"': '\\"', "\\": "\\\\"}
    control = {chr(code): f"\\u{code:04x}" for code in [*range(0x20), 0x7F]}
    return '"' + "".join((escapes | control).get(char, char) for char in text) + '"'


def axes(vary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The values of each key that is varied; a single value counts as a list of one."""
    found = []
    for key, values in vary.items():
        is_many = isinstance(values, Iterable) and not isinstance(values, (str, os.PathLike, Mapping))
        listed = list(values) if is_many else [values]
        if not listed:
            raise ValueError(f"{key} has no value to try")
        found.append((key, [plain(key, value) for value in listed]))
    return found


def seeds(given: int | Iterable[int]) -> list[int]:
    """Seeds in order, each once."""
    found = sorted({int(seed) for seed in ([given] if isinstance(given, int) else given)})
    if not found:
        raise ValueError("seeds: at least one is needed")
    if found[0] < 0:
        raise ValueError(f"seeds: {found[0]} is below 0")
    return found

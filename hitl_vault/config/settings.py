"""What a vault's `.hitl/vault.yaml` can say, and its strict reading."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from hitl_vault.domain.requirement import Mode, Requirement, plain_name
from hitl_vault.domain.times import duration
from hitl_vault.errors import ConfigError

FORMAT = 1
_LARGEST = 16 * 1024
_MOST_BRACKETS = 256
_SHORTEST_LEASE = timedelta(seconds=1)

Watch = Literal["auto", "events", "polling"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a vault's settings file can say.

    `timeout` is the default time to decide (None: no deadline). `settle` and `flag_after` are
    seconds: how long a ballot must lie still before it counts, and how long an unknown word
    lies before the note says so. `lease` is how long an executor that shows no sign of life
    is presumed alive, 1 s at least. `approver` is who votes in notes that name nobody; `approvers`
    are those who may answer where no policy says so. `policy` names a shipped policy, instead of
    `.hitl/policy.yaml`.
    """

    id: str
    format: int = FORMAT
    mode: Mode = Mode.OPEN
    timeout: timedelta | None = timedelta(hours=1)
    settle: float = 0.5
    flag_after: float = 20.0
    lease: timedelta = timedelta(seconds=60)
    approver: str = ""
    approvers: tuple[str, ...] = ()
    policy: str = ""
    state_dir: str = ""
    watch: Watch = "auto"

    @property
    def requirement(self) -> Requirement:
        """What every request of this vault needs before any policy is asked."""
        return Requirement(mode=self.mode, approvers=self.approvers)


def new_settings_text(**values: str) -> str:
    """Return the settings file of a new vault, with a fresh id; `values` replace the shown defaults."""
    shown = {
        "mode": "open",
        "timeout": "1h",
        "settle": "0.5s",
        "flag_after": "20s",
        "approver": '""',
    } | values
    lines = "\n".join(f"{name}: {value}" for name, value in shown.items())
    return (
        f'# hitl-vault: the settings of this vault\nformat: {FORMAT}\nid: "{os.urandom(8).hex()}"\n{lines}\n'
    )


def read_settings(path: Path) -> Settings:
    """Read a settings file; every mistake in it is a `ConfigError` that names the file and the field."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    return settings_of(data, path)


def settings_of(data: bytes, path: Path) -> Settings:
    """Return the settings that the contents of a file hold; `path` is for the error messages."""
    if len(data) > _LARGEST:
        raise ConfigError(f"{path}: larger than {_LARGEST} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    return parse_settings(text, path)


def parse_settings(text: str, path: Path) -> Settings:
    """Return the settings that `text` holds; `path` is for the error messages, as in `read_settings`."""
    values = _mapping(text, path)
    _refuse_unknown(values, path)
    if not isinstance(values.get("id"), str) or not _is_plain(values["id"]):
        raise ConfigError(f"{path}: id: a vault's id is made of letters, digits, '-' and '_'")
    if values.get("format", FORMAT) != FORMAT:
        raise ConfigError(f"{path}: format: this version reads format {FORMAT}, not {values['format']!r}")
    settings = Settings(id=values["id"])
    for name, read in _READERS.items():
        if name in values:
            settings = replace(settings, **{name: _value(read, values[name], path, name)})
    return settings


_SIMPLE = re.compile(
    r'([a-z_]+): (?:"([\w ./@-]*)"|(\d+(?:\.\d+)?[smhdw])|(open|attributed|code|signed)'
    r'|(\["[\w ./@-]*"(?:, "[\w ./@-]*")*\]))\Z',
    re.ASCII,
)


def _simple(text: str) -> dict[str, Any] | None:
    """Return what settings say that are written as `new_settings_text` writes them, else None.

    Loading YAML takes longer than listing a vault's requests.
    """
    if not text.replace("\n", "").isprintable():
        return None  # YAML takes some of these characters for the end of a line, and refuses others
    values: dict[str, Any] = {}
    for line in text.split("\n"):
        if not line or line.startswith("#"):
            continue
        found = _SIMPLE.match(line)
        name, value = (found[1], found[found.lastindex or 0]) if found else ("format", FORMAT)
        if name in values or not (found or line == f"format: {FORMAT}"):
            return None
        values[name] = json.loads(found[5]) if found and found[5] else value
    return values


def _mapping(text: str, path: Path) -> Mapping[str, Any]:
    if simple := _simple(text):
        return simple
    import yaml

    if text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise ConfigError(f"{path}: more than {_MOST_BRACKETS} brackets; settings need none within others")
    try:
        values = yaml.safe_load(text)
    except Exception as error:  # of many kinds, such as AttributeError for a bad `!!timestamp`
        raise ConfigError(f"{path}: {_place_of(error)}; write one `name: value` on each line") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected `name: value` lines")
    return values


def _place_of(error: Exception) -> str:
    """Say in one line what is wrong with YAML, and in which line of it."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    line = f"line {mark.line + 1}: " if mark else ""
    return f"{line}not readable as YAML: {' '.join(str(problem or error).split())}"


def _refuse_unknown(values: Mapping[str, Any], path: Path) -> None:
    known = [field.name for field in fields(Settings)]
    for name in values:
        if name not in known:
            import difflib  # slow to load

            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise ConfigError(f"{path}: {name}: no such setting{hint}")


def _value(read: Callable[[Any], Any], value: Any, path: Path, name: str) -> Any:
    try:
        return read(value)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: {name}: {error}") from error


def _is_plain(text: str) -> bool:
    return 0 < len(text) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in text)


def _timeout(value: Any) -> timedelta | None:
    span = None if value in ("none", "never") else duration(value)
    if span == timedelta(0):
        raise ValueError("no time at all; write 1h, or `none` for no deadline")
    return span


def _lease(value: Any) -> timedelta:
    span = duration(value)
    if span < _SHORTEST_LEASE:
        raise ValueError(f"{value!r} is too short for a sign of life; write 60s, or 1s at least")
    return span


def _mode(value: Any) -> Mode:
    if value not in list(Mode):
        raise ValueError(f"{value!r} is no mode; there are {', '.join(Mode)}")
    return Mode(value)


def _seconds(value: Any) -> float:
    return duration(value).total_seconds()


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, not {value!r}")
    return value


def _names(value: Any) -> tuple[str, ...]:
    listed = isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value)
    if not listed:
        raise ValueError(f'expected a list of names such as ["ana", "ben"], not {value!r}')
    return tuple(dict.fromkeys(map(plain_name, value)))


def _watch(value: Any) -> Watch:
    if value not in ("auto", "events", "polling"):
        raise ValueError(f"expected auto, events or polling, not {value!r}")
    chosen: Watch = value
    return chosen


_READERS: dict[str, Callable[[Any], Any]] = {
    "mode": _mode,
    "timeout": _timeout,
    "settle": _seconds,
    "flag_after": _seconds,
    "lease": _lease,
    "approver": _text,
    "approvers": _names,
    "policy": _text,
    "state_dir": _text,
    "watch": _watch,
}

"""How editors, tools and sync programs save a note: each by the real program, or by the same system calls."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.terminal import CTRL, DELETE, ENTER, ESC, Terminal

Save = Callable[[Path, str], object]
"""Makes a note say another text."""


def need(*commands: str) -> None:
    """Skip the test where a program is missing; where CI runs that is a failure."""
    missing = [command for command in commands if not shutil.which(command)]
    if missing and os.environ.get("CI"):
        pytest.fail(f"not installed: {', '.join(missing)}; .ci/run installs them")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def run(*command: str | Path, stdin: str = "", cwd: Path | None = None) -> str:
    """Run a program to its end; it must succeed."""
    done = subprocess.run(
        command, input=stdin, cwd=cwd, text=True, capture_output=True, timeout=30, env=_quiet_env()
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def _quiet_env() -> dict[str, str]:
    who = {
        f"GIT_{role}_{part}": "ana@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for part in ("NAME", "EMAIL")
    }
    return {
        **os.environ,
        **who,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
    }


# Interactive editors, driven by keys.


@dataclass(frozen=True, kw_only=True)
class Editor:
    """An editor and its keys: to select the value of `status`, to go to the end, to save, to leave.

    `typing_over` where the value is then selected instead of deleted; `last_newline` is what it adds
    to the last line.
    """

    command: Sequence[str]
    status: Sequence[str]
    end: Sequence[str]
    save: str
    leave: str
    typing_over: bool = False
    last_newline: str = "\n"

    @property
    def program(self) -> str:
        """What must be installed."""
        return self.command[0]

    def open(self, note: Path, home: Path) -> Terminal:
        """Open a note."""
        terminal = Terminal([*self.command, str(note)], home=home)
        terminal.ready("digest")
        return terminal

    def replace_status(self, terminal: Terminal, text: str) -> None:
        """Type `text` in place of the value of `status`, without its quotes; the cursor stays behind it."""
        for keys in self.status:
            terminal.type(keys)
        if self.typing_over:
            terminal.ready()  # the match is selected once it is shown
        terminal.type(text)


_vi = partial(
    Editor,
    status=("/^status" + ENTER, 'f"ci"'),
    end=(ESC, "Go"),
    save=ESC + ":w" + ENTER + "a",
    leave=ESC + ":q" + ENTER,
)
EDITORS = {
    "vim": _vi(command=("vim", "--clean")),
    "vim, backupcopy=yes": _vi(command=("vim", "--clean", "--cmd", "set backupcopy=yes")),
    "vim, backup=yes": _vi(command=("vim", "--clean", "--cmd", "set backup")),
    "nvim": _vi(command=("nvim", "--clean")),
    "nano": Editor(
        command=("nano", "--ignorercfiles"),
        status=(CTRL["w"] + "pending" + ENTER, DELETE * len("pending")),
        end=(ESC + "/",),
        save=CTRL["o"] + ENTER,
        leave=CTRL["x"],
    ),
    "emacs": Editor(
        command=("emacs", "-nw", "-Q"),
        status=(CTRL["s"] + "pending" + ENTER, ESC + "\x7f"),
        end=(ESC + ">",),
        save=CTRL["x"] + CTRL["s"],
        leave=CTRL["x"] + CTRL["c"],
        last_newline="",
    ),
    "micro": Editor(
        command=("micro",),
        status=(CTRL["f"] + "pending" + ENTER,),
        end=("\x1b[1;5F",),
        save=CTRL["s"],
        leave=CTRL["q"],
        typing_over=True,
    ),
}


# Programs that save once and end.


def _ed(note: Path, text: str) -> None:
    lines = text.splitlines()
    run("ed", "-s", note, stdin="\n".join([",d", "0a", *lines, ".", "w", "q", ""]))


def _emacs_batch(note: Path, text: str) -> None:
    new = note.parent.parent / "new.txt"
    new.write_text(text)
    code = f'(progn (find-file "{note}") (erase-buffer) (insert-file-contents "{new}") (save-buffer))'
    run("emacs", "--batch", "-Q", "--eval", code)


def _ex(note: Path, text: str) -> None:
    end = note.parent.parent / "end.txt"
    end.write_text(text.partition("## Notes\n")[2])
    status = next(line for line in text.splitlines() if line.startswith("status: "))
    run("vim", "--clean", "-es", "-c", f"%s/^status: .*/{status}/", "-c", f"$r {end}", "-c", "wq", note)


def _by(program: str, *arguments: str) -> Save:
    """Run `program`, which changes a note in place; `{status}` and `{end}` stand for what to write."""

    def save(note: Path, text: str) -> None:
        status = next(line for line in text.splitlines() if line.startswith("status: "))
        end = text.partition("## Notes\n")[2]
        words = (argument.format(status=status, end=end.replace("\n", "\\n")) for argument in arguments)
        run(program, *words, note)

    return save


_NODE = "require('fs').writeFileSync(process.argv[1], require('fs').readFileSync(0))"
_NODE_PROMISE = "require('fs/promises').writeFile(process.argv[1], require('fs').readFileSync(0))"


def _fed(*command: str) -> Save:
    """Run a program that writes its standard input to the note."""
    return lambda note, text: run(*command, note, stdin=text)


def _copied(*command: str) -> Save:
    """Run a program that copies one file over another."""

    def save(note: Path, text: str) -> None:
        new = note.parent.parent / "new.txt"
        new.write_text(text)
        run(*command, new, note)

    return save


TOOLS: dict[str, tuple[str, Save]] = {
    "ed": ("ed", _ed),
    "emacs --batch": ("emacs", _emacs_batch),
    "vim -es": ("vim", _ex),
    "sed -i": ("sed", _by("sed", "-i", "-e", "s/^status: .*/{status}/", "-e", "$s/$/\\n{end}/;$s/\\n$//")),
    "perl -i": ("perl", _by("perl", "-i", "-pe", 's/^status: .*/{status}/; $_ .= "{end}" if eof')),
    "node writeFileSync": ("node", _fed("node", "-e", _NODE)),
    "node writeFile": ("node", _fed("node", "-e", _NODE_PROMISE)),
    "GIO replace": ("gio", _fed("gio", "save")),
    "GIO replace with backup": ("gio", _fed("gio", "save", "--backup")),
    "tee": ("tee", _fed("tee")),
    "dd without truncating": (
        "dd",
        lambda note, text: run("dd", "conv=notrunc", "status=none", f"of={note}", stdin=text),
    ),
    "cp": ("cp", _copied("cp")),
    "cp --remove-destination": ("cp", _copied("cp", "--remove-destination")),
    "mv over it": ("mv", _copied("mv")),
    "install": ("install", _copied("install", "-m", "644")),
    "rsync": ("rsync", _copied("rsync", "--times")),
    "rsync --inplace": ("rsync", _copied("rsync", "--inplace", "--ignore-times")),
}


# Programs that cannot be installed here, by the system calls that they make.


def _jetbrains(note: Path, text: str) -> None:
    new, old = note.with_name(f"{note.name}___jb_tmp___"), note.with_name(f"{note.name}___jb_old___")
    new.write_text(text)
    note.rename(old)
    new.rename(note)
    old.unlink()


def _syncthing(note: Path, text: str) -> None:
    """Deletes the target, renames its temporary file to it, and gives it the sender's times."""
    new = note.with_name(f".syncthing.{note.name}.tmp")
    new.write_text(text)
    os.utime(new, (1_700_000_000, 1_700_000_000))
    note.unlink()
    time.sleep(0.05)
    new.rename(note)


def _onedrive(note: Path, text: str) -> None:
    """Writes beside it, moves the old file out of the vault, moves the new one in."""
    new, old = note.with_name(f"~{note.stem}.tmp"), note.parent.parent / "old.txt"
    new.write_text(text)
    note.rename(old)
    new.rename(note)


def _obsidian_sync(note: Path, text: str) -> None:
    """Writes in place, as does Obsidian on a phone, in two steps with a pause between them."""
    data = text.encode()
    with note.open("wb", buffering=0) as file:
        file.write(data[: len(data) // 2])
        time.sleep(0.1)
        file.write(data[len(data) // 2 :])


def _kate(note: Path, text: str) -> None:
    """Empties the file, waits for the disk, then writes."""
    note.write_bytes(b"")
    time.sleep(0.02)
    note.write_text(text)


def _same_size_and_time(note: Path, text: str) -> None:
    before = note.stat()
    with note.open("r+b") as file:
        file.write(text.encode())
    os.utime(note, ns=(before.st_atime_ns, before.st_mtime_ns))


SYSCALLS: dict[str, Save] = {
    "JetBrains": _jetbrains,
    "Syncthing": _syncthing,
    "OneDrive": _onedrive,
    "Obsidian Sync, slow": _obsidian_sync,
    "Kate on a slow disk": _kate,
    "same modification time": _same_size_and_time,
}

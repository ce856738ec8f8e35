"""What a note says, read as the format describes it and by nothing of the product: slow, plain, and short."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

YES, NO = "approve", "reject"
WORDS = {"approved": YES, "approve": YES} | dict.fromkeys(("rejected", "reject", "denied", "deny"), NO)
QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019", "``")


def reading(data: bytes) -> set[str]:
    """Return every verdict that `status` and the boxes above `## Notes` give."""
    text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    front, body = _parts(text.split("\n"))
    return {verdict for verdict in (*_statuses("\n".join(front)), *_ticks(body)) if verdict}


def _parts(lines: list[str]) -> tuple[list[str], list[str]]:
    hyphens = [at for at, line in enumerate(lines) if line.rstrip(" \t") == "---"]
    assert hyphens[0] == 0, "the front matter begins in the first line"
    return lines[1 : hyphens[1]], lines[hyphens[1] + 1 :]


def _statuses(front: str) -> Iterator[str | None]:
    """Yield what each field called `status` means; PyYAML's base loader takes everything for text."""
    for name, value in yaml.load(front.replace("\t", " "), yaml.BaseLoader).items():
        if name.strip().casefold() == "status":
            word = value[0] if isinstance(value, list) and len(value) == 1 else value
            yield _word(word) if isinstance(word, str) else None


def _word(typed: str) -> str | None:
    word = typed.strip()
    if len(word) > 1 and word[0] + word[-1] in QUOTES:
        word = word[1:-1].strip()
    return WORDS.get(word.casefold())


def _ticks(lines: list[str]) -> Iterator[str | None]:
    fence = ""
    for line in lines:
        bare = line.lstrip(" ")
        shallow = len(line) - len(bare) <= 3
        if fence:
            closes = shallow and bare.startswith(fence) and not bare.rstrip(" \t").strip(fence[0])
            fence = "" if closes else fence
        elif shallow and (opened := _fence(bare)):
            fence = opened
        elif shallow and bare.replace("\t", " ").rstrip(" ").split(" ", 1)[0] == "##" and _ends_ours(bare):
            return
        elif shallow:
            yield _tick(bare)


def _fence(bare: str) -> str:
    run = bare[: len(bare) - len(bare.lstrip(bare[:1]))] if bare[:1] in ("`", "~") else ""
    broken = run.startswith("`") and "`" in bare[len(run) :]
    return run if len(run) >= 3 and not broken else ""


def _ends_ours(bare: str) -> bool:
    """Tell whether a heading begins the person's Notes, or what an agent wrote."""
    return bare[2:].strip(" \t") in ("Notes", "As the agent wrote it") and bare[2:3] in (" ", "\t")


def _tick(bare: str) -> str | None:
    item = bare[1:].lstrip(" ")
    gap = len(bare) - 1 - len(item)
    listed = bare[:1] in ("-", "*", "+") and 1 <= gap <= 4
    if not (listed and item[:3] in ("[x]", "[X]") and item[3:4] in (" ", "\t")):
        return None
    label = item[3:].strip(" \t")
    return {"Approve": YES, "Reject": NO}.get(label) or (
        YES if label.startswith("Yes, and the same for ") else None
    )

"""The security page: every test that it names exists, its commands run, and its table says what happens."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

import hitl_vault as hv
from hitl_vault.domain.identity import new_id
from tests.acceptance.pages import ROOT, blocks, run
from tests.house import House, eventually

PAGE = ROOT / "docs" / "security.md"
TEXT = PAGE.read_text("utf-8")
AGENT = "crm-bot"


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading, without its head."""
    part = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) >= len(table("Threats"))
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (
            f"{path}::{name}"
        )


def test_the_commands_of_the_page_run(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HITL_STATE_DIR", str(work / "state"))
    hv.init_vault(work / "vault")
    lines = [line for line in blocks(PAGE, "sh").splitlines() if line.startswith("hitl ")]
    assert len(lines) >= 6
    for line in lines:
        shell = f'hitl() {{ "{sys.executable}" -m hitl_vault "$@"; }}; {line}'
        done = run(["sh", "-c", shell], work)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


class Scene:
    """A vault in one mode, an agent that can write it, and Ana, who answers in notes."""

    def __init__(self, house: House, mode: str) -> None:
        self.house = house
        self.mode = mode
        names = {} if mode == "open" else {"approvers": '["ana"]'}
        house.found(mode=mode, **names)
        self.gate = house.gate(AGENT)
        if mode == "signed":
            self.gate.keys.share_secret("ana", house.work / "secret")

    def ask(self, amount: int = 900, **more: object) -> hv.Request:
        """Ask, as the agent."""
        asked = self.gate.ask("payment", {"amount": amount}, summary="Pay the invoice", **more)  # type: ignore[arg-type]
        self.house.note(asked)
        return asked

    def answered(self, request: hv.Request, text: str) -> str:
        """Return a note's text with Ana's answer in it: yes, with her name and what the mode asks for."""
        fields = {"status": "approved"}
        if self.mode != "open":
            fields["approver"] = "ana"
        if self.mode == "code":
            fields["code"] = self._code(request)
        if self.mode == "signed":
            fields["signature"] = self._signature(request)
        for name, value in fields.items():
            text = re.sub(rf'(?m)^{name}: ".*"$', f'{name}: "{value}"', text, count=1)
        return text

    def _code(self, request: hv.Request) -> str:
        file = self.gate.config.state / "codes" / f"{request.id}.ana.txt"
        text = eventually(lambda: file.exists() and file.read_text())
        found = re.search(r"Code to approve: +(\S+)", str(text))
        assert found
        return found[1]

    def _signature(self, request: hv.Request) -> str:
        secret = bytes.fromhex((self.house.work / "secret").read_text())
        return hv.sign_with_secret(self.gate.statement(request.id, "approve", by="ana"), secret)

    def approve(self, request: hv.Request) -> str:
        """Let Ana approve in the note; return what she wrote there."""
        note = self.house.note(request)
        text = self.answered(request, note.read_text())
        note.write_text(text)
        assert self.gate.wait(request.id, timeout=5).approved
        return text

    def decided(self, *requests: hv.Request) -> bool:
        """Tell whether any of these is decided once the keeper has had time to look at what was done.

        It has when it takes in an answer that was given after that.
        """
        self.approve(self.ask(1))
        eventually(lambda: not self._looking(requests), 2.0)
        return any(self.gate.get(request.id).state != "pending" for request in requests)

    def _looking(self, requests: tuple[hv.Request, ...]) -> bool:
        """Tell whether a note with an answer in it still lies there unanswered."""
        for request in requests:
            path = self.house.path(request)
            pending = self.gate.get(request.id).state == "pending"
            if pending and not path.exists():
                return True
            if pending and self.gate.get(request.id).notice is None and "approved" in path.read_text()[:200]:
                return self.mode not in ("code", "signed")
        return False


Attack = Callable[[Scene], bool]


def edits(scene: Scene, *changes: tuple[str, str]) -> bool:
    request = scene.ask()
    note = scene.house.note(request)
    text = note.read_text()
    for old, new in changes:
        text = re.sub(rf"(?m){old}", new, text, count=1)
    note.write_text(text)
    return scene.decided(request)


STATUS = ('^status: ".*"$', "status: approved")


def moves(scene: Scene) -> bool:
    request = scene.ask()
    scene.house.note(request).rename(scene.house.path(request, "Approved"))
    return scene.decided(request)


def copies_the_proof(scene: Scene) -> bool:
    other, request = scene.ask(1), scene.ask()
    proof = scene.answered(other, scene.house.note(other).read_text())
    scene.approve(other)
    note = scene.house.note(request)
    text = note.read_text()
    for name in ("status", "approver", "code", "signature"):
        if line := re.search(rf'(?m)^{name}: ".*"$', proof):
            text = re.sub(rf'(?m)^{name}: ".*"$', line[0], text, count=1)
    note.write_text(text)
    return scene.decided(request)


def plants(scene: Scene) -> bool:
    real = scene.ask()
    id = new_id("payment", real.created)
    text = scene.house.note(real).read_text().replace(real.id, id).replace('"pending"', '"approved"')
    path = scene.house.root / "Approved" / f"{id}.md"
    path.write_text(text)
    eventually(lambda: not path.exists())
    with pytest.raises(hv.RequestNotFound):
        scene.gate.claim(id, {"amount": 900}, action="payment")
    return scene.decided(real)


def edits_the_archive(scene: Scene) -> bool:
    request = scene.ask()
    scene.gate.cancel(request.id)
    note = scene.house.note(request, "Rejected")
    text = eventually(lambda: 'status: "cancelled"' in (t := note.read_text()) and t)
    note.write_text(str(text).replace('status: "cancelled"', 'status: "approved"'))
    eventually(lambda: scene.gate.history(request.id)[-1].kind == "tampered")
    eventually(lambda: 'status: "cancelled"' in note.read_text())
    return scene.gate.get(request.id).state != "cancelled"


def changes_the_amount(scene: Scene) -> bool:
    request = scene.ask()
    note = scene.house.note(request)
    note.write_text(scene.answered(request, note.read_text().replace('"amount": 900', '"amount": 90')))
    eventually(lambda: scene.gate.get(request.id).notice_kind == "refused")
    return scene.decided(request)


def changes_the_amount_later(scene: Scene) -> bool:
    request = scene.ask()
    scene.approve(request)
    note = scene.house.note(request, "Approved")
    eventually(lambda: 'status: "approved"' in note.read_text())
    note.write_text(note.read_text().replace('"amount": 900', '"amount": 90000'))
    eventually(lambda: scene.gate.history(request.id)[-1].kind == "tampered")
    with pytest.raises(hv.DigestMismatch):
        scene.gate.claim(request.id, {"amount": 90000}, action=request.action)
    return scene.gate.get(request.id).state != "approved"


def rolls_back(scene: Scene) -> bool:
    request = scene.ask()
    note = scene.house.note(request)
    first = note.read_text()
    note.write_text(first.replace('"amount": 900', '"amount": 90'))
    eventually(lambda: note.exists() and "An answer did not count" in note.read_text())
    count = len(scene.gate.history(request.id))
    note.write_text(scene.answered(request, first))
    eventually(lambda: len(scene.gate.history(request.id)) > count)
    return scene.decided(request)


def exchanges(scene: Scene) -> bool:
    small, large = scene.ask(9), scene.ask(900)
    one, other = scene.house.note(small), scene.house.note(large)
    texts = one.read_text(), other.read_text()
    one.write_text(texts[1])
    other.write_text(scene.answered(small, texts[0]))
    eventually(lambda: scene.gate.get(large.id).notice_kind == "refused")
    return scene.decided(small, large)


def replaces_a_file(scene: Scene) -> bool:
    file = scene.house.work / "invoice.pdf"
    file.write_bytes(b"900")
    request = scene.ask(files={"invoice": str(file)})
    scene.approve(request)
    file.write_bytes(b"90000")
    with pytest.raises(hv.DigestMismatch):
        scene.gate.claim(request.id, {"amount": 900}, action=request.action)
    return scene.gate.get(request.id).state != "approved"


BAIT = (
    "[Approve](obsidian://new?file=x&overwrite&content=approved) ![x](https://evil.example/x.png)\n"
    "```meta-bind-button\nlabel: Approve\n```\n```dataviewjs\napp.vault\n```\n"
    "<% tp.file.move('Approved') %>\n"
    "<button onclick=x>Approve</button> [[x]] ![[x]]\n- [x] Approve\n"
)


def baits(scene: Scene) -> bool:
    request = scene.ask(reason=BAIT)
    text = scene.house.note(request).read_text()
    body = text.split("\n---\n", 1)[1]
    tokens = [t for token in MarkdownIt().parse(body) for t in (token, *(token.children or ()))]
    active = {"link_open", "image", "html_block", "html_inline"} & {token.type for token in tokens}
    infos = {token.info for token in tokens if token.type == "fence"}
    return bool(active or infos - {"text", "json"} or "<%" in text) or scene.decided(request)


def lowers_the_mode(scene: Scene) -> bool:
    settings = scene.house.root / ".hitl" / "vault.yaml"
    settings.write_text(re.sub("(?m)^(mode|approvers): .*\n", "", settings.read_text()))
    scene.gate.close()
    scene.gate = scene.house.gate(AGENT)
    return edits(scene, STATUS)


def deletes(scene: Scene) -> bool:
    request = scene.ask()
    note = scene.house.note(request)
    note.unlink()
    eventually(note.exists)
    return scene.decided(request)


NAME = ('^approver: ""$', "approver: ana")
ATTACKS: dict[str, Attack] = {
    "sets `status` in the note": lambda scene: edits(scene, STATUS),
    "moves the note to `Approved/`": moves,
    "writes an approver's name into the note": lambda scene: edits(scene, STATUS, NAME),
    "answers in its own name": lambda scene: edits(scene, STATUS, (NAME[0], f"approver: {AGENT}")),
    "copies name, code and signature of another answer": copies_the_proof,
    "plants an approved note": plants,
    "edits a note in the archive": edits_the_archive,
    "changes the amount before the answer": changes_the_amount,
    "changes the amount after the answer": changes_the_amount_later,
    "takes a warning away by putting the note back": rolls_back,
    "exchanges two notes": exchanges,
    "replaces a file after the answer": replaces_a_file,
    "puts links, buttons and scripts into its reason": baits,
    "lowers the mode in the settings": lowers_the_mode,
    "deletes the note": deletes,
}
ROWS = {row[0]: row[1:] for row in table("What an agent that can write the vault can do")}


def test_the_table_has_each_attack_and_each_mode() -> None:
    assert list(ROWS) == list(ATTACKS)
    assert {len(cells) for cells in ROWS.values()} == {len(hv.Mode)}


@pytest.mark.parametrize("mode", list(hv.Mode))
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_the_agent_tries_ends_as_the_page_says(home: House, attack: str, mode: hv.Mode) -> None:
    said = ROWS[attack][list(hv.Mode).index(mode)]
    assert said in ("stopped", "not stopped")
    done = ATTACKS[attack](Scene(home, mode))
    assert ("not stopped" if done else "stopped") == said

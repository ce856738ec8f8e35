"""One approval, one run: whoever races for it, and whoever dies in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.house import House, eventually

CLAIMER = """
import sys, time
from pathlib import Path
import hitl_vault as hv

root, state, id, start, taken, stay = sys.argv[1:]
with hv.open_gate(root, agent="crm-bot", state_dir=state, keeper=False) as gate:
    while not Path(start).exists():
        time.sleep(0.001)
    try:
        grant = gate.claim(id, {"n": 1}, action="deploy")
    except hv.AlreadyClaimed:
        print("too late", flush=True)
    else:
        Path(taken).write_text("taken")
        print("granted", flush=True)
        if stay == "stay":
            time.sleep(60)
        grant.executed()
"""


def race(house: House, work: Path, request: hv.Request, *, stay: bool) -> list[subprocess.Popen[str]]:
    """Start eight processes that claim the same request at the same moment."""
    words = [sys.executable, "-c", CLAIMER, str(house.root), str(house.state), request.id]
    words += [str(work / "start"), str(work / "taken"), "stay" if stay else "go"]
    environment = {**os.environ, "PYTHONPATH": str(Path(hv.__file__).parents[1])}
    racing = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for _ in range(8)
    ]
    time.sleep(1)
    (work / "start").write_text("go")
    return racing


@pytest.mark.founded(lease="1s")
def test_of_eight_racing_claimers_one_is_granted_and_dead_it_ends_as_unknown(
    house: House, work: Path
) -> None:
    gate = house.gate()
    request = gate.ask("deploy", {"n": 1})
    gate.decide(request.id, "approve", by="ana")
    racing = race(house, work, request, stay=True)
    eventually((work / "taken").exists, 30)
    said = {}
    while len(said) < 7:
        said |= {process.pid: process.communicate()[0] for process in racing if process.poll() is not None}
        time.sleep(0.02)
    survivor = next(process for process in racing if process.poll() is None)
    assert set(said.values()) == {"too late\n"}
    assert gate.get(request.id).state is hv.State.EXECUTING
    survivor.send_signal(signal.SIGKILL)
    assert survivor.communicate()[0] == "granted\n"
    eventually(lambda: gate.get(request.id).state is hv.State.UNKNOWN, 10)
    kinds = [entry.kind for entry in gate.history(request.id)]
    assert kinds.count(hv.Kind.CLAIMED) == 1
    assert kinds[-1] is hv.Kind.UNKNOWN


def test_of_eight_racing_claimers_one_runs(house: House, work: Path) -> None:
    gate = house.gate()
    request = gate.ask("deploy", {"n": 1})
    gate.decide(request.id, "approve", by="ana")
    racing = race(house, work, request, stay=False)
    said = [process.communicate(timeout=60) for process in racing]
    assert sorted(out for out, _ in said) == ["granted\n"] + ["too late\n"] * 7, said
    assert gate.get(request.id).state is hv.State.EXECUTED


RECEIVER = """
import sys
from pathlib import Path

message, place = sys.stdin.read(), Path(sys.argv[1])
seen = []
for process in Path("/proc").iterdir():
    try:
        seen.append((process / "cmdline").read_bytes())
    except OSError:
        pass
(place / "seen").write_bytes(b" ".join(seen))
(place / "message").write_text(message)
"""


def test_secrets_are_found_nowhere_but_in_their_place(
    home: House, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Master secret, shared secret, code: not in the vault, the record, exports, logs or any arguments."""
    caplog.set_level("DEBUG")
    config = home.found(mode="code", approvers='["ana"]')
    gate = home.gate()
    (work / "told").mkdir()
    (work / "receiver.py").write_text(RECEIVER)
    gate.keys.deliver_codes_with([sys.executable, str(work / "receiver.py"), str(work / "told")])
    gate.keys.share_secret("ana", work / "shared")
    request = gate.ask("deploy", {"n": 1})
    eventually(lambda: gate.get(request.id).codes.sent)
    code = (work / "told" / "message").read_text().split("Code to approve:")[1].split()[0]
    with pytest.raises(hv.CodeInvalid) as caught:
        gate.decide(request.id, "reject", by="ana", code=code)
    eventually(lambda: len(gate.get(request.id).codes.sent) == 2)
    fresh = (work / "told" / "message").read_text().split("Code to approve:")[1].split()[0]
    gate.decide(request.id, "approve", by="ana", code=fresh)
    gate.claim(request.id, {"n": 1}, action=request.action).executed()
    master = json.loads((config.state / "keys.json").read_text())["keys"][0]["secret"]
    shared = (work / "shared").read_text().strip()
    secrets = [
        master,
        shared,
        *(spelt for c in (code, fresh) for spelt in (c, c.replace("-", ""), c.lower())),
    ]
    home.close()
    places = [path for path in home.root.rglob("*") if path.is_file()]
    places += [path for path in config.state.rglob("*") if path.is_file() and path.name != "keys.json"]
    told = {str(path): path.read_bytes() for path in [*places, work / "told" / "seen"]}
    with hv.open_gate(home.root, state_dir=home.state, keeper=False) as later:
        told["export"] = "\n".join(later.ledger.export()).encode()
        told["record"] = repr(later.get(request.id)).encode()
        told["keys"] = repr(later.keys.list()).encode()
    told["log"] = caplog.text.encode()
    told["error"] = repr((caught.value, caught.value.__cause__, vars(caught.value))).encode()
    assert len(told) > 10
    assert b"receiver.py" in told[str(work / "told" / "seen")]
    assert [
        (name, secret[:4]) for name, data in told.items() for secret in secrets if secret.encode() in data
    ] == []

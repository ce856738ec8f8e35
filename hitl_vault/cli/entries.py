"""What an entry of the ledger records, in one line for a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import hitl_vault as hv
from hitl_vault.cli import render

_MOST = 400
"""Columns of an entry at most: `hitl show` and `hitl log --json` have all of it."""


def entry_line(entry: hv.Entry) -> str:
    """Return what an entry records, in one harmless line."""
    tell = _TELL.get(entry.kind, _by)
    said = tell(entry.body).removeprefix(f": {str(entry.kind).title()}")
    return f"{entry.kind}{render.cut(said, _MOST)}"


def _asked(body: Any) -> str:
    request = body["request"]
    summary = f": {request['summary']}" if request.get("summary") else ""
    return f" {request['action']} by {request['agent']}{summary}"


def _voted(body: Any) -> str:
    by = f" by {body['by']}" if body.get("by") else ""
    comment = f": {body['comment']}" if body.get("comment") else ""
    how = _GESTURES.get(body["gesture"], body["gesture"])
    return f" to {body['verdict']}{by}, {how}{_proven(body.get('proof') or {})}{_wished(body)}{comment}"


def _proven(proof: Mapping[str, Any]) -> str:
    """Say by what a vote was proven. The proof itself is in `hitl log --json`."""
    kind = proof.get("kind")
    if kind == "code":
        return ", with a one-time code"
    return f", signed with the {_KEYS.get(str(kind), kind)} {proof.get('key')}" if kind else ""


def _wished(body: Any) -> str:
    """Say what an approver wants otherwise than the agent asked it."""
    values = (
        f"{path} = {json.dumps(value, ensure_ascii=False)}" for path, value in body.get("edits", {}).items()
    )
    changed = ", ".join(values)
    span = body.get("remember")
    wish = f", and the same for {hv.times.spoken(timedelta(seconds=span))}" if span else ""
    return (f", with {changed}" if changed else "") + wish


def _coded(body: Any) -> str:
    return f" for {', '.join(sorted({code['approver'] for code in body['codes']}))}"


def _sent(body: Any) -> str:
    return f" to {body['to']} by {body['by']}"


def _keyed(body: Any) -> str:
    return ": " + ", ".join(filter(None, (body["did"], body.get("name"), body.get("key"))))


def _escalated(body: Any) -> str:
    instead = " instead of who was asked before" if body.get("replace") else ""
    return f" to {', '.join(body['to'])}{instead}"


def _reminded(body: Any) -> str:
    return f", {_spans(body['before'])} before the deadline"


def _spans(seconds: Iterable[float]) -> str:
    return " and ".join(hv.times.spoken(timedelta(seconds=span)) for span in seconds)


def _revoked(body: Any) -> str:
    by = f" by {body['by']}" if isinstance(body.get("by"), str) else ""
    return f"{by}: {body['why']}" if body.get("why") else by


def _by(body: Any) -> str:
    by = body.get("by") or ()
    names = by if isinstance(by, str) else ", ".join(by)
    words = body.get("text") or body.get("error") or body.get("comment") or ""
    result = f" with {json.dumps(body['result'], ensure_ascii=False)}" if "result" in body else ""
    ground = f", {body['ground']}" if "ground" in body else ""
    done = ground + result + _wished(body)
    return (f" by {names}" if names else "") + done + (f": {words}" if words else "")


_TELL = {
    hv.Kind.ASKED: _asked,
    hv.Kind.VOTED: _voted,
    hv.Kind.CODED: _coded,
    hv.Kind.SENT: _sent,
    hv.Kind.KEYED: _keyed,
    hv.Kind.ESCALATED: _escalated,
    hv.Kind.REMINDED: _reminded,
    hv.Kind.REVOKED: _revoked,
}
_GESTURES = {gesture: gesture.how for gesture in hv.Gesture}
_KEYS = {"ssh": "SSH key", "hmac": "secret"}

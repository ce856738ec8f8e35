"""Records to JSON and back: nothing is lost, and what is at its default is left out."""

# ruff: noqa: DTZ001 - Hypothesis wants its bounds without a zone

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.domain.canonical import canonical, parsed
from hitl_vault.domain.codec import decode, encode
from hitl_vault.domain.decision import Claim, Gesture, Outcome, Verdict, Vote
from hitl_vault.domain.lifecycle import State
from hitl_vault.domain.record import Notice
from hitl_vault.domain.request import Adopted, BoundFile, Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.risk import Level, Risk

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
times = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(texts, json, max_size=3)
names = st.tuples(texts) | st.just(())


def a(cls: type, **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(cls, **fields)


requirements = a(
    Requirement,
    mode=st.sampled_from(Mode),
    rule=texts,
    approvers=names,
    quorum=st.integers(1, 5),
    reject_quorum=st.integers(1, 5),
    comment_required=st.booleans(),
    settle=st.none() | st.floats(0, 60),
    template=st.none() | texts,
)
risks = a(Risk, level=st.sampled_from(Level), score=st.integers(0, 100), reasons=names)
RECORDS = {
    Request: a(
        Request,
        id=texts,
        action=texts,
        context=objects,
        agent=texts,
        created=times,
        expires=st.none() | times,
        summary=texts,
        reason=texts,
        run=st.none() | texts,
        key=st.none() | texts,
        risk=risks,
        requirement=requirements,
        adopted=st.none() | a(Adopted, name=texts, text=texts),
    ),
    Vote: a(
        Vote,
        verdict=st.sampled_from(Verdict),
        gesture=st.sampled_from(Gesture),
        at=times,
        by=texts,
        comment=texts,
        notes=texts,
        proof=st.none() | objects,
    ),
    Claim: a(Claim, by=texts, at=times, token=texts),
    Outcome: a(Outcome, state=st.sampled_from(State), at=times, result=json, error=texts, by=texts),
    Notice: a(Notice, text=texts, detail=texts),
}


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_a_record_comes_back_from_its_canonical_text_as_it_was(cls: type, data: st.DataObject) -> None:
    record = data.draw(RECORDS[cls])
    assert decode(cls, parsed(canonical(encode(record)).decode())) == record


def test_fields_at_their_default_are_left_out() -> None:
    request = Request(id="i", action="a", context={}, agent="g", created=datetime(2026, 1, 2, tzinfo=UTC))
    assert encode(request) == {
        "id": "i",
        "action": "a",
        "context": {},
        "agent": "g",
        "created": "2026-01-02T00:00:00.000000Z",
    }


@pytest.mark.parametrize(
    ("cls", "data"),
    [
        (Notice, {"text": "t", "extra": 1}),
        (Notice, {}),
        (Claim, {"by": "a", "at": "2026-01-02T00:00:00Z"}),
    ],
)
def test_unknown_and_missing_members_are_errors(cls: type, data: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        decode(cls, data)


@pytest.mark.parametrize(
    "change",
    [{"verdict": "maybe"}, {"gesture": "wink"}, {"at": "yesterday"}, {"at": "2026-01-02T00:00:00"}],
    ids=str,
)
def test_values_outside_the_vocabulary_are_errors(change: dict[str, str]) -> None:
    good = {"verdict": "approve", "gesture": "tick", "at": "2026-01-02T00:00:00Z"}
    assert decode(Vote, good).verdict is Verdict.APPROVE
    with pytest.raises(ValueError, match=r"\S"):
        decode(Vote, good | change)


def test_every_field_of_a_request_is_bound_by_its_digest() -> None:
    base = {"id": "i", "action": "a", "context": {"n": 1}, "agent": "g"}
    base |= {"created": datetime(2026, 1, 2, tzinfo=UTC)}
    changes: list[dict[str, Any]] = [
        {"id": "j"},
        {"action": "b"},
        {"context": {"n": 2}},
        {"agent": "h"},
        {"created": datetime(2026, 1, 3, tzinfo=UTC)},
        {"expires": datetime(2026, 1, 3, tzinfo=UTC)},
        {"summary": "s"},
        {"reason": "r"},
        {"run": "r"},
        {"key": "k"},
        {"risk": Risk(level=Level.HIGH)},
        {"requirement": Requirement(quorum=2)},
        {"adopted": Adopted(name="n", text="t")},
        {"files": (BoundFile(name="f", path="/f", size=1, sha256="00"),)},
        {"schema": {"type": "object"}},
    ]
    digests = {Request(**(base | change)).digest for change in [{}, *changes]}
    assert len(digests) == len(changes) + 1 == len(Request.__dataclass_fields__) + 1


@pytest.mark.parametrize(("span", "number"), [(timedelta(minutes=1), 60), (timedelta(seconds=0.5), 0.5)])
def test_a_duration_is_written_in_seconds_whole_where_it_is(span: timedelta, number: float) -> None:
    written = encode(Requirement(timeout=span))["timeout"]
    assert (written, type(written)) == (number, type(number))


@dataclass(frozen=True, kw_only=True)
class Odd:
    """A record with members of a kind that none of ours has yet."""

    at: datetime | None
    which: State | int | None = None
    number: State | int = 0


def test_a_member_that_may_be_none_is_null_also_where_that_is_no_default() -> None:
    assert encode(Odd(at=None)) == {"at": None}
    assert decode(Odd, {"at": None}) == Odd(at=None)
    assert encode(Odd(at=datetime(2026, 1, 2, tzinfo=UTC))) == {"at": "2026-01-02T00:00:00.000000Z"}


def test_a_member_that_may_be_of_several_kinds_is_left_as_it_is() -> None:
    odd = Odd(at=None, which=5, number=7)
    assert encode(odd) == {"at": None, "which": 5, "number": 7}
    assert decode(Odd, encode(odd)) == odd


def test_a_member_that_a_record_has_not_is_named() -> None:
    with pytest.raises(TypeError, match=r"^Notice has no field 'extra'$"):
        decode(Notice, {"text": "t", "extra": 1})

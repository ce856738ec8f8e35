"""The short signed form: one string for one vote, and never the same for two."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hitl_vault.trust.hmac_form import expires_text, sign, signed_text

ID = "01jc0000000000000000000000"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
names = st.one_of(
    st.text(min_size=1, max_size=12), st.sampled_from(["alice", "approved", "José", "a:b", "bob:"])
)
instants = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]))
votes = st.tuples(ids, st.sampled_from(["approved", "rejected"]), names, instants)


def test_the_published_vector() -> None:
    text = signed_text(ID, "approved", "alice", AT)
    assert text == "01jc0000000000000000000000:approved:alice:2026-01-02T03:04:05Z"
    signature = sign(bytes(range(32)), text)
    assert signature == "e5cafe569736c462cb9ab2c0dcca5bfa74c613d4d4cf38a524d01c3a8b893480"


def text_or_none(vote: tuple[str, str, str, datetime]) -> str | None:
    try:
        return signed_text(*vote)
    except ValueError:
        return None


@given(votes, votes)
def test_two_different_votes_never_have_the_same_string(
    one: tuple[str, str, str, datetime], other: tuple[str, str, str, datetime]
) -> None:
    texts = (text_or_none(one), text_or_none(other))
    assert one == other or None in texts or texts[0] != texts[1]


@given(votes)
def test_a_string_reads_back_as_the_vote_that_it_was_made_of(vote: tuple[str, str, str, datetime]) -> None:
    text = text_or_none(vote)
    if text is not None:
        id, decision, approver, expires = text.split(":", 3)
        assert (id, decision, approver, datetime.fromisoformat(expires)) == vote


@given(ids, names, ids, names)
def test_moving_a_character_from_one_field_to_the_next_is_never_the_same_string(
    id: str, name: str, more: str, other: str
) -> None:
    parts = (f"{id}:approved:{more}", "approved", name, AT)
    assert text_or_none(parts) is None
    assert text_or_none((id, "approved", f"{name}:{other}", AT)) is None


@pytest.mark.parametrize("id", ["", "a:b", "a b", "-a", "é", "a\n", "x" * 129])
def test_an_id_of_another_form_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="an id"):
        signed_text(id, "approved", "alice", AT)


@pytest.mark.parametrize("decision", ["approve", "APPROVED", "", "approved ", "yes"])
def test_a_decision_is_one_of_two_words(decision: str) -> None:
    with pytest.raises(ValueError, match="a decision"):
        signed_text(ID, decision, "alice", AT)


@pytest.mark.parametrize(
    "name",
    ["", " alice", "alice ", "a:b", "a\nb", "a\tb", "a\u200bb", "e\u0301", "\ufeffa", "x" * 129],
    ids=ascii,
)
def test_a_name_that_could_be_written_or_seen_in_two_ways_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="approver"):
        signed_text(ID, "approved", name, AT)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (AT, "2026-01-02T03:04:05Z"),
        (AT.replace(microsecond=120), "2026-01-02T03:04:05.000120Z"),
        (AT.astimezone(timezone(timedelta(hours=-8))), "2026-01-02T03:04:05Z"),
    ],
)
def test_an_instant_has_one_text(at: datetime, text: str) -> None:
    assert expires_text(at) == text


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        signed_text(ID, "approved", "alice", AT.replace(tzinfo=None))


def test_an_instant_before_the_first_year_of_utc_is_refused() -> None:
    first = datetime(1, 1, 1, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with pytest.raises(ValueError, match="years 1 to 9999"):
        signed_text(ID, "approved", "alice", first)

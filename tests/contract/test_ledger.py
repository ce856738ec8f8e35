"""What every ledger promises: writing, reading and checking."""

from __future__ import annotations

import json
import random
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hitl_vault.domain.codec import encode
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode
from hitl_vault.errors import (
    ConfigError,
    Conflict,
    InvalidTransition,
    LedgerBroken,
    LedgerUnavailable,
    RequestNotFound,
)
from hitl_vault.ledger.chain import verify_lines
from hitl_vault.ledger.protocol import SUMMARY_LIMIT, Ledger, Writer
from tests.conftest import Clock
from tests.ledger_jobs import PAYMENT, Opener, appending, approving, asking, claiming, executing

UNKNOWN = "20260102-030405-nothing-00000000"


# Writing


def test_what_was_written_is_there_for_whoever_opens_the_ledger_next(
    ledger: Ledger, open_ledger: Opener
) -> None:
    id = ledger.write(asking(summary="Pay ACME"))
    ledger.write(approving(id))
    for reader in (ledger, open_ledger()):
        assert reader.record(id).state is State.APPROVED
        assert reader.record(id).request.summary == "Pay ACME"
        assert reader.record(id).request.context == PAYMENT
        assert reader.last_seq() == 2


def test_a_job_that_raises_leaves_nothing_and_the_caller_gets_its_error(ledger: Ledger) -> None:
    def job(writer: Writer) -> None:
        asking()(writer)
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ledger.write(job)
    assert (ledger.last_seq(), ledger.rows()) == (0, [])


def test_jobs_of_one_commit_fail_alone(ledger: Ledger) -> None:
    id = ledger.write(asking())

    def fails(writer: Writer) -> None:
        asking()(writer)
        approving(id)(writer)
        raise ZeroDivisionError

    results = ledger.write_all([asking(), fails, asking(), lambda writer: writer.record(id).state, fails])
    assert [type(result) for result in results] == [str, ZeroDivisionError, str, State, ZeroDivisionError]
    assert results[3] is State.PENDING, "a later job must not see what was undone"
    assert ledger.counts()[State.PENDING] == 3
    assert ledger.verify() == 3


def test_jobs_of_one_commit_see_what_earlier_ones_did(ledger: Ledger) -> None:
    id = ledger.write(asking())
    _, lost = ledger.write_all([approving(id), appending(Kind.REJECTED, id)])
    assert isinstance(lost, InvalidTransition)
    assert ledger.record(id).state is State.APPROVED
    assert ledger.write_all([]) == []


def test_a_job_may_catch_a_refused_append_and_go_on(ledger: Ledger) -> None:
    id = ledger.write(asking())

    def job(writer: Writer) -> str:
        with pytest.raises(InvalidTransition):
            claiming(id)(writer)
        approving(id)(writer)
        return str(writer.record(id).state)

    assert ledger.write(job) == "approved"
    assert ledger.verify() == 2


def test_an_exception_that_a_job_returns_is_a_result(ledger: Ledger) -> None:
    assert isinstance(ledger.write(lambda writer: KeyError("returned")), KeyError)


def unreadable(writer: Writer) -> None:
    id = asking()(writer)
    writer.append(Kind.VOTED, id, {"verdict": "maybe"}, mode=Mode.OPEN)


def not_json(writer: Writer) -> None:
    asking({"a": float("nan")})(writer)


def another_id(writer: Writer) -> None:
    request = Request(id=UNKNOWN, action="a", context={}, agent="g", created=writer.now)
    other = UNKNOWN.replace("nothing", "other")
    writer.append(Kind.ASKED, other, {"request": encode(request)}, mode=Mode.OPEN)


def no_id(writer: Writer) -> None:
    request = Request(id='"},"', action="a", context={}, agent="g", created=writer.now)
    writer.append(Kind.ASKED, request.id, {"request": encode(request)}, mode=Mode.OPEN)


def no_request(writer: Writer) -> None:
    writer.append(Kind.ASKED, UNKNOWN, {}, mode=Mode.OPEN)


def odd_request(writer: Writer) -> None:
    writer.append(Kind.ASKED, UNKNOWN, {"request": [1]}, mode=Mode.OPEN)


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (unreadable, (ValueError, TypeError)),
        (not_json, ValueError),
        (another_id, ValueError),
        (no_id, ValueError),
        (no_request, ValueError),
        (odd_request, ValueError),
        (approving(UNKNOWN), RequestNotFound),
        (lambda writer: writer.record(UNKNOWN), RequestNotFound),
        (lambda writer: writer.lease(UNKNOWN, writer.now), RequestNotFound),
        (appending(Kind.APPROVED, ""), InvalidTransition),
    ],
)
def test_what_could_not_be_read_back_is_never_appended(ledger: Ledger, job: Any, error: Any) -> None:
    with pytest.raises(error):
        ledger.write(job)
    assert ledger.last_seq() == 0


def test_what_was_found_in_the_vault_as_a_whole_belongs_to_no_request(ledger: Ledger) -> None:
    ledger.write(appending(Kind.TAMPERED, "", text="Dashboard.md was edited"))
    assert [entry.request for entry in ledger.entries()] == [""]
    assert ledger.rows() == []
    assert ledger.verify() == 1
    ledger.rebuild()
    assert ledger.rows() == []


def test_the_same_id_is_asked_once(ledger: Ledger) -> None:
    id = ledger.write(asking())
    body = dict(next(iter(ledger.entries())).body)
    with pytest.raises(InvalidTransition):
        ledger.write(appending(Kind.ASKED, id, **body))


def test_a_key_stands_for_one_request_of_an_agent(ledger: Ledger) -> None:
    id = ledger.write(asking(key="inv-117"))
    other = ledger.write(asking(key="inv-117", agent="other-bot"))
    assert ledger.write(lambda writer: writer.by_key("crm-bot", "inv-117")) == id
    assert ledger.write(lambda writer: writer.by_key("other-bot", "inv-117")) == other
    assert ledger.write(lambda writer: writer.by_key("crm-bot", "inv-118")) is None
    with pytest.raises(Conflict) as conflict:
        ledger.write(asking(key="inv-117"))
    assert conflict.value.id == id
    assert ledger.verify() == 2


def test_changing_an_object_after_it_was_appended_changes_no_record(ledger: Ledger) -> None:
    context = {"lines": [1, 2]}
    seen: list[Any] = []
    ledger.subscribe(seen.extend)
    id = ledger.write(asking(context))
    context["lines"].append(3)
    assert seen[0].body["request"]["context"] == {"lines": [1, 2]}
    assert ledger.record(id).request.context == {"lines": [1, 2]}


def test_a_job_must_use_its_writer_and_only_during_the_job(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="job must not write"):
        ledger.write(lambda _: ledger.write(asking()))
    kept = ledger.write(lambda writer: writer)
    with pytest.raises(LedgerUnavailable):
        asking()(kept)
    assert ledger.last_seq() == 0


def test_first_writer_wins_among_threads(ledger: Ledger) -> None:
    ids = [ledger.write(asking()) for _ in range(20)]
    winners: list[tuple[str, str]] = []

    def decide(n: int) -> None:
        kind, name = (Kind.APPROVED, Kind.REJECTED)[n % 2], f"thread {n}"
        for id in ids:
            try:
                ledger.write(appending(kind, id, by=[name]))
            except InvalidTransition:
                continue
            winners.append((id, name))

    in_threads(*[lambda n=n: decide(n) for n in range(12)])
    decisions = [ledger.record(id).decision for id in ids]
    assert sorted(winners) == sorted((d.request, *d.by) for d in decisions if d)
    assert len(winners) == 20
    assert ledger.verify() == 40


def test_concurrent_writers_get_each_their_own_result(ledger: Ledger) -> None:
    found: dict[int, list[str]] = {}

    def ask(n: int) -> None:
        found[n] = [ledger.write(asking({"n": n, "i": i})) for i in range(20)]

    in_threads(*[lambda n=n: ask(n) for n in range(12)])
    for n, ids in found.items():
        assert [ledger.record(id).request.context for id in ids] == [{"n": n, "i": i} for i in range(20)]
    assert ledger.verify() == 240


def in_threads(*works: Any) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


# Time


def test_time_never_runs_backwards_in_the_ledger(ledger: Ledger, clock: Clock) -> None:
    start = clock()
    ledger.write(asking())
    clock.set(start - timedelta(days=400))
    assert ledger.now() == start
    assert ledger.write(lambda writer: writer.now) == start
    ledger.write(asking())
    clock.set(start + timedelta(seconds=1))
    assert ledger.now() == clock()
    ledger.write(asking())
    assert [entry.at for entry in ledger.entries()] == [start, start, clock()]
    assert ledger.verify() == 3


def test_the_time_is_that_of_the_clock_in_utc(open_ledger: Opener) -> None:
    local = datetime.fromisoformat("2026-01-02T03:04:05.678901+05:30")
    ledger = open_ledger(clock=lambda: local)
    assert ledger.now() == local
    ledger.write(asking())
    (entry,) = ledger.entries()
    assert (entry.at, entry.at.tzinfo) == (local, UTC)


def test_a_clock_without_a_zone_is_refused(open_ledger: Opener) -> None:
    ledger = open_ledger(clock=lambda: datetime(2026, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        ledger.write(asking())
    with pytest.raises(ValueError, match="time zone"):
        ledger.now()


# Reading


def test_an_unknown_id_is_not_found(ledger: Ledger) -> None:
    with pytest.raises(RequestNotFound) as missing:
        ledger.record(UNKNOWN)
    assert missing.value.id == UNKNOWN
    with pytest.raises(RequestNotFound):
        ledger.rows(after=UNKNOWN)


def test_an_id_can_be_shortened_to_any_part_of_it(ledger: Ledger, clock: Clock) -> None:
    ids = []
    for _ in range(25):
        ids.append(ledger.write(asking()))
        clock.advance(1)
    assert ledger.find(ids[3]) == [ids[3]]
    assert ledger.find(ids[3][-8:]) == [ids[3]]
    assert ledger.find("payment") == ids[:-21:-1], "the newest first, at most 20"
    assert ledger.find("nothing") == ledger.find("") == ledger.find("%") == []


def test_a_request_is_found_by_its_whole_key_where_no_id_has_that_in_it(ledger: Ledger) -> None:
    first = ledger.write(asking(key="job-7"))
    second = ledger.write(asking(key="job-7", agent="ci"))
    named = ledger.write(asking(key=first[-8:], agent="ci"))
    assert ledger.find("job-7") == [second, first]
    assert ledger.find("job") == []
    assert ledger.find(first[-8:]) == [first], "an id comes first"
    assert ledger.find(named) == [named]


def test_rows_come_in_the_order_of_asking_and_in_pages(ledger: Ledger) -> None:
    ids = ledger.write_all([asking() for _ in range(7)])
    for id in (ids[1], ids[4]):
        ledger.write(approving(id))
    assert [row.id for row in ledger.rows()] == ids[::-1]
    assert [row.id for row in ledger.rows(newest_first=False)] == ids
    assert [row.id for row in ledger.rows(limit=2)] == [ids[6], ids[5]]
    assert [row.id for row in ledger.rows(limit=2, after=ids[5])] == [ids[4], ids[3]]
    assert [row.id for row in ledger.rows(newest_first=False, after=ids[4])] == ids[5:]
    assert [row.id for row in ledger.rows(states={State.APPROVED})] == [ids[4], ids[1]]
    both = ledger.rows(states={State.APPROVED, State.PENDING}, limit=4, after=ids[6])
    assert [row.id for row in both] == [ids[5], ids[4], ids[3], ids[2]]
    assert ledger.rows(states=[State.FAILED]) == []
    assert ledger.rows(limit=0) == []


@pytest.mark.parametrize(
    ("only", "places"),
    [
        ({"agent": "ci"}, [3, 2]),
        ({"run": "r1"}, [2, 0]),
        ({"action": "deploy"}, [3]),
        ({"agent": "ci", "run": "r1"}, [2]),
        ({"agent": "ci", "states": {State.APPROVED}}, [3]),
        ({"agent": "ci", "states": {State.APPROVED, State.PENDING}, "limit": 1}, [3]),
        ({"run": ""}, []),
    ],
)
def test_rows_of_one_agent_run_or_action(ledger: Ledger, only: Any, places: list[int]) -> None:
    ids = ledger.write_all(
        [
            asking(run="r1"),
            asking(run="r2"),
            asking(run="r1", agent="ci"),
            asking(agent="ci", action="deploy"),
        ]
    )
    ledger.write(approving(ids[3]))
    assert [row.id for row in ledger.rows(**only)] == [ids[place] for place in places]


def test_a_row_says_what_a_listing_shows(ledger: Ledger, clock: Clock) -> None:
    asked = clock()
    id = ledger.write(asking(summary="x" * 9999, run="r1", key="k1", expires=None))
    clock.advance(5)
    ledger.write(approving(id))
    (row,) = ledger.rows()
    assert (row.id, row.state, row.action, row.agent) == (id, State.APPROVED, "payment", "crm-bot")
    assert (row.summary, row.run, row.key) == ("x" * SUMMARY_LIMIT, "r1", "k1")
    assert (row.created, row.expires, row.changed, row.decided) == (asked, None, clock(), clock())
    assert (row.risk, row.seq) == ("low", 2)


def test_ids_come_in_the_order_of_asking_and_by_the_beginning_of_their_keys(ledger: Ledger) -> None:
    keys = [None, "note:a", "note:b%", "NOTE:c", "note"]
    ids = ledger.write_all([asking(key=key) for key in keys])
    ledger.write(approving(ids[1]))
    assert ledger.ids({State.PENDING}) == [ids[0], *ids[2:]]
    assert ledger.ids({State.APPROVED, State.PENDING}) == ids
    assert ledger.ids({State.PENDING}, key="note:") == [ids[2]]
    assert ledger.ids({State.PENDING, State.APPROVED}, key="note:") == ids[1:3]
    assert ledger.ids(set()) == ledger.ids({State.FAILED}) == []


@pytest.mark.parametrize("late", [False, True])
def test_a_record_that_is_offered_counts_only_as_long_as_it_is_so(ledger: Ledger, late: bool) -> None:
    id = ledger.write(asking())
    known = ledger.record(id)
    if late:
        ledger.write(approving(id))

    def job(writer: Writer) -> Record:
        writer.offer(known)
        return writer.record(id)

    found = ledger.write(job)
    assert found == ledger.record(id)
    assert (found is known) is not late


def test_a_record_that_is_not_this_ledgers_is_not_taken(ledger: Ledger) -> None:
    id = ledger.write(asking())
    stranger = changed(ledger.record(id), seq=99, state=State.APPROVED)

    def job(writer: Writer) -> State:
        writer.offer(stranger)
        return writer.record(id).state

    assert ledger.write(job) is State.PENDING


def test_states_are_counted(ledger: Ledger) -> None:
    assert set(ledger.counts()) == set(State)
    ids = ledger.write_all([asking() for _ in range(3)])
    ledger.write(approving(ids[0]))
    ledger.write_all([approving(ids[1]), claiming(ids[1])])
    counts = ledger.counts()
    assert (counts[State.PENDING], counts[State.APPROVED], counts[State.EXECUTING]) == (1, 1, 1)
    assert sum(counts.values()) == 3


def test_entries_can_be_read_from_any_number_on(ledger: Ledger) -> None:
    ids = ledger.write_all([asking() for _ in range(450)])
    ledger.write(approving(ids[0]))
    assert [entry.seq for entry in ledger.entries()] == list(range(1, 452))
    assert [entry.seq for entry in ledger.entries(after=448)] == [449, 450, 451]
    assert [entry.seq for entry in ledger.entries(after=10, limit=300)] == list(range(11, 311))
    assert [entry.seq for entry in ledger.entries(request=ids[0])] == [1, 451]
    assert [entry.seq for entry in ledger.entries(request=ids[0], after=1, limit=5)] == [451]
    assert list(ledger.entries(limit=0)) == list(ledger.entries(request=UNKNOWN)) == []


def test_reading_entries_ends_where_the_ledger_ended(ledger: Ledger) -> None:
    ledger.write(asking())
    found = []
    for entry in ledger.entries():
        found.append(entry.seq)
        ledger.write(asking())
    assert found == [1]


def test_what_falls_due_comes_soonest_first(ledger: Ledger, clock: Clock) -> None:
    late = ledger.write(asking(expires=clock() + timedelta(hours=2)))
    soon = ledger.write(asking(expires=clock() + timedelta(hours=1)))
    ledger.write(asking(expires=None))
    done = ledger.write(asking())
    ledger.write(appending(Kind.REJECTED, done))
    ledger.write(approving(late))
    assert ledger.due() == [(clock() + timedelta(hours=1), soon), (clock() + timedelta(hours=2), late)]


def test_a_lease_lasts_as_long_as_the_run(ledger: Ledger, clock: Clock) -> None:
    id = ledger.write(asking())
    with pytest.raises(InvalidTransition):
        ledger.write(lambda writer: writer.lease(id, writer.now))
    ledger.write_all([approving(id), claiming(id, lease=30)])
    until = clock() + timedelta(seconds=30)
    assert ledger.due() == [(until, id)]
    assert ledger.leased_until(id) == ledger.write(lambda writer: writer.leased_until(id)) == until
    later = clock() + timedelta(seconds=90)
    ledger.write(lambda writer: writer.lease(id, later))
    assert ledger.leased_until(id) == later
    ledger.rebuild()
    assert ledger.due() == [(later, id)], "a lease is no entry, and stays"
    ledger.write(executing(id))
    assert (ledger.due(), ledger.leased_until(id)) == ([], None)
    assert ledger.verify() == 4


def test_a_lease_is_undone_with_its_job(ledger: Ledger) -> None:
    id = ledger.write(asking())
    ledger.write(approving(id))

    def job(writer: Writer) -> None:
        claiming(id, lease=30)(writer)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ledger.write(job)
    assert ledger.leased_until(id) is None


def test_marks_are_kept_by_name(ledger: Ledger, open_ledger: Opener) -> None:
    assert ledger.get_mark("drawn") is None
    ledger.set_mark("drawn", "1")
    ledger.set_mark("drawn", "2")
    ledger.set_mark("other", "é")
    assert [open_ledger().get_mark(name) for name in ("drawn", "other")] == ["2", "é"]
    assert ledger.last_seq() == 0


# Checking


def wander(ledger: Ledger, seed: int) -> None:
    """Take every request through its life at random; what the lifecycle refuses is refused."""
    chance = random.Random(seed)
    ids: list[str] = [ledger.write(asking(key=f"k{n}")) for n in range(6)]
    steps = [approving, claiming, executing]
    kinds = [Kind.REJECTED, Kind.EXPIRED, Kind.CANCELLED, Kind.CLEARED]
    for _ in range(120):
        id = chance.choice(ids)
        jobs = [step(id) for step in steps] + [appending(kind, id) for kind in kinds]
        jobs += [appending(kind, id, text="t") for kind in (Kind.FLAGGED, Kind.REFUSED, Kind.TAMPERED)]
        ledger.write_all(chance.sample(jobs, 3))


@pytest.mark.parametrize("seed", range(5))
def test_the_fold_made_anew_is_the_fold_that_was_kept(ledger: Ledger, seed: int) -> None:
    wander(ledger, seed)
    rows = ledger.rows()
    assert ledger.verify() == ledger.last_seq()
    ledger.rebuild()
    assert ledger.rows() == rows
    assert ledger.verify() == ledger.last_seq()
    for row in rows:
        record = ledger.record(row.id)
        assert (record.state, record.seq, record.changed) == (row.state, row.seq, row.changed)


def test_an_export_is_verified_without_the_ledger(ledger: Ledger) -> None:
    wander(ledger, 7)
    lines = list(ledger.export())
    assert verify_lines(lines) == len(lines) == ledger.last_seq()
    assert [json.loads(line)["hash"] for line in lines] == [entry.hash for entry in ledger.entries()]
    with pytest.raises(LedgerBroken) as broken:
        verify_lines(lines[:3] + lines[4:])
    assert broken.value.seq == 4


def test_any_json_survives_the_ledger(ledger: Ledger) -> None:
    context = {"big": 1e20, "tiny": 5e-324, "é\U0001f600": ["\x00\u2028</script>", None, True, -0.5], "": {}}
    id = ledger.write(asking(context))
    assert ledger.record(id).request.context == context
    assert ledger.verify() == verify_lines(ledger.export()) == 1


# Opening and closing


def test_a_ledger_of_another_vault_is_refused_by_both_names(ledger: Ledger, open_ledger: Opener) -> None:
    ledger.write(asking())
    with pytest.raises(ConfigError, match=r"'v1'.*'v2'"):
        open_ledger(vault_id="v2")


def test_a_closed_ledger_says_so(open_ledger: Opener) -> None:
    ledger = open_ledger()
    ledger.subscribe(lambda entries: None)
    ledger.close()
    ledger.close()
    for use in (lambda: ledger.write(asking()), ledger.rows, lambda: ledger.subscribe(print)):
        with pytest.raises(LedgerUnavailable, match="closed"):
            use()

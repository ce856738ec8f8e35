"""What every ledger promises its subscribers: each entry, once, in order, soon."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from hitl_vault.domain.entry import Entry
from hitl_vault.ledger.protocol import Ledger
from tests.ledger_jobs import Opener, approving, asking


class Heard:
    """A subscriber that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.threads: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, entries: list[Entry]) -> None:
        with self._changed:
            self.entries += entries
            self.threads.append(threading.current_thread().name)
            self._changed.notify_all()

    @property
    def seqs(self) -> list[int]:
        return [entry.seq for entry in self.entries]

    def wait(self, count: int, seconds: float = 20.0) -> float:
        """Wait until so many entries were heard; return the time."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.entries) >= count, seconds), self.seqs
        return time.monotonic()


def test_a_subscriber_hears_what_is_committed_after_it_subscribed(ledger: Ledger) -> None:
    ledger.write(asking())
    heard = Heard()
    ledger.subscribe(heard)
    id = ledger.write(asking())
    ledger.write_all([approving(id), asking()])
    assert heard.entries == list(ledger.entries(after=1))


def test_entries_of_this_process_are_delivered_by_who_committed_them_before_write_returns(
    ledger: Ledger,
) -> None:
    heard = Heard()
    ledger.subscribe(heard)
    time.sleep(0.05)  # the feed's thread has had its first look
    for n in range(1, 51):
        ledger.write(asking())
        assert len(heard.entries) == n
    assert set(heard.threads) == {threading.current_thread().name}


def test_what_was_undone_is_not_heard(ledger: Ledger) -> None:
    heard = Heard()
    ledger.subscribe(heard)

    def job(writer: Any) -> None:
        asking()(writer)
        raise ZeroDivisionError

    ledger.write_all([job, asking(), job])
    assert heard.seqs == [1]


def test_another_ledger_on_the_same_place_is_woken_at_once(ledger: Ledger, open_ledger: Opener) -> None:
    heard = Heard()
    other = open_ledger()
    other.subscribe(heard)
    time.sleep(0.05)
    delays = []
    for n in range(1, 31):
        ledger.write(asking())
        written = time.monotonic()
        delays.append(heard.wait(n) - written)
    assert heard.seqs == list(range(1, 31))
    # Far below the second after which it would have looked of itself; how far is for the benchmarks.
    assert sorted(delays)[15] < 0.1


def test_entries_of_many_writers_come_in_order_and_once(ledger: Ledger, open_ledger: Opener) -> None:
    other = open_ledger()
    ears = [Heard() for _ in range(4)]
    for ear, source in zip(ears, [ledger, ledger, other, other], strict=True):
        source.subscribe(ear)

    def work(source: Ledger) -> None:
        for _ in range(40):
            source.write_all([asking(), asking()])

    threads = [threading.Thread(target=work, args=(source,)) for source in [ledger, other] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for ear in ears:
        ear.wait(480)
        assert ear.seqs == list(range(1, 481))


def test_who_subscribes_in_the_middle_misses_nothing_and_hears_nothing_old(ledger: Ledger) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            ledger.write(asking())

    writer = threading.Thread(target=work)
    writer.start()
    ears = []
    for _ in range(20):
        before, heard = ledger.last_seq(), Heard()
        ledger.subscribe(heard)
        ears.append((before, heard, ledger.last_seq()))
        time.sleep(0.003)
    stop.set()
    writer.join()
    ledger.write(asking())
    last = ledger.last_seq()
    for before, heard, after in ears:
        heard.wait(last - after)
        assert heard.seqs == list(range(heard.seqs[0], last + 1))
        assert before < heard.seqs[0] <= after + 1


def test_who_unsubscribed_hears_nothing_more_and_the_others_do(ledger: Ledger) -> None:
    gone, stays = Heard(), Heard()
    end = ledger.subscribe(gone)
    ledger.subscribe(stays)
    ledger.write(asking())
    end()
    end()
    ledger.write(asking())
    assert (gone.seqs, stays.seqs) == ([1], [1, 2])


def test_a_subscriber_that_fails_is_logged_and_keeps_nothing_from_the_others(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(entries: list[Entry]) -> None:
        raise ZeroDivisionError("mine")

    heard = Heard()
    ledger.subscribe(fails)
    ledger.subscribe(heard)
    with caplog.at_level(logging.ERROR):
        ledger.write(asking())
        ledger.write(asking())
        heard.wait(2)  # whichever thread delivers
    assert heard.seqs == [1, 2]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError] * 2


def test_a_subscriber_may_write(ledger: Ledger) -> None:
    heard = Heard()

    def answers(entries: list[Entry]) -> None:
        for entry in entries:
            if entry.kind == "asked":
                ledger.write(approving(entry.request))

    ledger.subscribe(answers)
    ledger.subscribe(heard)
    for _ in range(5):
        ledger.write(asking())
    assert [str(entry.kind) for entry in heard.entries] == ["asked", "approved"] * 5
    assert heard.seqs == list(range(1, 11))


def test_one_thread_serves_all_subscribers(ledger: Ledger) -> None:
    before = threading.active_count()
    for _ in range(50):
        ledger.subscribe(Heard())
    assert threading.active_count() == before + 1
    ledger.close()
    assert threading.active_count() == before


def test_a_backlog_of_many_entries_is_caught_up_with(ledger: Ledger, open_ledger: Opener) -> None:
    heard = Heard()
    open_ledger().subscribe(heard)
    ledger.write_all([asking() for _ in range(1500)])
    heard.wait(1500)
    assert heard.seqs == list(range(1, 1501))

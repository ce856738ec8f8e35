"""A gate goes on working in a process that was forked off, as it does in the one that opened it."""

from __future__ import annotations

import os

import pytest

from tests.house import House

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def test_a_forked_process_hears_what_is_decided_elsewhere(house: House) -> None:
    process = house.script(
        """
        import os
        request = gate.ask("refund", {"order": "A-17"})
        if os.fork() == 0:
            print(gate.wait(request.id, timeout=8).state, flush=True)
            os._exit(0)
        time.sleep(0.5)
        gate.decide(request.id, "approve", by="ana")
        os.wait()
        """
    )
    assert process.line() == "approved"


@pytest.mark.founded(lease="1s")
def test_a_grant_taken_in_a_forked_process_is_kept_alive_by_it(house: House) -> None:
    process = house.script(
        """
        import os
        def approved(action):
            request = gate.ask(action, {})
            gate.decide(request.id, "approve", by="ana")
            return request.id
        before, id = approved("refund"), approved("deploy")
        grant = gate.claim(before, {}, action="refund")
        if os.fork() == 0:
            own = gate.claim(id, {}, action="deploy")
            time.sleep(3)
            print(gate.get(before).state, gate.get(id).state, flush=True)
            own.executed()
            print(gate.get(id).state, flush=True)
            os._exit(0)
        os.wait()
        """
    )
    assert process.line() == "executing executing"
    assert process.line() == "executed"


def test_a_forked_process_that_leaves_the_block_of_a_grant_says_nothing_of_its_end(house: House) -> None:
    process = house.script(
        """
        import os
        request = gate.ask("refund", {})
        gate.decide(request.id, "approve", by="ana")
        with gate.claim(request.id, {}, action="refund"):
            if os.fork() == 0:
                sys.exit(0)
            os.wait()
            print(gate.get(request.id).state, flush=True)
        print(gate.get(request.id).state, flush=True)
        """
    )
    assert process.line() == "executing"
    assert process.line() == "executed"

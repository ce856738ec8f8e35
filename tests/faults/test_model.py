"""The product behaves like its reference, whatever happens in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.faults.machine import Approvals

_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


def test_a_sample_of_stories() -> None:
    """A story that fails is told as it is: to make it simpler takes longer than all the others."""
    run_state_machine_as_test(
        Approvals,
        settings=settings(
            max_examples=25, stateful_step_count=25, phases=(Phase.explicit, Phase.generate), **_COMMON
        ),
    )


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_many_stories() -> None:
    run_state_machine_as_test(
        Approvals, settings=settings(max_examples=200, stateful_step_count=40, **_COMMON)
    )


@pytest.mark.faults
@pytest.mark.timeout(1800)
def test_stories_until_one_fails() -> None:
    """The same stories each time, and the first that fails made no simpler: for faults that are seeded."""
    run_state_machine_as_test(
        Approvals,
        settings=settings(
            max_examples=100,
            stateful_step_count=40,
            phases=(Phase.generate,),
            derandomize=True,
            **_COMMON,
        ),
    )

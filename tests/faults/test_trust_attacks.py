"""What agents try between the question and the run, and around the commands of the person who answers."""

from __future__ import annotations

import pytest

import hitl_vault as hv
from tests.house import House

READS = "format: 1\nrules:\n  - {name: reads, when: 'action == \"read_user\"', verdict: allow}\n"


def test_an_executor_has_to_say_what_it_is_about_to_do(house: House) -> None:
    """Else what the policy lets an agent read, it could have deleted: the context is the same."""
    (house.root / ".hitl" / "policy.yaml").write_text(READS)
    gate = house.gate(keeper=False)
    request = gate.ask("read_user", {"id": 7})
    assert gate.get(request.id).state == "approved"
    with pytest.raises(TypeError, match="action"):
        gate.claim(request.id, {"id": 7})  # type: ignore[call-arg]
    with pytest.raises(hv.DigestMismatch, match=r"'read_user', not 'user\.delete'"):
        gate.claim(request.id, {"id": 7}, action="user.delete")
    assert gate.claim(request.id, {"id": 7}, action="read_user").context == {"id": 7}


CLERKS = """
format: 1
defaults: {mode: attributed, approvers: [eve]}
rules:
  - {name: large, when: 'action == "pay" && context.amount >= 500', verdict: ask, approvers: [cfo]}
  - {name: bulk, when: 'action == "pay"', verdict: ask, approvers: [ann, ben], quorum: 2}
"""


@pytest.mark.parametrize("amount", ["900", [900], None, {}])
def test_a_value_of_another_kind_does_not_choose_weaker_approvers(house: House, amount: object) -> None:
    """Neither those of the rule that cannot be decided alone, nor those of the next one."""
    (house.root / ".hitl" / "policy.yaml").write_text(CLERKS)
    gate = house.gate(keeper=False)
    assert gate.check("pay", {"amount": 900}).requirement.approvers == ("cfo",)
    request = gate.ask("pay", {"amount": amount})
    for name in ("ann", "ben"):
        assert gate.decide(request.id, "approve", by=name).state == "pending"
    with pytest.raises(hv.NotAnApprover):
        gate.decide(request.id, "approve", by="eve")
    assert gate.decide(request.id, "approve", by="cfo").state == "approved"

"""The gate follows the policy: allowed, blocked or asked about; executors need a grant."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import hitl_vault as hv
from tests.conftest import Clock
from tests.house import House, eventually

POLICY = """\
format: 1
people: {ana: , ben: , cy: , crm-bot: }
delegations:
  - {of: ana, to: cy, until: 2030-01-01}
  - {of: ana, to: crm-bot}
defaults: {timeout: 2h}
rules:
  - {name: never, when: action == "nuke", verdict: block, reason: far too dangerous}
  - {name: reading, when: action.startsWith("read"), verdict: allow, reason: it changes nothing}
  - {name: small, when: action == "pay" && context.amount < 10, verdict: allow}
  - {name: large, when: action == "pay", verdict: ask, approvers: [ana, ben], quorum: 2,
     timeout: 30m, risk: high}
  - {name: free, when: action == "free", verdict: ask, timeout: none}
"""


@pytest.fixture
def ruled(house: House) -> House:
    """A vault with a policy of its own."""
    write(house, POLICY)
    return house


@pytest.fixture
def quiet(ruled: House) -> Iterator[hv.Gate]:
    """A gate without a keeper."""
    return ruled.gate(keeper=False)


def write(house: House, text: str) -> None:
    (house.root / ".hitl" / "policy.yaml").write_text(text)


def kinds(gate: hv.Gate, id: str) -> list[str]:
    return [str(entry.kind) for entry in gate.history(id)]


@pytest.mark.parametrize(
    ("action", "context", "verdict", "rule", "reason"),
    [
        ("nuke", {}, "block", "never", "far too dangerous"),
        ("read_file", {}, "allow", "reading", "it changes nothing"),
        ("pay", {"amount": 9.99}, "allow", "small", ""),
        ("pay", {"amount": 10}, "ask", "large", ""),
        ("pay", {"amount": "9"}, "ask", "small", "could not be decided"),
        ("dance", {}, "ask", "", "no rule matches"),
    ],
)
def test_check_says_what_would_happen_and_records_nothing(
    quiet: hv.Gate, action: str, context: dict[str, object], verdict: str, rule: str, reason: str
) -> None:
    ruling = quiet.check(action, context)
    assert (ruling.verdict, ruling.rule) == (verdict, rule)
    assert reason in "; ".join(ruling.reasons)
    assert list(quiet.ledger.entries()) == []


def test_what_is_blocked_is_recorded_and_raised_each_time(ruled: House) -> None:
    gate = ruled.gate()
    for _ in range(2):
        with pytest.raises(hv.Blocked, match=r"nuke .* was blocked .*'never'.*far too dangerous") as refusal:
            gate.ask("nuke", {"where": "here"}, key="job-1")
    request = refusal.value.request
    assert request is not None
    assert kinds(gate, request.id) == ["asked", "rejected"]
    assert "Blocked" in ruled.note(request, "Rejected").read_text()
    with pytest.raises(hv.AlreadyDecided):
        gate.decide(request.id, "approve", by="ana")
    with pytest.raises(hv.Blocked):
        gate.claim(request.id, {"where": "here"}, action=request.action)
    gate.ledger.verify()


def test_what_is_allowed_runs_at_once_and_is_recorded_with_its_rule(ruled: House) -> None:
    gate = ruled.gate()
    ran: list[str] = []

    @gate.guard
    def read_file(path: str) -> int:
        ran.append(path)
        return 7

    assert read_file("a.txt") == 7
    with gate.approval("read_file", {"path": "b.txt"}) as grant:
        ran.append(grant.context["path"])
    assert ran == ["a.txt", "b.txt"]
    record = gate.get(grant.request.id)
    assert kinds(gate, record.id) == ["asked", "approved", "claimed", "executed"]
    assert record.decision is not None
    assert (record.decision.by, record.decision.ground) == ((), "rule 'reading' allows it")
    assert "rule 'reading' allows it" in ruled.note(record.request, "Done").read_text()
    gate.ledger.verify()


def test_a_guarded_function_that_is_blocked_never_runs(quiet: hv.Gate) -> None:
    @quiet.guard(action="nuke")
    def nuke() -> None:
        pytest.fail("it ran")

    @quiet.guard(action="nuke")
    async def nuke_async() -> None:
        pytest.fail("it ran")

    for run in (nuke, lambda: asyncio.run(nuke_async())):
        with pytest.raises(hv.Blocked):
            run()
    with pytest.raises(hv.Blocked), quiet.approval("nuke"):
        pytest.fail("it ran")


def test_asking_takes_what_the_rule_requires(quiet: hv.Gate) -> None:
    request = quiet.ask("pay", {"amount": 500})
    needs = request.requirement
    assert (needs.rule, needs.approvers, needs.quorum) == ("large", ("ana", "ben"), 2)
    assert request.risk.level is hv.Level.HIGH
    quiet.decide(request.id, "approve", by="ben")
    assert quiet.decide(request.id, "approve", by="ben").state is hv.State.PENDING
    record = quiet.decide(request.id, "approve", by="cy")
    assert record.state is hv.State.APPROVED
    assert [(vote.by, vote.on_behalf_of) for vote in record.votes] == [("ben", ()), ("cy", ("ana",))]


def test_the_note_says_which_rule_asks_and_why(ruled: House) -> None:
    gate = ruled.gate()
    plain, undecided = gate.ask("pay", {"amount": 500}), gate.ask("pay", {"amount": "500"})
    assert "Rule" in ruled.note(plain).read_text()
    assert "small: rule 'small' could not be decided" in ruled.note(undecided).read_text()


def test_doctor_reads_the_policy(ruled: House) -> None:
    def level() -> str:
        return next(c.level for c in hv.diagnose(ruled.root, state_dir=ruled.state) if c.name == "policy")

    assert level() == "ok"
    write(ruled, "format: 2")
    assert level() == "fail"


def test_the_asking_agent_is_never_a_delegate(quiet: hv.Gate) -> None:
    request = quiet.ask("pay", {"amount": 500})
    assert [(d.of, d.to) for d in request.requirement.delegations] == [("ana", "cy")]
    with pytest.raises(hv.SelfApproval):
        quiet.decide(request.id, "approve", by="crm-bot")


@pytest.mark.parametrize(
    ("action", "timeout", "expected"),
    [
        ("pay", {}, "30m"),
        ("pay", {"timeout": "5m"}, "5m"),
        ("pay", {"timeout": "5h"}, "30m"),
        ("pay", {"timeout": None}, "30m"),
        ("free", {}, None),
        ("free", {"timeout": "5m"}, "5m"),
        ("dance", {}, "2h"),
        ("dance", {"timeout": "3h"}, "2h"),
    ],
)
def test_an_agent_may_ask_for_less_time_than_the_rule_gives_and_not_for_more(
    quiet: hv.Gate, action: str, timeout: dict[str, str | None], expected: str | None
) -> None:
    request = quiet.ask(action, {"amount": 500}, **timeout)  # type: ignore[arg-type]
    span = request.expires - request.created if request.expires else None
    assert span == (expected and hv.times.duration(expected))


@pytest.mark.parametrize(("claimed", "level"), [("low", "high"), ("critical", "critical"), (None, "high")])
def test_an_agent_can_only_raise_the_risk(quiet: hv.Gate, claimed: str | None, level: str) -> None:
    assert quiet.ask("user.delete", {}, risk=claimed).risk.level == level


def test_without_a_policy_everything_asks_with_the_vaults_settings(house: House) -> None:
    (house.root / ".hitl" / "policy.yaml").unlink()
    gate = house.gate(keeper=False)
    request = gate.ask("read_file")
    assert gate.get(request.id).state is hv.State.PENDING
    assert request.requirement == hv.Requirement()
    assert request.expires == request.created + timedelta(hours=1)


def test_a_fresh_vault_is_cautious_and_a_shipped_policy_is_named_in_the_settings(house: House) -> None:
    gate = house.gate(keeper=False)
    assert hv.policies.load_policy(gate.config).rules[0].name == "critical risk"
    assert gate.check("read_file").requires_approval
    settings = house.root / ".hitl" / "vault.yaml"
    settings.write_text(settings.read_text() + "policy: vault-orchestrator\n")
    other = house.gate(keeper=False)
    assert other.check("payment", {"amount": 499.99}).allowed
    assert other.check("payment", {"amount": 500}).rule == "large payment"


def test_a_changed_policy_holds_from_the_next_request_on_and_a_broken_one_stops_asking(
    ruled: House, quiet: hv.Gate
) -> None:
    digest = hv.policies.load_policy(quiet.config).digest
    assert quiet.check("read").allowed
    assert hv.policies.load_policy(quiet.config) is hv.policies.load_policy(quiet.config)
    write(ruled, POLICY.replace("verdict: allow, reason", "verdict: block, reason"))
    assert quiet.check("read").blocked
    assert hv.policies.load_policy(quiet.config).digest != digest
    write(ruled, POLICY.replace("quorum", "quorom"))
    for attempt in (quiet.check, quiet.ask, quiet.guardrail):
        with pytest.raises(hv.PolicyInvalid, match=r"policy\.yaml:11: .*did you mean 'quorum'"):
            attempt("read")
    assert list(quiet.ledger.entries()) == []


def test_a_policy_that_is_a_dangling_link_is_not_the_same_as_none(ruled: House, quiet: hv.Gate) -> None:
    path = ruled.root / ".hitl" / "policy.yaml"
    path.unlink()
    path.symlink_to(ruled.work / "nowhere")
    with pytest.raises(hv.PolicyInvalid, match="cannot be read"):
        quiet.ask("read")


def test_an_executor_goes_on_only_with_what_may_run(quiet: hv.Gate) -> None:
    assert quiet.guardrail("read_file", {"path": "a"}).allowed
    request = quiet.ask("dance", {"n": 1})
    quiet.decide(request.id, "approve", by="ana")
    grant = quiet.claim(request.id, {"n": 1}, action=request.action)
    assert quiet.guardrail("dance", {"n": 1}, grant).requires_approval
    other = quiet.ask("dance", {"n": 1})
    quiet.decide(other.id, "approve", by="ana")
    second = quiet.claim(other.id, {"n": 1}, action=other.action)
    attempts: list[tuple[str, dict[str, int], hv.Grant | None, str]] = [
        ("dance", {"n": 1}, None, "without a grant"),
        ("dance", {"n": 2}, grant, "another context"),
        ("sing", {"n": 1}, grant, "for 'dance'"),
    ]
    for action, context, given, fault in attempts:
        with pytest.raises(hv.Violation, match=fault):
            quiet.guardrail(action, context, given)
    grant.executed()
    with pytest.raises(hv.Violation, match="used up: the request is executed"):
        quiet.guardrail("dance", {"n": 1}, grant)
    assert quiet.guardrail("dance", {"n": 1}, second).requires_approval
    with pytest.raises(hv.Blocked, match="the policy blocks it: far too dangerous"):
        quiet.guardrail("nuke", {}, second)
    recorded = [entry for entry in quiet.ledger.entries() if entry.kind is hv.Kind.VIOLATED]
    assert [entry.body["by"] for entry in recorded] == [["crm-bot"]] * 5
    assert recorded[0].body["text"] == "dance: it needs approval and comes without a grant"
    assert quiet.ledger.verify() > 5


def test_a_grant_of_another_agent_is_no_grant(ruled: House, quiet: hv.Gate) -> None:
    request = quiet.ask("dance")
    quiet.decide(request.id, "approve", by="ana")
    grant = quiet.claim(request.id, {}, action=request.action)
    with pytest.raises(hv.Violation, match="belongs to 'crm-bot'"):
        ruled.gate("other-bot", keeper=False).guardrail("dance", {}, grant)


def test_the_ready_made_questions_have_fitting_names_and_time_outs(house: House) -> None:
    gate = house.gate(keeper=False)
    asked = {
        "30m": gate.ask_code_execution("print(1)", cwd="/srv"),
        "2h": gate.ask_deployment("shop", "1.4", "production", reason="the fix"),
        "4h": gate.ask_billing(12.5, "EUR", "ACME"),
        "30m ": gate.ask_file_deletion(["a.txt", "b.txt"]),
        "5m": gate.ask_deployment("shop", "1.5", "staging", timeout="5m", summary="Try it"),
    }
    for span, request in asked.items():
        assert request.expires == request.created + hv.times.duration(span.strip())
        assert request.summary
    assert asked["2h"].risk.level is hv.Level.HIGH
    assert asked["30m"].context == {"language": "python", "code": "print(1)", "cwd": "/srv"}
    assert asked["5m"].summary == "Try it"


def test_the_verbs_are_awaited_too(ruled: House) -> None:
    async def go() -> None:
        async with ruled.async_gate("a", keeper=False) as gate:
            assert (await gate.check("read")).allowed
            assert (await gate.guardrail("read")).allowed
            assert (await gate.ask_deployment("shop", "1", "test")).action == "deployment"
            assert (await gate.ask_code_execution("1")).action == "code_execution"
            assert (await gate.ask_billing(1, "EUR", "x")).action == "billing"
            assert (await gate.ask_file_deletion(["x"])).action == "file_deletion"
            with pytest.raises(hv.Blocked):
                await gate.ask("nuke")

    asyncio.run(go())


def test_several_are_asked_together_and_the_blocked_one_is_raised_after_all_are_recorded(
    quiet: hv.Gate,
) -> None:
    with pytest.raises(hv.Blocked) as caught:
        quiet.ask_many([{"action": "dance"}, {"action": "nuke"}, {"action": "read"}])
    assert [request.action for request in caught.value.recorded] == ["dance", "read"]
    states = sorted(str(row.state) for row in quiet.ledger.rows())
    assert states == ["approved", "pending", "rejected"]


def test_several_are_asked_together_and_the_first_that_went_wrong_is_raised_with_those_that_went_right(
    quiet: hv.Gate,
) -> None:
    earlier = quiet.ask("dance", {"n": 1}, key="k")
    askings = [{"action": "dance"}, {"action": "dance", "key": "k"}, {"action": "nuke"}]
    with pytest.raises(hv.Conflict) as caught:
        quiet.ask_many(askings)
    (recorded,) = caught.value.recorded
    assert quiet.get(recorded.id).request == recorded != earlier


@pytest.mark.parametrize("bad", [{"action": ""}, {"action": "x", "context": {"n": {1}}}])
def test_several_are_asked_together_or_none_where_one_is_no_asking(
    quiet: hv.Gate, bad: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"an action needs a name|JSON has none"):
        quiet.ask_many([{"action": "dance"}, bad])
    assert quiet.ledger.rows() == []


def test_what_was_judged_is_recorded_even_if_whoever_asks_changes_it_meanwhile(ruled: House) -> None:
    write(ruled, POLICY.replace("context.amount", "context.pay.amount"))
    pay: dict[str, object] = {}
    schema: dict[str, object] = {"properties": {"pay": {}}}

    def askings() -> Iterator[dict[str, object]]:
        pay["amount"] = 5
        yield {"action": "pay", "context": {"pay": pay}, "schema": schema}
        pay["amount"] = 50_000
        schema["properties"] = {"pay": {"properties": {"amount": {"minimum": 10}}}}
        yield {"action": "pay", "context": {"pay": pay}, "schema": schema}

    gate = ruled.gate(keeper=False)
    small, large = (gate.get(request.id).request for request in gate.ask_many(askings()))
    assert (small.requirement.rule, small.context) == ("small", {"pay": {"amount": 5}})
    assert small.schema == {"properties": {"pay": {}}}
    assert (large.requirement.rule, large.context) == ("large", {"pay": {"amount": 50_000}})


LONG = "read reports " * 9 + "and then drop the database"


@pytest.mark.parametrize("name", [LONG, "pay" + "\u200b" * 100])
def test_a_name_that_no_place_could_show_whole_is_refused(house: House, name: str) -> None:
    gate = house.gate(keeper=False)
    for refused in (lambda: gate.ask(name), lambda: gate.check(name)):
        with pytest.raises(ValueError, match=r"the action '.*' takes more than 120 columns"):
            refused()
    with pytest.raises(ValueError, match=r"the agent '.*' takes more than 120 columns"):
        house.gate(agent=name, keeper=False).ask("pay")


def test_a_name_that_the_heading_cuts_stands_in_the_note_in_full(house: House) -> None:
    action = LONG[-120:].strip()
    request = house.gate().ask(action)
    eventually(lambda: house.says(request, f"\nAction    {action}\n"))


def test_a_note_of_its_own_with_such_a_name_is_not_adopted_and_is_told_why(house: House) -> None:
    gate = house.gate()
    path = adopted(house, LONG)
    eventually(
        lambda: any("120 columns" in note.read_text() for note in path.parent.glob("*") if note != path)
    )
    assert list(gate.pending()) == []


def adopted(house: House, action: str) -> Path:
    path = house.root / "Pending_Approval" / "THEIRS.md"
    path.write_text(f"---\ntype: approval_request\naction: {action}\nstatus: pending\n---\nPlease.\n")
    return path


def test_an_adopted_note_gets_what_the_policy_requires(ruled: House) -> None:
    gate = ruled.gate()
    adopted(ruled, "pay")
    record = eventually(lambda: next(iter(gate.pending()), None))
    assert record is not None
    assert (record.request.requirement.rule, record.request.risk.level) == ("small", "high")
    assert record.request.requirement.quorum == 2


@pytest.mark.parametrize(("amount", "level", "rule"), [("5", "low", ""), ("500.00", "high", "large")])
def test_a_rule_compares_the_plain_number_in_an_adopted_note(
    ruled: House, amount: str, level: str, rule: str
) -> None:
    gate = ruled.gate()
    path = ruled.root / "Pending_Approval" / "PAY.md"
    path.write_text(f"---\ntype: approval_request\naction: pay\namount: {amount}\n---\nPlease.\n")
    record = eventually(lambda: next(iter(gate.pending()), None))
    assert record is not None
    assert (record.request.risk.level, record.request.requirement.rule) == (level, rule)
    eventually(lambda: f"\namount: {amount}\n" in path.read_text() and "## Approval" in path.read_text())


def test_an_adopted_note_that_is_blocked_is_rejected_and_one_that_is_allowed_is_still_asked(
    ruled: House,
) -> None:
    gate = ruled.gate()
    path = adopted(ruled, "nuke")
    moved = ruled.root / "Rejected" / path.name
    eventually(lambda: moved.exists() and not path.exists())
    assert "Blocked" in moved.read_text()
    adopted(ruled, "read_mail")
    assert eventually(lambda: [record.request.action for record in gate.pending()]) == ["read_mail"]


def test_an_approver_answers_only_within_their_term(house: House, clock: Clock) -> None:
    write(
        house,
        "format: 1\npeople: {ana: {until: 2026-01-02}}\nrules: [{name: a, verdict: ask, approvers: ana}]",
    )
    gate = house.gate(keeper=False, clock=clock)
    first, second = gate.ask("x", timeout=None), gate.ask("y", timeout=None)
    assert gate.decide(first.id, "approve", by="ana").state is hv.State.APPROVED
    clock.advance(timedelta(days=1))
    with pytest.raises(hv.NotAnApprover):
        gate.decide(second.id, "approve", by="ana")

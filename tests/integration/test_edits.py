"""An approver changes values and approves; the agent runs with what was approved."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import hitl_vault as hv
from hitl_vault.acts import schemas
from hitl_vault.trust.signatures import sign_with_secret
from tests.house import House, eventually
from tests.house import ask as asked

CONTEXT = {"order": "A-17", "amount": 900, "payee": {"name": "ACME", "iban": "DE00"}}
EDITS = ("amount", "payee.name")
ask = partial(asked, context=CONTEXT, edits=EDITS)


def edit_block(house: House, request: hv.Request) -> str:
    """Return the block of values in a pending note."""
    return house.note(request).read_text().split("```json edit\n")[1].split("```")[0]


def change(house: House, request: hv.Request, *changes: tuple[str, str], **fields: str) -> None:
    """Change texts within the block, and approve."""
    before = block = edit_block(house, request)
    for old, new in changes:
        assert old in block
        block = block.replace(old, new)
    named = [(f'{name}: ""', f"{name}: {value}") for name, value in fields.items()]
    house.edit(request, (before, block), ('status: "pending"', "status: approved"), *named)


def test_a_changed_value_is_what_is_approved_claimed_and_shown(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    assert edit_block(house, request) == '{\n  "amount": 900,\n  "payee.name": "ACME"\n}\n'
    change(house, request, ("900", "800"), ("ACME", "ACME Ltd"), approver="ana")
    decision = gate.wait(request.id, timeout=5)
    approved = {"order": "A-17", "amount": 800, "payee": {"name": "ACME Ltd", "iban": "DE00"}}
    assert (decision.context, decision.changed) == (approved, ("amount", "payee.name"))
    with pytest.raises(hv.DigestMismatch):
        gate.claim(request.id, CONTEXT, action=request.action)
    grant = gate.claim(request.id, decision.context, action=request.action)
    assert grant.context == approved
    note = house.note(request, "Approved").read_text()
    assert "amount: 900 → 800" in note
    assert '"amount": 800' in note
    gate.ledger.rebuild()
    assert gate.get(request.id).decision == decision


def test_an_untouched_block_changes_nothing_however_an_editor_formats_it(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    change(
        house,
        request,
        ('{\n  "amount": 900,\n  "payee.name": "ACME"\n}', '{"payee.name":"ACME","amount":9e2}'),
    )
    decision = gate.wait(request.id, timeout=5)
    assert (decision.context, decision.changed) == (CONTEXT, ())
    gate.claim(request.id, CONTEXT, action=request.action)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"amount": 900', '"amount": "900"', "has to stay a number"),
        ('"amount": 900', '"amount": true', "has to stay a number"),
        ('"amount": 900', '"amount": 1000000', "break the rule"),
        ('"amount": 900', '"amount": 900, "order": "B-1"', "was changed"),
        ('"amount": 900,', "", "was changed"),
        ('"amount": 900', '"amount": 900, "amount": 1', "was changed"),
        ('"amount": 900', '"amount": 9007199254740993', "does not count"),
        ('"amount": 900', '"amount": NaN', "was changed"),
    ],
)
def test_what_the_rule_does_not_take_is_refused_and_explained(
    house: House, old: str, new: str, told: str
) -> None:
    gate = house.gate()
    request = ask(gate, edits_check="context.amount <= proposed.amount")
    change(house, request, (old, new))
    eventually(lambda: house.says(request, told))
    assert gate.get(request.id).state == "pending"
    assert gate.get(request.id).votes == ()
    house.vote(request, "approved")
    assert gate.wait(request.id, timeout=5).context == CONTEXT


def test_values_too_long_for_a_note_are_not_offered_in_it_which_says_so(house: House) -> None:
    """Else the note would be too large to be read, and nobody could answer in it."""
    gate = house.gate()
    request = ask(gate, context={"amount": 900, "memo": "x" * 250_000}, edits=("memo",))
    assert "> [!info] The values that may be changed are too long" in house.note(request).read_text()
    assert not house.says(request, "json edit")
    assert house.path(request).stat().st_size < 128 * 1024
    house.vote(request, "approved", approver="ana")
    assert gate.wait(request.id, timeout=5).changed == ()
    other = ask(gate, context={"memo": "x" * 16_000}, edits=("memo",))
    change(house, other, ("x" * 16_000, "y" * 40_000), approver="ana")
    eventually(lambda: house.says(other, "larger than 32 KiB; shorten them"))
    assert house.path(other).stat().st_size < 128 * 1024
    change(house, other, ("x" * 16_000, "y" * 32_000))
    assert gate.wait(other.id, timeout=5).context["memo"] == "y" * 32_000


def test_a_change_elsewhere_refuses_the_ballot_though_some_values_may_be_changed(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    text = house.note(request).read_text()
    house.edit(
        request,
        ('status: "pending"', "status: approved"),
        (text.split("## Context")[1], text.split("## Context")[1].replace("A-17", "A-18")),
    )
    eventually(lambda: house.says(request, 'the context\'s "order" reads'))
    assert gate.get(request.id).state == "pending"


def test_a_note_is_drawn_again_with_what_a_person_has_changed_so_far(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    house.edit(request, ('"amount": 900', '"amount": 850'), ('status: "pending"', "status: hmm"))
    eventually(lambda: house.says(request, "Not understood"))
    assert '"amount": 850' in edit_block(house, request)
    house.edit(request, ('status: "hmm"', "status: approved"))
    assert gate.wait(request.id, timeout=5).context["amount"] == 850


def test_a_no_needs_no_tidying_up_of_values(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    house.edit(request, ('"amount": 900', '"amount": 850'), ("- [ ] Reject", "- [x] Reject"))
    assert gate.wait(request.id, timeout=5).state == "rejected"


def test_a_quorum_has_to_approve_the_same_values(house: House) -> None:
    gate = house.gate()
    request = ask(gate, quorum=2)
    change(house, request, ("900", "800"), approver="ana")
    eventually(lambda: house.says(request, "ana: amount: 900 → 800"))
    assert '"amount": 800' in edit_block(house, request)
    gate.decide(request.id, "approve", by="ben")
    eventually(lambda: house.says(request, "approvals enough, for different values"))
    assert gate.get(request.id).state == "pending"
    house.edit(request, ("- [ ] Approve", "- [x] Approve"), ('approver: ""', "approver: ana"))
    assert gate.wait(request.id, timeout=5).context == CONTEXT


def test_the_next_approver_agrees_to_the_changed_values_by_ticking(house: House) -> None:
    gate = house.gate()
    request = ask(gate, quorum=2)
    change(house, request, ("900", "800"), approver="ana")
    eventually(lambda: house.says(request, "1 of 2: ana"))
    house.edit(request, ("- [ ] Approve", "- [x] Approve"), ('approver: ""', "approver: ben"))
    decision = gate.wait(request.id, timeout=5)
    assert (decision.by, decision.context["amount"]) == (("ana", "ben"), 800)


def test_programs_change_values_too_and_no_others(house: House) -> None:
    gate = house.gate()
    request = ask(gate)
    with pytest.raises(hv.NotAllowed, match="order"):
        gate.decide(request.id, "approve", by="ana", edits={"order": "B-1"})
    gate.decide(request.id, "approve", by="ana", edits={"amount": 1})
    assert gate.wait(request.id, timeout=5).changed == ("amount",)


@pytest.mark.parametrize("mode", [hv.Mode.CODE, hv.Mode.SIGNED])
def test_where_the_proof_does_not_cover_them_values_cannot_be_changed(house: House, mode: hv.Mode) -> None:
    gate = house.gate()
    request = ask(gate, mode=mode, approvers=("ana",))
    with pytest.raises(hv.NotAllowed):
        gate.decide(request.id, "approve", by="ana", edits={"amount": 1})


def test_a_signature_covers_the_values_that_it_was_made_for_and_no_others(house: House, work: Path) -> None:
    gate = house.gate()
    gate.keys.share_secret("ana", work / "secret")
    secret = bytes.fromhex((work / "secret").read_text())

    def sign(edits: dict[str, Any]) -> str:
        return sign_with_secret(gate.statement(request.id, "approve", by="ana", edits=edits), secret)

    request = ask(gate, mode=hv.Mode.SIGNED, approvers=("ana",))
    change(house, request, ("900", "800"), signature=sign({}))
    eventually(lambda: house.says(request, "the signature is for another context"))
    with pytest.raises(hv.SignatureInvalid, match="another context"):
        gate.decide(request.id, "approve", edits={"amount": 700}, signature=sign({"amount": 800}))
    change(house, request, ("900", "800"), signature=sign({"amount": 800}))
    decision = gate.wait(request.id, timeout=5)
    assert (decision.by, decision.context["amount"]) == (("ana",), 800)
    assert gate.claim(request.id, decision.context, action=request.action).context["amount"] == 800


SCHEMA = {"type": "object", "properties": {"amount": {"type": "integer", "maximum": 900, "multipleOf": 10}}}


def test_the_agents_schema_bounds_what_may_be_changed(house: House) -> None:
    gate = house.gate()
    request = ask(gate, schema=SCHEMA)
    with pytest.raises(hv.NotAllowed, match="amount: 805 is not a multiple of 10"):
        gate.decide(request.id, "approve", by="ana", edits={"amount": 805})
    gate.decide(request.id, "approve", by="ana", edits={"amount": 810})
    assert gate.wait(request.id, timeout=5).context["amount"] == 810


def bomb(levels: int) -> dict[str, Any]:
    """Return a small schema whose references multiply."""
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**defs, f"d{levels}": {}}, "$ref": "#/$defs/d0"}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "nonsense"}, "no JSON Schema"),
        ({"properties": {"amount": {"maximum": 10}}}, "not what its own schema says"),
        ({"properties": {"order": {"pattern": "(a+)+$"}}}, "pattern, which is not supported"),
        ({"enum": ["x" * 40_000]}, "larger than"),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "refers to .*no part of its own"),
        ({"$ref": "#/properties/amount"}, "refers to '#/properties/amount'"),
        ({"$ref": "#"}, "cannot be applied: RecursionError"),
        (bomb(40), "too much work"),
        ({"else": {"properties": {"rows": {"uniqueItems": True}}}, "if": True}, "uniqueItems, which is not"),
        ({"else": {"unevaluatedProperties": False}, "if": True}, "unevaluatedProperties, which is not"),
        ({"$defs": {"a": {"$id": "urn:a"}}}, r"\$id, which is not supported"),
        ({"allOf": [{}] * 1000}, "more than 1000 parts"),
        ({"type": ["object", 1]}, "'type' lists what is no text"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_when_asking(
    house: House, schema: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        house.gate(keeper=False).ask("refund", CONTEXT, schema=schema)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({"anyOf": [{"type": "null"}] * 400 + [True]}, "x" * 200_000),
        ({"anyOf": [False] * 400 + [True]}, "x" * 200_000),
        ({"allOf": [{"if": False}] * 300}, "x" * 200_000),
        ({"items": {"not": {"enum": [[n] for n in range(3000)]}}}, [[-1]] * 1000),
        ({"items": {"properties": {f"p{n}": {} for n in range(900)}}}, [{}] * 5000),
        ({"items": {"oneOf": [True, {"const": "x" * 30_000}]}}, [1] * 5000),
        ({"anyOf": [{"additionalProperties": False}] * 400 + [True]}, {f"p{n}": 1 for n in range(10_000)}),
    ],
)
def test_no_schema_takes_long_for_a_value_that_nobody_has_tried(said: dict[str, Any], value: object) -> None:
    """Each would take seconds, or for ever, if what it does were not counted."""
    schema = {"if": {"properties": {"amount": {"const": 900}}}, "else": {"properties": {"memo": said}}}
    schemas.check(schema, {"amount": 900, "memo": value})
    began = time.process_time()
    with pytest.raises(ValueError, match="too much work"):
        schemas.problem(schema, {"amount": 800, "memo": value})
    assert time.process_time() - began < 1


def test_what_a_schema_may_say_is_held_against_the_values() -> None:
    schema = {
        "$id": "https://example.com/refund.json",
        "title": "A refund",
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": {"$ref": "#/$defs/m~1~0%20n"},
            "to": {"anyOf": [{"type": "null"}, {"type": "string", "minLength": 2, "format": "email"}]},
            "uniqueItems": {"enum": ["a", {"pattern": "b"}]},
            "lines": {"items": {"type": "integer"}, "prefixItems": [{"const": "head"}], "maxItems": 3},
            "never": False,
        },
        "additionalProperties": False,
        "$defs": {"m/~ n": {"type": "number", "exclusiveMinimum": 0}},
    }
    good = {"amount": 1, "to": None, "uniqueItems": {"pattern": "b"}, "lines": ["head", 2]}
    schemas.check(schema, good)
    for changed in (
        {"amount": 0},
        {"to": "a"},
        {"uniqueItems": "b"},
        {"lines": ["tail"]},
        {"lines": ["head", "2"]},
        {"lines": ["head", 1, 2, 3]},
        {"never": 1},
        {"more": 1},
    ):
        assert schemas.problem(schema, {**good, **changed})


WITHOUT = """
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("jsonschema", "referencing"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
for verb, given in (
    (gate.ask, {"action": "refund", "context": {}, "schema": {"type": "object"}}),
    (gate.decide, {"id": %r, "verdict": "approve", "by": "ana", "edits": {"amount": 810}}),
):
    try:
        verb(**given)
    except Exception as error:
        print(type(error).__name__, error, flush=True)
"""


def test_without_the_package_a_schema_is_refused_when_asking_and_when_answering(house: House) -> None:
    """In a process of its own, which has nothing of the package loaded."""
    request = ask(house.gate(keeper=False), schema=SCHEMA)
    script = house.script(WITHOUT % request.id)
    for _ in range(2):
        line = script.line()
        assert line.startswith("MissingExtra")
        assert "hitl-vault[schema]" in line


POLICY = """
format: 1
rules:
  - name: refunds
    when: 'action == "refund"'
    verdict: ask
    edits: [amount]
"""


class Asking:
    """A gate whose requests let approvers change the amount."""

    def __init__(self, house: House) -> None:
        (house.root / ".hitl" / "policy.yaml").write_text(POLICY)
        self.gate = house.gate()

    def approve_soon(self, **edits: Any) -> None:
        def answer() -> None:
            (record,) = eventually(lambda: list(self.gate.pending()))
            self.gate.decide(record.id, "approve", by="ana", edits=edits)

        threading.Thread(target=answer).start()


@pytest.fixture
def asking(house: House) -> Asking:
    return Asking(house)


def test_a_guarded_function_gets_the_approved_values(asking: Asking) -> None:

    @asking.gate.guard(action="refund")
    def refund(order: str, amount: int = 900, *, tags: tuple[str, ...] = ()) -> Any:
        return order, amount, tags

    asking.approve_soon(amount=800)
    assert refund("A-17", tags=("a", "b")) == ("A-17", 800, ("a", "b"))


def test_a_guarded_coroutine_gets_the_approved_values(asking: Asking) -> None:
    @asking.gate.guard(action="refund")
    async def refund(amount: int) -> int:
        return amount

    asking.approve_soon(amount=800)
    assert asyncio.run(refund(900)) == 800


def test_a_function_whose_context_is_made_by_a_callable_refuses_changed_values(asking: Asking) -> None:
    ran = []

    @asking.gate.guard(action="refund", context=lambda invoice: {"amount": invoice["sum"]})
    def refund(invoice: dict[str, int]) -> None:
        ran.append(invoice)

    asking.approve_soon(amount=800)
    with pytest.raises(hv.DigestMismatch, match=r"grant\.context"):
        refund({"sum": 900})
    assert ran == []


def test_an_approval_block_runs_with_the_approved_context(asking: Asking) -> None:
    asking.approve_soon(amount=800)
    with asking.gate.approval("refund", {"amount": 900}) as grant:
        assert grant.context == {"amount": 800}
        assert grant.decision.changed == ("amount",)


TWO_RULES = """
format: 1
rules:
  - name: small
    when: context.amount <= 1000
    verdict: ask
    edits: [amount]
  - name: large
    when: context.amount > 1000
    verdict: ask
    quorum: 2
    edits: [amount]
"""


def test_nobody_changes_a_value_into_what_another_rule_decides(house: House) -> None:
    policy = house.root / ".hitl" / "policy.yaml"
    policy.write_text(TWO_RULES)
    gate = house.gate()
    request = gate.ask("pay", {"amount": 900})
    with pytest.raises(hv.NotAllowed, match="rule 'large' of the policy applies"):
        gate.decide(request.id, "approve", by="ana", edits={"amount": 1001})
    change(house, request, ("900", "1001"))
    eventually(lambda: house.says(request, "rule 'large' of the policy applies"))
    policy.write_text("not a policy")
    with pytest.raises(hv.NotAllowed, match="cannot be judged"):
        gate.decide(request.id, "approve", by="ana", edits={"amount": 800})
    policy.write_text(TWO_RULES)
    gate.decide(request.id, "approve", by="ana", edits={"amount": 1000})
    assert gate.wait(request.id, timeout=5).context == {"amount": 1000}

"""The format of policy files, version 1: every key, what it holds, and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hitl_vault.domain.policy import Effect, Group, Hazard
from hitl_vault.domain.requirement import Delegation, Escalation, Mode, Remember
from hitl_vault.domain.risk import Level, Threshold
from hitl_vault.policy.kinds import (
    CHECK,
    CONDITION,
    COUNT,
    FLAG,
    FROM,
    NUMBER,
    SPAN,
    SPAN_OR_NONE,
    SPANS,
    TEXT,
    TEXTS,
    UNTIL,
    Kind,
    Wrong,
    choice,
    listed,
    of_text,
)
from hitl_vault.policy.mappings import Key, nested
from hitl_vault.policy.reading import Node

FORMAT = 1
LEVEL = choice(Level)


def _made(kind: Kind, make: Callable[[Any], Any]) -> Kind:
    """Return a kind whose value goes through `make`."""

    def read(node: Node) -> Any:
        try:
            return make(kind.read(node))
        except Wrong:
            raise
        except ValueError as error:
            raise Wrong(str(error), node.line) from error

    return Kind(read, kind.schema)


def _one_of(*words: str) -> Kind:
    def convert(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected {' or '.join(words)}, not {text!r}")
        return text

    return Kind(of_text(convert), {"enum": list(words)})


def _named(kind: Kind) -> Kind:
    """Return the kind of a mapping from names of one's own choice to `kind`."""

    def read(node: Node) -> dict[str, Any]:
        if node.members is None:
            raise Wrong("expected `name: value` lines", node.line)
        found = {}
        for name, value in node.members.items():
            try:
                found[name.strip()] = kind.read(value)
            except Wrong as wrong:
                raise Wrong(str(wrong), wrong.line, f"{name}.{wrong.field}".rstrip(".")) from wrong
        return found

    return Kind(read, {"type": "object", "additionalProperties": kind.schema})


def _nothing(node: Node) -> dict[str, Any]:
    if node.text is None or node.text.strip() or node.quoted:
        raise Wrong("expected nothing, or `from` and `until`", node.line)
    return {}


_NOTHING = Kind(_nothing, {"type": "null"})

FROM_KEY = Key("from", FROM, "The first day, or the instant from which on this holds.")
UNTIL_KEY = Key("until", UNTIL, "The last day, or the instant from which on this holds no more.")

PERSON = (FROM_KEY, UNTIL_KEY)
GROUP = (
    Key("members", TEXTS, "The persons in the group.", required=True),
    FROM_KEY,
    UNTIL_KEY,
)
DELEGATION = (
    Key("of", TEXT, "Who is away.", required=True),
    Key("to", TEXT, "Who answers instead. Never the agent that asks.", required=True),
    FROM_KEY,
    UNTIL_KEY,
)
ESCALATE = (
    Key("after", SPAN, "How long a request has waited when this happens.", required=True),
    Key("to", TEXTS, "Who is asked then: persons or groups.", required=True),
    Key("replace", FLAG, "Whether they replace those asked before (`true`) or join them (`false`)."),
)
EDITS = (
    Key(
        "fields",
        TEXTS,
        "Which members of the context may be changed; `payee.name` for one within another.",
        required=True,
    ),
    Key("check", CHECK, "A condition on `context` (as changed) and `proposed` that must hold."),
)
REMEMBER = (
    Key("longest", SPAN, "How long a standing rule may last.", required=True),
    Key("up_to", LEVEL, "The highest risk that a standing rule may answer (default low)."),
    Key("at_most", TEXTS, "Numbers of the context that may be smaller than what was approved."),
    Key("free", TEXTS, "Members of the context that may differ. All others must be equal."),
)


def _edits(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"fields": value}


def _remember(value: Any) -> Remember:
    return Remember(**value) if isinstance(value, dict) else Remember(longest=timedelta(0))


ASKS = (
    Key("risk", LEVEL, "The least risk that the request then has."),
    Key("mode", choice(Mode), "The least trust mode; it can only be stricter than the vault's."),
    Key("approvers", TEXTS, "Who may answer: persons and groups. An empty list: whoever the mode lets vote."),
    Key("quorum", COUNT, "How many different approvers must say yes (default 1)."),
    Key("reject_quorum", COUNT, "How many must say no to reject (default 1)."),
    Key(
        "comment",
        _made(_one_of("required", "optional"), lambda word: word == "required"),
        "Whether an answer needs a comment (default optional).",
    ),
    Key("timeout", SPAN_OR_NONE, "The time to answer, or `none`. An agent may only ask for less."),
    Key("remind", SPANS, "How long before the deadline to remind, once each."),
    Key(
        "escalate",
        listed(_made(nested(ESCALATE), lambda value: Escalation(**value))),
        "Who else is asked once a request has waited for a while.",
    ),
    Key("pause", FLAG, "Whether a question to the agent stops the clock until it is answered."),
    Key("edits", _made(nested(EDITS, TEXTS), _edits), "Which members of the context an approver may change."),
    Key("settle", SPAN, "How long a note must lie still before its answer counts."),
    Key("template", TEXT, "The note's template, by name."),
    Key(
        "remember",
        _made(nested(REMEMBER, _one_of("never")), _remember),
        "Which standing rules an approver may make of an answer; `never` for none (the default).",
    ),
)

RULE = (
    Key(
        "name",
        TEXT,
        "What the rule is called, in notes and in the record. No two are the same.",
        required=True,
    ),
    Key("when", CONDITION, "A condition in CEL; left out, the rule always matches."),
    Key("verdict", choice(Effect), "`allow`, `block` or `ask`.", required=True),
    Key("reason", TEXT, "Why. Needed by `block`; whoever is blocked or asked reads it."),
    *ASKS,
)

AMOUNT = tuple(Key(str(level), NUMBER, f"Above this, the risk is {level}.") for level in list(Level)[1:])
COMPLEXITY = tuple(
    Key(str(level), NUMBER, f"From this on, the risk is {level}.") for level in list(Level)[1:]
)


def _thresholds(value: dict[str, float]) -> tuple[Threshold, ...]:
    return tuple(Threshold(level=Level(name), beyond=beyond) for name, beyond in value.items())


_OFF_OR_LEVEL = Kind(
    lambda node: None if node.text == "off" else LEVEL.read(node), {"enum": [*map(str, Level), "off"]}
)
_LOWER = _made(TEXTS, lambda names: tuple(name.casefold() for name in names))

FACTOR = (
    Key(
        "when", CONDITION, "A condition in CEL; where it cannot be decided, the factor counts.", required=True
    ),
    Key("level", LEVEL, "The risk where it holds.", required=True),
    Key("reason", TEXT, "Why, for the note."),
)

RISK = (
    Key("payments", _LOWER, "Words in the names of actions whose `context.amount` is judged."),
    Key("amounts", _made(nested(AMOUNT), _thresholds), "From which amount on a payment is risky."),
    Key("environments", _LOWER, "What `context.environment` may not be without risk."),
    Key("environment", _OFF_OR_LEVEL, "The risk of acting in one of `environments` (or `off`)."),
    Key("deletion", _OFF_OR_LEVEL, 'The risk of an action with "delete" in its name (or `off`).'),
    Key("bulk", _OFF_OR_LEVEL, "The risk where `context.bulk` is true (or `off`)."),
    Key("sensitive", _LOWER, "Actions that are risky by their name."),
    Key("sensitive_level", LEVEL, "The risk of an action in `sensitive` (default high)."),
    Key("tools", _LOWER, "Tools that make it risky to be named by `context.tool` or `context.tools`."),
    Key("tools_level", LEVEL, "The risk of one of `tools` (default high)."),
    Key("complexity", _made(nested(COMPLEXITY), _thresholds), "Bounds of `context.complexity_score`."),
    Key("factors", listed(_made(nested(FACTOR), lambda value: Hazard(**value))), "Factors of your own."),
)


def _term(value: dict[str, Any]) -> dict[str, Any]:
    """Return the keyword arguments of a term; `ValueError` if it ends before it begins."""
    begins, ends = value.pop("from", None), value.pop("until", None)
    if begins and ends and ends <= begins:
        raise ValueError("`until` lies before `from`")
    return value | {"begins": begins, "ends": ends}


def _group(value: Any) -> Group:
    return Group(**_term(value)) if isinstance(value, dict) else Group(members=value)


def _format(number: int) -> int:
    if number != FORMAT:
        raise ValueError(f"this version reads format {FORMAT}, not {number}")
    return number


def _as_it_stands(node: Node) -> Node:
    return node


_RULES = Kind(_as_it_stands, listed(nested(RULE), single=False).schema)

TOP = (
    Key("format", _made(COUNT, _format), "The version of this format: 1.", required=True),
    Key("description", TEXT, "What the policy is for."),
    Key(
        "people",
        _named(_made(nested(PERSON, _NOTHING), _term)),
        "Who there is: names, each with the dates of their office.",
    ),
    Key("groups", _named(_made(nested(GROUP, TEXTS), _group)), "Names for several persons."),
    Key(
        "delegations",
        listed(_made(nested(DELEGATION), lambda value: Delegation(**_term(value))), single=False),
        "Who answers for whom, from when until when.",
    ),
    Key("risk", nested(RISK), "What makes an action risky, instead of the shipped defaults."),
    Key("defaults", nested(ASKS), "What holds for all that is asked about, unless the rule says otherwise."),
    Key(
        "rules",
        _RULES,
        "The rules, in order; the first that matches decides. If none does, a person is asked.",
    ),
)

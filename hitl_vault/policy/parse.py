"""From the text of a policy file to a `Policy`; what is wrong in it is told all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hitl_vault.domain.canonical import digest_bytes
from hitl_vault.domain.policy import Asks, Effect, Group, People, Policy, Rule
from hitl_vault.domain.requirement import Escalation, Term
from hitl_vault.domain.risk import DEFAULTS, Factors
from hitl_vault.policy.keys import ASKS, RULE, TOP
from hitl_vault.policy.mappings import Problems, join, read_keys, suggestion
from hitl_vault.policy.reading import Node, read, read_text

_ASKS = frozenset(key.name for key in ASKS)


def read_policy(path: Path) -> Policy:
    """Return the policy in a file; `PolicyInvalid` has a line for each mistake: file, line, field, remedy."""
    return parse(read_text(path), path)


def parse(data: bytes, path: Path) -> Policy:
    """Return the policy that the bytes of a file hold; `path` is for the messages, as in `read_policy`."""
    problems = Problems(path)
    top = read_keys(read(data, path), TOP, "", problems)
    people = _people(top)
    rules = _rules(top.get("rules"), problems)
    policy = Policy(
        digest=digest_bytes(data),
        description=top.get("description", ""),
        rules=tuple(rule for rule, _ in rules),
        defaults=_asks(top.get("defaults", {})),
        people=people,
        factors=_factors(top.get("risk", {})),
        hazards=top.get("risk", {}).get("factors", ()),
    )
    _check_people(people, problems)
    _check_rules(policy, [node for _, node in rules], problems)
    problems.raise_any()
    return policy


def _people(top: Mapping[str, Any]) -> People:
    return People(
        persons=tuple(Term(who=who, **term) for who, term in top.get("people", {}).items()),
        groups=tuple(_named(name, group) for name, group in top.get("groups", {}).items()),
        delegations=top.get("delegations", ()),
    )


def _named(name: str, group: Group) -> Group:
    return Group(name=name, members=group.members, begins=group.begins, ends=group.ends)


def _factors(risk: Mapping[str, Any]) -> Factors:
    given = {name: value for name, value in risk.items() if name != "factors"}
    return Factors(**given) if given else DEFAULTS


def _asks(values: Mapping[str, Any]) -> Asks:
    """Return what the keys of `ASKS` say, under the names that the domain gives them."""
    given = {name: value for name, value in values.items() if name in _ASKS}
    if "comment" in given:
        given["comment_required"] = given.pop("comment")
    if "escalate" in given:
        given["escalations"] = given.pop("escalate")
    if "settle" in given:
        given["settle"] = given["settle"].total_seconds()
    if "timeout" in given:
        given["untimed"] = given["timeout"] is None
    edits = given.pop("edits", {})
    if edits:
        given |= {"edits": edits["fields"], "edits_check": edits.get("check", "")}
    return Asks(**given)


def _rules(node: Node | None, problems: Problems) -> list[tuple[Rule, Node]]:
    if node is None:
        return []
    if node.items is None:
        problems.add(node.line, "rules", "expected a list: `- name: …` lines")
        return []
    found = ((_rule(item, f"rules[{at}]", problems), item) for at, item in enumerate(node.items))
    return [(rule, item) for rule, item in found if rule]


def _rule(node: Node, where: str, problems: Problems) -> Rule | None:
    values = read_keys(node, RULE, where, problems)
    effect, when = values.get("verdict"), values.get("when", "")
    lines = node.lines
    if effect is None or "name" not in values or ("when" in lines and not when):
        return None
    for name in sorted(_ASKS & values.keys() if effect is not Effect.ASK else ()):
        problems.add(lines[name], join(where, name), f"says how to ask, and the verdict is {effect}")
    if effect is Effect.BLOCK and "reason" not in values:
        problems.add(node.line, join(where, "reason"), "is missing; say why the action is blocked")
    if effect is Effect.ALLOW and not when:
        problems.add(node.line, join(where, "when"), 'is missing; write `when: "true"` to allow everything')
    return Rule(
        name=values["name"],
        effect=effect,
        when=when,
        reason=values.get("reason", ""),
        asks=_asks(values),
        line=node.line,
    )


def _check_people(people: People, problems: Problems) -> None:
    persons = {term.who for term in people.persons}
    for group in people.groups:
        if group.name in persons:
            problems.add(1, f"groups.{group.name}", "is a person's name as well")
        _check_names(group.members, persons, f"groups.{group.name}", 1, problems)
    for at, delegation in enumerate(people.delegations):
        _check_names((delegation.of, delegation.to), persons, f"delegations[{at}]", 1, problems)


def _check_names(
    names: Iterable[str], known: Iterable[str], where: str, line: int, problems: Problems
) -> None:
    """Note the names that nobody has, where the policy lists who there is."""
    listed = list(known)
    for name in names:
        if listed and name not in listed:
            problems.add(line, where, f"nobody is called {name!r}; {suggestion(name, listed)}")


def _check_rules(policy: Policy, nodes: Iterable[Node], problems: Problems) -> None:
    names = [term.who for term in policy.people.persons]
    known = [*names, *(group.name for group in policy.people.groups)] if names else []
    always = ""
    seen: set[str] = set()
    for at, (rule, node) in enumerate(zip(policy.rules, nodes, strict=True)):
        where = f"rules[{at}]"
        if rule.name in seen:
            problems.add(
                node.lines["name"], join(where, "name"), f"{rule.name!r} is the name of an earlier rule"
            )
        if always:
            problems.add(rule.line, where, f"is never reached: {always!r} matches everything")
        _check_names(_named_by(rule.asks), known, where, rule.line, problems)
        _check_quorum(policy, rule, where, problems)
        always = always or ("" if rule.when else rule.name)
        seen.add(rule.name)


def _named_by(asks: Asks) -> list[str]:
    escalations: tuple[Escalation, ...] = asks.escalations or ()
    return [*(asks.approvers or ()), *(name for escalation in escalations for name in escalation.to)]


def _check_quorum(policy: Policy, rule: Rule, where: str, problems: Problems) -> None:
    approvers = rule.asks.approvers if rule.asks.approvers is not None else policy.defaults.approvers
    if rule.effect is not Effect.ASK or not approvers:
        return
    persons = {term.who for term in policy.people.terms_of((*approvers, *_named_by(rule.asks)))}
    for name in ("quorum", "reject_quorum"):
        wanted = getattr(rule.asks, name) or getattr(policy.defaults, name) or 1
        if wanted > len(persons):
            problems.add(rule.line, join(where, name), f"wants {wanted} of {len(persons)} approvers")

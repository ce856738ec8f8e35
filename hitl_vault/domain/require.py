"""From what a rule asks to the requirement of one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

from hitl_vault.domain.policy import Asks, People
from hitl_vault.domain.requirement import (
    Delegation,
    Escalation,
    Mode,
    Remember,
    Requirement,
    Term,
    plain_name,
    stricter,
    within,
)


def merged(asks: Asks, defaults: Asks) -> Asks:
    """Return `asks` with the defaults where it says nothing; what belongs together is taken together."""
    own = {field.name: getattr(asks, field.name) for field in fields(Asks)}
    said = {name: value for name, value in own.items() if value is not None}
    if asks.untimed is not None:
        said["timeout"] = asks.timeout
    if asks.edits is not None:
        said["edits_check"] = asks.edits_check or ""
    return replace(defaults, **said)


def requirement_of(people: People, asks: Asks, *, base: Requirement, agent: str) -> Requirement:
    """Return what `asks` (merged with the defaults) requires of a request of `agent`.

    `base` is what the vault requires of every request.
    """
    least = stricter(base.mode, asks.mode or Mode.OPEN)
    everyone = () if least is Mode.OPEN else tuple(term.who for term in people.persons)
    named = asks.approvers or base.approvers or everyone
    escalations = tuple(_resolved(escalation, people) for escalation in asks.escalations or ())
    approvers = people.terms_of(named)
    asked = (*approvers, *people.terms_of(name for e in asks.escalations or () for name in e.to))
    return Requirement(
        mode=least,
        approvers=_persons(approvers),
        quorum=asks.quorum or 1,
        reject_quorum=asks.reject_quorum or 1,
        comment_required=bool(asks.comment_required),
        settle=asks.settle,
        template=asks.template,
        terms=_limited(asked),
        delegations=_delegations(people, {term.who for term in asked}, agent),
        timeout=asks.timeout,
        untimed=bool(asks.untimed),
        remind=tuple(sorted(set(asks.remind or ()), reverse=True)),
        escalations=tuple(sorted(escalations, key=lambda escalation: escalation.after)),
        pause=bool(asks.pause),
        edits=asks.edits or (),
        edits_check=asks.edits_check or "",
        remember=_offered(asks.remember),
    )


def strictest(requirements: Sequence[Requirement]) -> Requirement:
    """Return a requirement that is met only by what meets every one of these; the rest is as in the first.

    Where those whom all of them name are too few, everybody whom any of them names has to approve. It offers
    neither edits nor standing rules, since nobody knows for which of them they were meant.
    """
    first = requirements[0]
    approvers, quorum = _enough(requirements)
    bounds = [r.timeout for r in requirements if r.timeout is not None]
    steps = {r.escalations for r in requirements}
    return replace(
        first,
        mode=max((r.mode for r in requirements), key=lambda mode: mode.strictness),
        approvers=approvers,
        quorum=quorum,
        reject_quorum=min(r.reject_quorum for r in requirements),
        comment_required=any(r.comment_required for r in requirements),
        terms=tuple(dict.fromkeys(term for r in requirements for term in r.terms)),
        delegations=tuple(dict.fromkeys(given for r in requirements for given in r.delegations)),
        timeout=min(bounds, default=None),
        untimed=first.untimed and not bounds,
        escalations=first.escalations if len(steps) == 1 else (),
        pause=all(r.pause for r in requirements),
        edits=(),
        edits_check="",
        remember=None,
    )


def _enough(requirements: Sequence[Requirement]) -> tuple[tuple[str, ...], int]:
    """Return who may approve and how many have to, so that it suffices for each of the requirements."""
    named = [{plain_name(who): who for who in r.approvers} for r in requirements if r.approvers]
    everybody = {plain: who for names in named for plain, who in names.items()}
    common = tuple(who for plain, who in everybody.items() if all(plain in names for names in named))
    quorum = max(r.quorum for r in requirements)
    if not named or len(common) >= quorum:
        return common, quorum
    return tuple(everybody.values()), max(quorum, len(everybody))


def _resolved(escalation: Escalation, people: People) -> Escalation:
    return replace(escalation, to=_persons(people.terms_of(escalation.to)))


def _persons(terms: Sequence[Term]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term.who for term in terms))


def _limited(terms: Sequence[Term]) -> tuple[Term, ...]:
    """Return the terms of those who are limited; who is named without limits too is not."""
    free = {term.who for term in terms if term.begins is None and term.ends is None}
    return tuple(dict.fromkeys(term for term in terms if term.who not in free))


def _delegations(people: People, asked: set[str], agent: str) -> tuple[Delegation, ...]:
    """Return the delegations that matter here, within the terms of the delegates; never to the agent."""
    offices = {person.who: person for person in people.persons}
    found = []
    for delegation in people.delegations:
        if delegation.of in asked and plain_name(delegation.to) != plain_name(agent):
            office = offices.get(delegation.to, delegation)
            found.append(within(delegation, office.begins, office.ends))
    return tuple(found)


def _offered(remember: Remember | None) -> Remember | None:
    return remember if remember and remember.longest else None

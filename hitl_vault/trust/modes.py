"""Whether a vote is admitted: by who casts it, and by the proof that the trust mode wants."""

from __future__ import annotations

from datetime import datetime

from hitl_vault.domain.decision import Vote
from hitl_vault.domain.frozen import changed
from hitl_vault.domain.names import alike
from hitl_vault.domain.record import Record
from hitl_vault.domain.requirement import Mode, plain_name
from hitl_vault.errors import NotAllowed, NotAnApprover, SelfApproval
from hitl_vault.trust.names import HasAsked, authors, is_author

PROVES = {Mode.CODE: ("code", "ssh", "hmac"), Mode.SIGNED: ("ssh", "hmac")}
"""The kinds of proof that a mode takes."""


def as_voter(record: Record, vote: Vote, has_asked: HasAsked) -> Vote:
    """Return the vote with the voter's name as it is compared, and for whom they answer.

    Raises `NotAnApprover` or `SelfApproval` if they may not answer.
    """
    requirement = record.request.requirement
    name = plain_name(vote.by)
    if name and is_author(record, name, has_asked):
        said = "asked for this, or may have, and may not answer it"
        raise SelfApproval(f"{name} {said}", told=f"whoever has this name {said}", found=name)
    vote = changed(vote, by=name, on_behalf_of=())
    if requirement.mode is Mode.OPEN and not record.approvers:
        return vote
    return changed(vote, on_behalf_of=_voting_for(record, vote, has_asked))


def check_proof_kind(record: Record, vote: Vote) -> None:
    """Raise `NotAllowed` if the request needs a kind of proof that the vote lacks."""
    mode = record.request.requirement.mode
    wanted = PROVES.get(mode)
    if wanted and (vote.proof or {}).get("kind") not in wanted:
        raise NotAllowed(f"this request needs {_WANTED[mode]} (trust mode {mode})")


def voters(record: Record, at: datetime) -> tuple[str, ...]:
    """Return everybody who may answer at `at`, as far as names tell: approvers, and delegates for them."""
    needs = record.request.requirement
    named = dict.fromkeys(map(plain_name, (*record.approvers, *(d.to for d in needs.delegations))))
    may = (name for name in named if needs.answers_for(name, at, record.approvers) is not None)
    return tuple(name for name in may if alike(name) not in map(alike, authors(record)))


LACKING = {
    Mode.CODE: "the answer needs your one-time code. Put it into `code`: eight characters, no 0, 1, I or O.",
    Mode.SIGNED: "only a signed answer counts. Run `hitl approve ID --sign`, or paste a signature.",
}
"""What to tell somebody whose answer came without its proof."""

_WANTED = {
    Mode.CODE: "the one-time code that was sent for this answer, or a signature",
    Mode.SIGNED: "a signature; run `hitl approve ID --sign`",
}


_MOST_NAMED = 8


def _voting_for(record: Record, vote: Vote, has_asked: HasAsked) -> tuple[str, ...]:
    """Return for whom a vote is cast: nobody else, or those who delegated to the voter."""
    requirement = record.request.requirement
    if not record.approvers:
        raise NotAnApprover(
            "nobody may answer this request: it was asked when no approver was named; "
            "add names to `approvers:` in .hitl/vault.yaml and ask again"
        )
    if not vote.by:
        raise NotAnApprover("the vote names nobody; fill in `approver`")
    others = requirement.answers_for(vote.by, vote.at, record.approvers)
    if others is None:
        said = f"is not an approver of this request{_who_is(record, vote)}"
        raise NotAnApprover(f"{vote.by} {said}", told=f"this name {said}", found=vote.by)
    free = tuple(who for who in others if not is_author(record, who, has_asked))
    if others and not free:
        said = f"answers for {', '.join(others)}, who asked for this, or may have"
        raise SelfApproval(f"{vote.by} {said}", told=f"this name {said}", found=vote.by)
    return free


def _who_is(record: Record, vote: Vote) -> str:
    """Return who may answer now, and whom the voter may have meant: phones write `Ben` for `ben`."""
    answers_for = record.request.requirement.answers_for
    names = [name for name in record.approvers if answers_for(name, vote.at, record.approvers) is not None]
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = f"{', '.join(names[:_MOST_NAMED])}{more} {'is' if len(names) == 1 else 'are'}"
    near = next((name for name in names if name.casefold() == vote.by.strip().casefold()), None)
    return f"; {listed}, letter by letter{f' (did you mean {near}?)' if near else ''}"

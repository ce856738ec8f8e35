"""What a template may use: ready pieces of Markdown, and a few functions that make more of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hitl_vault.domain.identity import is_id, slug
from hitl_vault.domain.lifecycle import Kind, State
from hitl_vault.domain.record import Notice, Record
from hitl_vault.domain.request import Request
from hitl_vault.domain.requirement import Mode, Requirement
from hitl_vault.domain.risk import Level
from hitl_vault.domain.text import look_alikes
from hitl_vault.domain.times import exact, readable
from hitl_vault.vault import inert
from hitl_vault.vault.archive import archive
from hitl_vault.vault.editable import edit_block
from hitl_vault.vault.inert import Inert, Untrusted, row_text, value_of
from hitl_vault.vault.likeness import likeness
from hitl_vault.vault.members import WIDTH, member_rows, member_texts
from hitl_vault.vault.progress import people_rows, takes_several
from hitl_vault.vault.templates import title_of
from hitl_vault.vault.thread import thread

_CALLOUT = {Level.LOW: "info", Level.MEDIUM: "info", Level.HIGH: "warning", Level.CRITICAL: "danger"}
_TOLD = {
    Kind.REFUSED: "An answer did not count",
    Kind.HELD: "On hold",
    Kind.FLAGGED: "This is not an answer yet",
    Kind.TAMPERED: "This note was changed, and has been drawn again",
}
_PROOF = {
    Mode.OPEN: "",
    Mode.ATTRIBUTED: " Put your name into `approver`.",
    Mode.CODE: " Put your name into `approver` and your one-time code into `code`.",
    Mode.SIGNED: " Put your name into `approver`; only a signed answer counts.",
}
_LOCKED = (
    " Too many wrong codes were tried, so codes do not count for this request any more;"
    " only a signed answer does."
)
_HELD = (
    "> [!warning] On hold: there are approvals enough, for different values\n"
    "> All have to approve the same. Whoever changes their mind votes again."
)
_TOO_LONG = (
    "> [!info] The values that may be changed are too long for this note\n"
    "> To change one before you approve, use `hitl approve` with its option `edit`."
)
_NO_WORDS = Inert("The agent gave neither a summary nor a reason.")


class Page:
    """The pieces of one note's body, above its `## Notes`."""

    def __init__(
        self,
        record: Record,
        *,
        approve: bool = False,
        reject: bool = False,
        remember: bool = False,
        typed: Mapping[str, Any] = {},
    ) -> None:
        self.record = record
        self.request = record.request
        self.pending = record.state is State.PENDING
        scope = record.rememberable
        always = f"{box(_always(record), remember)}\n" if scope else ""
        same = f"\n\n{likeness(record, scope)}" if scope and self.pending else ""
        self.boxes = Inert(f"{box('Approve', approve)}\n{always}{box('Reject', reject)}{same}")
        context = record.decision.context if record.decision else self.request.context
        self.context = inert.json_block(context)
        self.edits = _editable(record, typed)
        self.words = words(self.request)
        self._picked = set[str]()

    def values(self) -> dict[str, Any]:
        """Return everything that one template sees, by name; nothing counts as picked yet."""
        self._picked = set()
        return {
            "title": Inert(title_of(self.request.action)),
            "pending": self.pending,
            "above": Inert("\n\n".join(self._above())),
            "answer": answer(self.record),
            "boxes": self.boxes,
            "edits": self.edits,
            "context": self.context,
            "words": self.words,
            "pick": self.pick,
            "sole": self.sole,
            "facts": self.facts,
            "block": block,
            "command": command,
        }

    def needs(self) -> tuple[str, ...]:
        """Return the pieces that every note must show."""
        if not self.pending:
            return (self.context,)
        return (self.boxes, self.context, self.edits) if self.edits else (self.boxes, self.context)

    def pick(self, *names: str) -> Untrusted | None:
        """Return the first of these members that the context has and that says something."""
        context = self.request.context
        for name in names:
            if name in context and context[name] not in (None, "", [], {}):
                self._picked.add(name)
                return Untrusted(context[name])
        return None

    def sole(self, *names: str) -> Untrusted | None:
        """Return what `pick` returns, but None where several of these members say something.

        For what would run or be sent: which of several counts, only the agent could tell.
        """
        context = self.request.context
        given = [name for name in names if context.get(name) not in (None, "", [], {})]
        return self.pick(*given) if len(given) == 1 else None

    def facts(self, rows: Sequence[Sequence[Any]] = (), *, members: bool = True) -> Inert:
        """Return one fence with these rows (a label and what follows it), the members, who asks, the risk.

        A row whose first value is None is left out. Each member of the context that the template has
        not picked follows its rows, so that none is left out in silence; texts of several lines stand
        below. Where no row is left, all members do, unless `members` is false.
        """
        shown = [(row[0], _joined(row[1:])) for row in rows if row[1] is not None]
        told = self._picked if shown or not members else ()
        rest = {name: value for name, value in self.request.context.items() if name not in told}
        return inert.table([*shown, *member_rows(rest), *system_rows(self.record)], member_texts(rest))

    def _above(self) -> Iterator[str]:
        yield from above(self.record)
        if inert.is_short(self.context) or inert.is_short(self.words):
            yield _shortened(self.record.id)
        if self.pending and self.record.offered and not self.edits:
            yield _TOO_LONG


def _always(record: Record) -> str:
    assert record.rememberable is not None
    return f"Yes, and the same for {exact(record.rememberable.longest)}"


def _editable(record: Record, typed: Mapping[str, Any]) -> Inert | None:
    """Return the block of values that may be changed, as the person left them."""
    offered = record.offered if record.state is State.PENDING else {}
    return edit_block(offered, typed) if offered else None


def above(record: Record) -> Iterator[str]:
    """Yield what comes first: a notice, and how urgent the request is or what was decided."""
    if record.notice:
        yield from notice(record.notice, record.notice_kind)
    if record.state is State.PENDING:
        yield headline(record)
        if record.held:
            yield _HELD
        yield from hurry(record)
    else:
        yield from archive(record)
    yield from thread(record)


def box(label: str, ticked: bool) -> str:
    """Return one box to tick."""
    return f"- [{'x' if ticked else ' '}] {label}"


def block(value: object) -> Inert:
    """Return a fence with a text in full, or with a list one item a line."""
    return inert.block(inert.listing(value_of(value)))


def command(value: object) -> Inert:
    """Return a fence with code in full, or with an argv list as one shell line."""
    return inert.block(inert.command(value_of(value)))


def headline(record: Record) -> str:
    """Return the callout that says how risky, and until when."""
    level = record.request.risk.level
    until = f"answer by {readable(record.expires)}" if record.expires else "no deadline"
    if record.paused is not None:
        until = "the clock stands still until the question is answered"
    return f"> [!{_CALLOUT[level]}] {level.capitalize()} risk, {until}"


def hurry(record: Record) -> Iterator[str]:
    """Yield a warning once a reminder has been given."""
    if record.reminded and record.deadline:
        yield f"> [!warning] Reminder: without an answer this expires at {readable(record.deadline)}"


def notice(given: Notice, kind: Kind | None) -> Iterator[str]:
    """Yield a warning; what was found stands in a fence below it."""
    title = f"> [!warning] {_TOLD.get(kind or Kind.FLAGGED, 'Please look')}"
    text = inert.plain(given.text)
    yield f"{title}\n> {text}" if text else title
    found = "\n\n".join(part for part in ("" if text else given.text, given.detail) if part)
    if found:
        yield inert.block(found, limit=inert.WORDS_BYTES)


def answer(record: Record) -> Inert:
    """Return the one line that says how to answer."""
    needs: Requirement = record.request.requirement
    command = f"hitl approve {record.id}" if is_id(record.id) else "hitl approve ID"
    comment = " A `comment` is required." if needs.comment_required else ""
    return Inert(
        "To answer, tick a box, or set `status` above to `approved` or `rejected`, "
        f"or move this note to `Approved` or `Rejected`, or run `{command}`.{_proof(record)}{comment}"
        " To ask the agent something first, set `status` to `needs_info` and write it into `comment`."
    )


def _proof(record: Record) -> str:
    """Return the sentence that says what an answer has to come with."""
    needs = record.request.requirement
    if record.codes.locked:
        return _LOCKED
    return _PROOF[needs.mode] or (_PROOF[Mode.ATTRIBUTED] if takes_several(needs) else "")


def words(request: Request) -> Inert:
    """Return what the agent says about its request, in a fence."""
    said = "\n\n".join(part for part in (request.summary, request.reason) if part)
    return inert.block(said, limit=inert.WORDS_BYTES) if said else _NO_WORDS


def system_rows(record: Record) -> Iterator[tuple[str, str]]:
    """Yield who asks, how risky it is, and what the policy wants."""
    request = record.request
    if len(request.action) > len(slug(request.action)):  # the heading does not say all of it
        yield "Action", row_text(request.action)
    yield "Asked by", row_text(request.agent)
    if request.summary:
        yield "It says", f"(unchecked) {row_text(request.summary, WIDTH)}"
    if request.run:
        yield "Run", row_text(request.run)
    yield "Risk", row_text(_risk(request))
    if request.requirement.rule:
        yield "Rule", row_text(request.requirement.why)
    for file in request.files:
        yield "File", row_text(f"{file.name}: {file.path}", None)  # in full: the end is what counts
        yield "File content", row_text(f"{file.name}: {file.size} bytes, sha256:{file.sha256}")
    yield from people_rows(record)
    alike = look_alikes(*request.said)
    if alike:
        yield "Look twice", row_text(alike)


def _risk(request: Request) -> str:
    reasons = "; ".join(request.risk.reasons)
    return f"{request.risk.level} ({reasons})" if reasons else str(request.risk.level)


def _joined(values: Sequence[object]) -> str:
    return " ".join(row_text(value_of(value)) for value in values if value is not None)


def _shortened(id: str) -> str:
    read = f"`hitl show {id}`" if is_id(id) else "`hitl show`"
    return f"> [!danger] This note does not show everything\n> Read the rest with {read} before you answer."

"""What somebody gives along with a vote: a code or a signature. It is checked and never recorded as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitl_vault.trust.codes import is_whole


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A one-time code and a signature as given, either of them empty. Neither shows in its `repr`."""

    code: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)

    @property
    def complete(self) -> bool:
        """Whether there is anything to check; a code that is still being typed is not."""
        return bool(self.signature) or is_whole(self.code)


NO_EVIDENCE = Evidence()

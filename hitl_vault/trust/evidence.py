"""What somebody gives along with a vote: a code or a signature. It is checked and never recorded as it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from hitl_vault.domain.requirement import Mode
from hitl_vault.trust.codes import is_whole


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A one-time code and a signature as given, either of them empty. Neither shows in its `repr`."""

    code: str = field(default="", repr=False)
    signature: str = field(default="", repr=False)

    def given(self, mode: Mode) -> bool:
        """Tell whether there is anything to check that a mode takes; a code still being typed is not."""
        return bool(self.signature) or (mode is Mode.CODE and is_whole(self.code))


NO_EVIDENCE = Evidence()

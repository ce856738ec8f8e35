"""The background loop that reads ballots, keeps deadlines and draws notes."""

from hitl_vault.keeper.standby import Keeper

__all__ = ["Keeper"]

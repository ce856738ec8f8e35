"""The notes: where they lie, how they are read as ballots, drawn and watched."""

"""`python -m hitl_vault.cli` is `hitl`."""

from hitl_vault.cli import main

main()

"""`python -m hitl_vault` is `hitl`."""

from hitl_vault.cli import main

main()

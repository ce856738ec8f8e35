"""Mutation testing: small changes to the product, each of which a test has to notice."""

"""Campaigns that try to break the product: kills, errors, lost power, noise, races and seeded bugs."""

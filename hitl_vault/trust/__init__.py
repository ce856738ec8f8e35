"""Who may vote, and what proof a vote must come with."""

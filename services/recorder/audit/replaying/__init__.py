"""``recorder audit replay``: the bytes of events, one a line."""

"""How surely a plate that was read is one on the watchlist: sure, needs a person, none. Pure. Start at `level.py`."""

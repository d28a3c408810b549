"""Black-box tests of doors by role: pins, console, broker. What is on the bench stands in `bench.toml`.

Start at `bench.py` (what a role is), then `desk.py` (the controller's side of the wire), then the tests.
`MENSHEN_BENCH` names another bench file, e.g. one with real boards.
"""

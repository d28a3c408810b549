"""The place as a tree: grid → building → unit → door, and the gates beside it.

Enters: settings. Leaves: `Tree`, which says which doors an id covers. Pure. Start at `tree.py`.
"""

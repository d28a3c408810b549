"""What the controller must not forget: SQLite (WAL, synchronous=FULL), one writer thread, readers beside it.

Enters: small jobs from one table's class each (`journal.py`, `alerts.py`, `people.py`, …). Leaves: committed rows.
Start at `store.py` (`Store`), then `database.py` (group commit, full disk) and `migrations/`.
Secrets in rows are sealed by `box.py`; its key is a file outside the database.
"""

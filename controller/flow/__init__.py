"""What passes, counted: crossings of lines (`lines.py`), passages by the hour (`hours.py`), different vehicles of a day
(`distinct.py`). Pure; no identities.
"""

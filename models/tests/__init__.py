"""Tests of the models' room; `reference.py` is the converter's arithmetic in plain NumPy."""

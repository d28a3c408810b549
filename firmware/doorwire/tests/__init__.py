"""Tests of this room: the same files under pytest and on MicroPython (tools/firmware_tests.py)."""

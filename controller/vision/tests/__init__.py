"""Tests of the cameras' process."""

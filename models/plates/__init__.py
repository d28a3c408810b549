"""Plates: what may stand on one, how it looks, and how our nets learn to find and read it.

At run time: `grammar` (log-probabilities in, `Reading` out), `geometry` (corners, rectified strips).
For demos and tests: `render` (clean plates from our own strokes, degradation).
For training only (PyTorch, a Chinese font): `train_reader`, `train_corners`, `train_detector`, `export`.
"""

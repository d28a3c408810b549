"""Neural networks: pictures and weights in, boxes, points, vectors and texts out.

A model is a folder with a `card.toml` (origin, licence, digest, input, thresholds, measured figures).
`cards.py` reads them, `build.py` makes the files from pinned packages, `runtime.py` alone talks to LiteRT,
`graph.py` → `quantise.py` → `tflite_writer.py` is the converter, `preprocess.py` and `face.py` run the faces.
"""

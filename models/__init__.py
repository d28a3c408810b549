"""Neural networks: pictures and weights in, boxes, points, vectors and texts out.

A model is a folder with a `card.toml` (origin, licence, digest, input, thresholds, measured figures).
`cards.py` reads them, `build.py` makes the files from pinned packages, `runtime.py` alone talks to LiteRT.
The converter: `graph.py` (by hand, or from ONNX: `onnx_import.py`) → `quantise.py` → `tflite_writer.py`.
`face.py` (on `face_geometry.py`, `embedder.py`) and `plate.py` run the nets.
"""

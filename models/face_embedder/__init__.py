"""MobileFaceNet: a 112×112 face chip in RGB becomes 64 numbers; compare two by Euclidean distance.

`tfjs_weights.py` reads the published graph, `build.py` writes the same network as an int8 .tflite.
"""

"""dlib's face ResNet: a 150×150 face chip in RGB becomes 128 numbers; compare two by Euclidean distance.

`dlib_weights.py` reads dlib's file, `build.py` writes the same network as an int8 .tflite.
"""

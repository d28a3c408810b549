"""Cameras that are not there: drawn scenes, encoded as H.264, served over real RTSP.

`farm.py` starts and stops them (`CameraFarm`), `scenes.py` draws, `rtsp_server.py` runs in Debian's python3 with
GStreamer and hands out what comes in on its stdin.
"""

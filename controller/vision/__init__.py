"""Frames to sightings, in a process of its own: capture → motion → detect → track → best shot → read or embed.

Enters: camera addresses and the gallery, JSON lines on stdin. Leaves: sightings on stdout. Nothing reaches the disk.
`worker.py` is the loop, `face_task.py` and `plate_task.py` what it does with a frame; `track.py`, `vote.py`
and `motion.py` are pure. Who a face is, and how good its picture, is in `models.face_match` and `face_quality`.
"""

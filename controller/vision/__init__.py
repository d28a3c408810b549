"""Frames to sightings, in a process of its own: capture → motion → detect → track → best shot → read or embed.

Enters: camera addresses and the gallery, JSON lines on stdin. Leaves: sightings on stdout. Nothing reaches the disk.
`worker.py` is the loop, `face_task.py` and `plate_task.py` what it does with a frame; `match.py`, `track.py`,
`vote.py`, `motion.py` and `best_shot.py` are pure.
"""

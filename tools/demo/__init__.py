"""The whole of Menshen on one desk: `menshen demo`.

`house.py` starts every part and tears it down; `watch.py` looks at it from outside (relays, page, broker, server's
database); `story.py` is what happens, step by step; `check.py` plays it unattended; `stage.py` hands it to a person.
"""

"""Everything a fresh machine lacks, into `.venv/` and `.menshen/`, without root and without a system service.

Runs on the system's python3 with the standard library alone: `python3 -m tools.setup venv|system|all`.
`debian.py` unpacks Debian packages privately, `environment.py` makes the venv, `archives.py` gets pinned files out of
packages; `system.py` is how the rest of Menshen starts what was unpacked.
"""

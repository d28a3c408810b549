"""What technicians and developers run: commands, simulators, the reference community server, the demo, the gate.

Public functions first, the command line second: start at `cli.py`, each verb there names its function.
`setup/` makes the environment and runs before anything is installed.
"""

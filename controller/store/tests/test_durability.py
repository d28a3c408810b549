"""kill -9 in the middle of writing: what was acknowledged is there, once, and in order."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

WRITER = """
import asyncio, sys
from pathlib import Path
from controller.store.journal import NewEvent
from controller.store.store import Store

async def main():
    folder = Path(sys.argv[1])
    store = Store(folder / "a.db", folder / "box.key")
    start = await store.journal.highest_seq("02000000000a", 1) or 0
    waiting = set()
    def acknowledge(done):
        if not done.exception() and done.result().id is not None:
            sys.stdout.write(f"{done.result().highest_seq}\\n")
            sys.stdout.flush()
    for seq in range(start + 1, start + 200_000):
        row = NewEvent("02000000000a", 1, seq, "denied", "expired", seq, True, 1.0, "card", str(seq), 0, 1, 0)
        future = store.journal.append(row)
        future.add_done_callback(acknowledge)
        if seq % 50 == 0:
            await asyncio.sleep(0)
        if seq % 2000 == 0:
            await future
asyncio.run(main())
"""


def test_acknowledged_events_survive_kill_9(tmp_path: Path) -> None:
    acknowledged = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _line in range(1500):
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split("\n")[:-1]  # what it said before it died
        acknowledged = int(rest[-1]) if rest else acknowledged
        process.communicate()
        connection = sqlite3.connect(tmp_path / "a.db")
        seqs = [row[0] for row in connection.execute("SELECT seq FROM events ORDER BY id")]
        outbox = connection.execute("SELECT count(*) FROM outbox").fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        connection.close()
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) >= acknowledged and outbox == len(seqs)

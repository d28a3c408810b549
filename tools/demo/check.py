"""The whole story unattended: every step observed from outside, one JSON object at the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tools.demo.cast import SITE
from tools.demo.house import GUARD, House
from tools.demo.story import Step, Story
from tools.demo.watch import DutyRoom, Wire


async def check(parent: Path, pictures: Path, tell: Callable[[str], None]) -> dict[str, object]:
    """Play every step; `{"name": "demo-check", "steps": […], "ok": bool}`. A failed step does not stop the next one.

    `parent` is where the demo's folder is made and removed; `pictures` gets a screenshot of the page in each language.
    """
    steps: list[Step] = []
    house = House(parent, tell)
    async with house:
        wire = Wire(house.broker.port, house.ca_file, house.controller_password, SITE)
        wire.know(house.keys())
        room = DutyRoom(house.console_url, GUARD, house.guard_password, pictures)
        async with wire, room:
            await house.power_boards()
            story = Story(house, wire, room)
            for name, step in story.steps():
                done = await story.play(name, step)
                tell(f"{'ok  ' if done.ok else 'FAIL'} {done.seconds:6.1f} s  {done.name}: {done.seen}")
                steps.append(done)
            await room.both_languages()
    left = house.left_behind()
    steps.append(Step("nothing left behind", not left, 0.0, left or "no process, no file"))
    return {"name": "demo-check", "steps": [step.as_dict() for step in steps], "ok": all(step.ok for step in steps)}

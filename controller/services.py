"""Everything that the API may use, made by `app.py`.

| field | use |
|---|---|
| settings, tree | site names and the place tree |
| store | `journal.latest`, `alerts.latest/evidence`, `documents.people`, `users`, `templates.held`, `passages` |
| live | `async with live.subscribe() as items: async for item in items` → server-sent events |
| doors | `views()`, `view(id)` |
| updates | `start(firmware, door_ids, who)`, `view()`: firmware for the doors, audited |
| guard | `open(door_id, who, why)`: opens and audits; `switch(gate_id, mode, who, why)` |
| alarm | `judge(alert_id, "confirmed" \\| "dismissed", who)` |
| prompts | `camera in prompts`, `now`, `wait`: the screens beside face cameras |
| captures | `recent()`, `jpeg(id)` (memory); a kept picture is `store.alerts.evidence(id)` |
| enrolment | `enrol(person, consent, jpeg, camera)`, `withdraw`, `not_me`, `counts()`; raises `ports.EnrolError` |
| vision | `views()`, `last_frame(camera)` |
| flow | `present()`, `today()`, `set_inside(vehicles, who)`; what is stored is `store.passages` |
| health | `flags()` |
| unix | the clock |
"""

from collections.abc import Callable
from dataclasses import dataclass

from controller.events.alarm import Alarm
from controller.events.audit import GuardActions
from controller.events.captures import Captures
from controller.events.enrol import Enrolment
from controller.events.flow import Flow
from controller.events.live import Live
from controller.events.ports import Doors, Updates, Vision
from controller.events.prompts import Prompts
from controller.health import Health
from controller.settings import Settings
from controller.site.tree import Tree
from controller.store.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """See the table above."""

    settings: Settings
    tree: Tree
    store: Store
    live: Live
    doors: Doors
    updates: Updates
    guard: GuardActions
    alarm: Alarm
    captures: Captures
    prompts: Prompts
    enrolment: Enrolment
    vision: Vision
    flow: Flow
    health: Health
    unix: Callable[[], float]

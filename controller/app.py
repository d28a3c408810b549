"""The composition: every part made, joined, started and stopped. The only file that knows them all."""

import asyncio
import contextlib
import logging
import secrets
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, Self

from controller.api import create_app
from controller.api.consent import consent_text
from controller.bus.doors import DoorRegistry
from controller.bus.edges import Edges
from controller.bus.session import Handlers, Session
from controller.clock import Clock, SystemClock
from controller.console import add_page
from controller.events.alarm import Alarm
from controller.events.audit import GuardActions
from controller.events.captures import Captures
from controller.events.care import Care
from controller.events.decide import Decide
from controller.events.enrol import Enrolment
from controller.events.flow import Flow
from controller.events.ingest import Ingest
from controller.events.keeper import Keeper
from controller.events.live import Live
from controller.events.opening import Opening
from controller.events.prompts import Prompts
from controller.events.visits import Visits
from controller.health import Health
from controller.services import Services
from controller.settings import Settings, read_secret
from controller.site.tree import Tree
from controller.store.devices import read_ledger
from controller.store.errors import StoreError
from controller.store.store import Store
from controller.sync.client import ServerClient
from controller.sync.lists import Lists
from controller.tasks import end
from controller.vision.sighting import FaceSighting
from controller.vision_process import VisionProcess
from controller.web import listen, server
from models.cards import embedder_card

TICK_S = 0.5
LEDGER_S = 2.0
HOUSEKEEPING_S = 30.0
DECISIONS_AT_ONCE = 16
OFFSET_MIN = 480  # China's time, until a list says another

_log = logging.getLogger(__name__)


class App:
    """One controller. `async with app:` starts it; `wait` returns when it is told to stop or a part has failed."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._listener = listen(settings.console)
        try:
            self.store = Store(settings.store.database, settings.store.box_key_file)
        except BaseException:
            self._listener.close()
            raise
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._decisions: set[asyncio.Task[str]] = set()
        self._server: ServerClient | None = None
        self._ledger_seen = -1  # its file's mtime in ns; 0: there is none

    def _compose(self) -> None:
        settings, store, unix = self._settings, self.store, self._clock.unix
        self.tree = Tree(settings)
        self.live = Live()
        self.health = Health(self.live)
        self.alarm = Alarm(store.alerts, self.live, unix)
        consent = consent_text(settings.captures)
        self.keeper = Keeper(settings.captures, consent.version, store, unix)
        self.captures = Captures(self.live, unix, self.keeper.offer)
        self.prompts = Prompts([camera.id for camera in settings.cameras if camera.prompt], self._clock.mono)
        self.visits = Visits(store.visits)
        self.ingest = Ingest(store.journal, self.alarm, self.live, self.tree, unix)
        self.session = Session(
            settings.broker, settings.site.id, read_secret(settings.broker.password_file), self.health
        )
        edges = Edges(
            store, self.ingest, self.live, self._clock, self.session.send, self._list_ahead, self._list_refused
        )
        self.doors = DoorRegistry(self.tree, edges)
        self.care = Care(store.care, self.alarm, self._clock, self._doors_away)
        self.vision = VisionProcess(settings, self.live, self.health)
        self.vision.on_ask = self.prompts.ask
        embedder = embedder_card(settings.vision.embedder)
        self.enrolment = Enrolment(store, self.vision, unix, embedder.sha256, embedder.thresholds.get("margin", 0.0))
        self.lists = Lists(
            store, self.tree, self.live, self._clock, self.doors.set_desired, self.enrolment.show_gallery
        )
        self.flow = Flow(
            store, settings.cameras, unix, self._offset_s, partial(secrets.token_bytes, 32), settings.store.flow_days
        )
        self.vision.on_flow = self.flow.seen
        self.decide = Decide(
            {camera.id: camera for camera in settings.cameras},
            lambda: self.lists.policy,
            Opening(self.doors, self.visits, unix),
            self.alarm,
            self.captures,
            self.flow.plate,
        )
        self._compose_page()
        loop = asyncio.get_running_loop()
        store.database.on_full = partial(_call_soon, loop, self._disk)

    def _compose_page(self) -> None:
        settings, store, unix = self._settings, self.store, self._clock.unix
        self.services = Services(
            settings,
            self.tree,
            store,
            self.live,
            self.doors,
            self.doors.updates,
            GuardActions(store, self.doors, unix),
            self.alarm,
            self.captures,
            self.prompts,
            self.enrolment,
            self.vision,
            self.flow,
            self.health,
            unix,
        )
        api = create_app(self.services)
        add_page(api, settings.site.name, self.prompts)
        self._uvicorn = server(api, settings.console)

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self._let_go)
            self._compose()
            undo.push_async_callback(self._end)
            await self._begin()
            undo.pop_all()
        _log.info("the controller of %s runs", self._settings.site.name)
        return self

    async def _begin(self) -> None:
        self.health.set("disk", True)
        await self._read_ledger()
        await self.visits.load()
        self.doors.gates.take(await self.store.gates.all())
        await self.enrolment.show_gallery()
        await self.keeper.start()
        handlers = Handlers(self.doors.ask_all, self.doors.on_up, self.doors.on_link, self._announced)
        self._start(self.session.run(handlers), "broker session")
        self._start(self._tick(), "tick")
        self._start(self._keep_house(), "housekeeping")
        self._start(self.vision.run(), "vision")
        self._start(self._decide_sightings(), "decisions")
        self._start(self._serve(), "page")
        self._make_server_client()

    async def __aexit__(self, *_: object) -> None:
        _log.info("the controller stops")
        try:
            await self._end()
        finally:
            await self._let_go()

    async def _end(self) -> None:
        self.live.close()
        self.prompts.close()
        self._uvicorn.should_exit = True
        await end([task for task in self._tasks if task.get_name() != "page"])
        await end(self._decisions)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.ingest.idle()
        await self.doors.close()
        await self.keeper.idle()
        with contextlib.suppress(StoreError):
            await self.alarm.store_waiting()
            await self.flow.store()

    async def _let_go(self) -> None:
        await self.store.close()
        self._listener.close()

    def stop(self) -> None:
        """Let `wait` return."""
        self._stopping.set()

    async def wait(self) -> None:
        """Until `stop`; raises what a part has died of."""
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait([stopping, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        while stopping not in done:
            for task in done:
                task.result()
            rest = [task for task in self._tasks if not task.done()]
            done, _ = await asyncio.wait([stopping, *rest], return_when=asyncio.FIRST_COMPLETED)

    # -- joints -------------------------------------------------------------------------------------------------------

    def _announced(self, version: int) -> None:
        if self._server is not None:
            self._server.announced(version)

    async def _list_ahead(self, device: str, version: int) -> None:
        await self.lists.door_is_ahead(device, version)

    async def _list_refused(self, door: str, reason: str) -> None:
        text = f"the door refused its list ({reason}); look at its flash"
        await self.alarm.raise_alert("list-refused", "sure", door, door, text)

    async def _server_refused(self, words: str) -> None:
        await self.alarm.raise_alert("list-refused", "sure", "server", "", words)

    def _offset_s(self) -> int:
        signed = self.lists.in_force
        return 60 * (signed.document.utc_offset_min if signed else OFFSET_MIN)

    def _disk(self, full: bool) -> None:
        words = "the disk is full or fails: doors keep their events; free some space" if full else ""
        self.health.set("disk", not full, words)
        if not full:
            self._start_once(self._after_full())

    async def _after_full(self) -> None:
        await self.alarm.store_waiting()
        text = "the disk took nothing for a while and does again; no event is lost"
        await self.alarm.raise_alert("disk", "sure", "disk", "", text)
        self.doors.ask_all()

    # -- loops --------------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            self.doors.tick()
            self.captures.drop_old()
            await asyncio.sleep(TICK_S)

    async def _keep_house(self) -> None:
        """Once in a while: a grown ledger, alerts that wait, due evidence, counts, people who left."""
        since_s = 0.0
        while True:
            await asyncio.sleep(LEDGER_S)
            since_s += LEDGER_S
            try:
                await self._read_ledger()
                if since_s >= HOUSEKEEPING_S or self.store.database.full:
                    since_s = 0.0
                    await self.alarm.store_waiting()
                    await self.flow.store()
                    await self.store.alerts.drop_due_evidence(self._clock.unix())
                    await self.keeper.drop_due()
                    await self.enrolment.forget_left()
                    if self.lists.in_force is not None:
                        await self.visits.tidy(self.lists.in_force.document)
                    await self._watch_age()
                    await self.care.look()
            except (StoreError, sqlite3.Error, OSError) as error:
                _log.debug("housekeeping waits: %s", error)

    def _doors_away(self) -> int:
        return sum(not view.online for view in self.doors.views())

    async def _watch_age(self) -> None:
        """A document past its date stays in force, for residents must get in; but somebody has to know."""
        signed = self.lists.in_force
        expired = signed is not None and 0 < signed.document.expires_unix <= self._clock.unix()
        words = "the list has passed its date: the server is silent or held back; look at it" if expired else ""
        if expired and self.health.is_ok("list-age") is not False:
            await self.alarm.raise_alert("list-stale", "sure", "server", "", words)
        self.health.set("list-age", not expired, words)

    async def _decide_sightings(self) -> None:
        while True:
            seen = await self.vision.next_sighting()
            if len(self._decisions) >= DECISIONS_AT_ONCE:
                await asyncio.wait(self._decisions, return_when=asyncio.FIRST_COMPLETED)
            decision = self._face(seen) if isinstance(seen, FaceSighting) else self.decide.plate(seen)
            task = asyncio.create_task(decision)
            self._decisions.add(task)
            task.add_done_callback(self._decided)

    async def _face(self, seen: FaceSighting) -> str:
        outcome = await self.decide.face(seen)
        self.prompts.answer(seen.camera, outcome == "opened")
        return outcome

    def _decided(self, task: "asyncio.Task[str]") -> None:
        self._decisions.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a sighting could not be decided: %s", error, exc_info=error)

    async def _serve(self) -> None:
        await self._uvicorn.serve(sockets=[self._listener])

    async def _read_ledger(self) -> None:
        """Take in the ledger when its file has changed, and at the start; then the lists, for doors have come."""
        path = self._settings.store.ledger
        changed = path.stat().st_mtime_ns if path.exists() else 0
        if changed == self._ledger_seen:
            return
        await self.store.devices.import_ledger(read_ledger(path))
        self.doors.take_devices(
            await self.store.devices.all(), await self.store.journal.epochs(), await self.store.doorlists.installed()
        )
        await self.lists.start()
        missing = self.doors.without_key()
        words = f"not in the ledger: {', '.join(missing[:8])}; provision them with menshen flash" if missing else ""
        self.health.set("ledger", not missing, words)
        self._ledger_seen = changed

    def _make_server_client(self) -> None:
        server = self._settings.server
        if server is None:
            return
        self._server = ServerClient(
            server,
            self._settings.site.id,
            read_secret(server.token_file),
            self.store.journal,
            self.health,
            self.lists.apply,
            self._server_refused,
            self._clock.unix,
            self.lists.in_force,
        )
        self._start(self._server.run(), "server client")

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    def _start_once(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)


def _call_soon(loop: asyncio.AbstractEventLoop, hear: Callable[[bool], None], full: bool) -> None:
    """From the writer's thread into the loop."""
    loop.call_soon_threadsafe(hear, full)


@contextlib.asynccontextmanager
async def _signals(app: App) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, app.stop)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. StartError or StoreError in words when it cannot start."""
    app = App(settings)
    async with _signals(app), app:
        await app.wait()


async def add_user(settings: Settings, name: str, role: str, password: str) -> None:
    """A new user of the page, also while a controller runs; StoreError in words."""
    store = Store(settings.store.database, settings.store.box_key_file, alone=False)
    try:
        await store.users.add(name, role, password, SystemClock().unix())
    finally:
        await store.close()

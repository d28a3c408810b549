"""All doors: which frame concerns which, what each is answered, and what is asked of them."""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from dataclasses import asdict

from controller.bus.door import Door
from controller.bus.edges import Edges
from controller.bus.gates import Gates
from controller.bus.lists import ListDelivery
from controller.bus.updates import Updates
from controller.events.ingest import Receipt
from controller.events.ports import CommandResult, DoorView, GateMode
from controller.events.upguard import UpGuard
from controller.site.tree import Tree
from controller.store.devices import Device
from controller.store.doorlists import DoorList
from controller.store.errors import StoreBusyError, StoreError, StoreFullError
from controller.tasks import end
from doorwire import names
from doorwire import vocabulary as words
from doorwire.errors import RefusedError, WireError
from doorwire.messages import (
    Ack,
    Command,
    Event,
    Hello,
    ListInstalled,
    ListProgress,
    Message,
    Result,
    State,
    Time,
)

OPEN_LIFETIME_S = 5.0
LIFETIME_S = 30.0
ANSWER_S = 6.0  # an open command is void after 5 s, so no later answer can mean "open"
COUNTERS = 1000  # reserved in the store at once
COUNTERS_LOW = 200
CLOCK_TOLERANCE_S = 2
REPORT_EVERY_S = 5.0

_log = logging.getLogger(__name__)


class DoorRegistry:
    """Implements `events.ports.Doors`."""

    def __init__(self, tree: Tree, edges: Edges) -> None:
        self._tree = tree
        self._edges = edges
        self._doors: dict[str, Door] = {}
        self._answers: dict[tuple[str, int], asyncio.Future[int]] = {}
        self._acks: dict[str, tuple[int, int]] = {}
        self._asked_mono: dict[tuple[str, int], float] = {}
        self._complained: set[str] = set()
        self._refills: dict[str, asyncio.Future[range]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lists = ListDelivery(edges, self._send_all)
        self.gates = Gates(tree, edges.clock, self._send)
        self.updates = Updates(edges, self._find, self._send_all, self._show)

    # -- what is known ------------------------------------------------------------------------------------------------

    def take_devices(
        self, devices: Iterable[Device], epochs: dict[str, set[int]], installed: dict[str, DoorList]
    ) -> None:
        """Doors of the site whose boards are in the ledger, with the journal epochs and the list known of each.

        A door that is known already keeps its state, unless its key is another one.
        """
        for device in devices:
            place = self._tree.by_device.get(device.device)
            known = self._doors.get(device.device)
            if place is None or (known is not None and known.guard.key == device.key):
                continue
            identity = bytes.fromhex(device.device)
            guard = UpGuard(identity, device.key, device.boot_id, device.boot_count, epochs.get(device.device, set()))
            door = Door(place, guard, device.boot_unix, device.counter_reserved)
            door.installed = installed.get(device.device)
            self._doors[device.device] = door

    def without_key(self) -> list[str]:
        """Ids of the site's doors whose boards are not in the ledger."""
        return [place.id for place in self._tree.places.values() if place.device not in self._doors]

    def views(self) -> list[DoorView]:
        return [view for place_id in self._tree.places if (view := self.view(place_id)) is not None]

    def view(self, door_id: str) -> DoorView | None:
        place = self._tree.places.get(door_id)
        if place is None:
            return None
        door = self._doors.get(place.device) or Door(place, UpGuard(b"", b"", 0, 0, set()))
        return self._view(door)

    def set_desired(self, door_list: DoorList) -> None:
        """What this door should have from now on; sent at once if the door can be reached."""
        door = self._doors.get(door_list.device)
        if door is not None:
            door.desired = door_list
            self._lists.offer(door)
            self._show(door)

    async def close(self) -> None:
        """End what is under way."""
        await self.updates.close()
        await end(self._tasks)

    # -- from the broker ----------------------------------------------------------------------------------------------

    def on_link(self, device: str, word: str, retained: bool) -> None:
        """`here` or `lost`, of which `retained` was said before we listened."""
        door = self._doors.get(device)
        if door is None or word not in ("here", "lost"):
            return
        if word == "lost" and door.link != "lost":
            _log.warning("door %s is lost", door.place.id)
            door.transfer = None
        door.link = word
        self._show(door)
        if word == "here" and retained and not door.greeted:
            door.reckon_uptime(self._edges.clock.mono(), self._edges.clock.unix())
            self._ask_report(door)

    def on_up(self, device: str, payload: bytes) -> None:
        """One frame of a door. What is not genuine, not new or not ours is refused, and said once."""
        door = self._doors.get(device)
        if door is None:
            self._complain(device, "sends frames, but is not in the ledger or not in the site file")
            return
        try:
            frame = door.guard.unseal(payload)
            former_boot = door.guard.boot_id
            door.guard.admit(frame)
        except RefusedError as error:
            if error.reason == words.REASON_OTHER_BOOT:
                self._meet(door, frame.boot_id, frame.uptime_s)
            return
        except WireError as error:
            self._complain(device, f"sends a frame that is refused ({type(error).__name__}: {error})")
            return
        self._complained.discard(device)
        if door.guard.boot_id != former_boot:
            door.forget_boot()
        came_back = not door.online
        door.heard(frame, self._edges.clock.mono(), self._edges.clock.unix())
        self._dispatch(door, frame.message)
        if came_back:
            _log.info("door %s is here", door.place.id)
        if came_back or isinstance(frame.message, (Hello, State, ListInstalled)):
            self._show(door)

    def ask_all(self) -> None:
        """Every door that can be reached, to report: the store takes data again, or the broker has us again."""
        for door in self._doors.values():
            if door.online:
                self._ask_report(door)

    def tick(self) -> None:
        """Once or twice a second: lists and firmware under way that have gone silent."""
        for door in self._doors.values():
            self._lists.tick(door)
            self.gates.tick(door)
        self.updates.tick()

    def _dispatch(self, door: Door, message: Message) -> None:
        if isinstance(message, Hello):
            try:
                journal = self._edges.ingest.hello(door.device, message)
            except StoreBusyError:
                door.greeted = False  # its next State is answered with the wish for another Hello
            else:
                self._start(self._greet(door, message, journal))
        elif isinstance(message, Event):
            epoch = message.epoch
            self._edges.ingest.event(
                door.device, message, door.boot_unix, lambda receipt: self._stored(door, epoch, receipt)
            )
        elif isinstance(message, State):
            self._mend(door, message)
        elif isinstance(message, Result):
            answer = self._answers.pop((door.device, message.command_counter), None)
            if answer is not None and not answer.done():
                answer.set_result(message.reason)
        elif isinstance(message, ListProgress):
            self._lists.progress(door, message)
        elif isinstance(message, ListInstalled):
            self._start(self._lists.installed(door, message))
        self.updates.hear(door, message)

    def _find(self, door_id: str) -> Door | None:
        place = self._tree.places.get(door_id)
        return self._doors.get(place.device) if place else None

    # -- answers ------------------------------------------------------------------------------------------------------

    async def _greet(self, door: Door, hello: Hello, journal: Awaitable[int]) -> None:
        try:
            await self._welcome(door, hello, journal)
        except Exception:
            door.greeted = False  # its next State is answered with the wish for another Hello
            raise

    async def _welcome(self, door: Door, hello: Hello, journal: Awaitable[int]) -> None:
        """Time, then an Ack of what we have, then a list if the door needs one."""
        boot_id = door.guard.boot_id
        if door.counters_left < COUNTERS_LOW:
            await self._refill(door)
        try:
            highest = await journal
        except StoreFullError:
            highest = 0  # nothing is acknowledged; the door is asked again when the disk takes data
        now = self._edges.clock.unix()
        self._send(door, Time(unix=int(now), millis=int(now % 1 * 1000)))
        if highest:
            self._send(door, Ack(epoch=hello.epoch, seq=highest))
        try:
            await self._edges.store.devices.note_hello(
                door.device, boot_id, hello.boot_count, door.boot_unix, now, door.firmware
            )
        except StoreError as error:
            _log.debug("the Hello of %s was not written down: %s", door.place.id, error)
        self._mend_mode(door)
        self.gates.greet(door)
        await self._lists.hello(door, hello.list_version, hello.list_digest)

    def _stored(self, door: Door, epoch: int, receipt: Receipt) -> None:
        if receipt.jumped:
            self._ask_report(door)
        if not receipt.highest_seq:
            return
        if door.device not in self._acks:
            asyncio.get_running_loop().call_soon(self._send_ack, door)
        self._acks[door.device] = (epoch, receipt.highest_seq)

    def _send_ack(self, door: Door) -> None:
        epoch, seq = self._acks.pop(door.device)
        self._send(door, Ack(epoch=epoch, seq=seq))

    def _mend(self, door: Door, state: State) -> None:
        """What the door reports is not what it should be: its clock, its mode; or its Hello was not taken."""
        now = self._edges.clock.unix()
        if not door.greeted:
            self._ask_report(door)
        if abs(state.clock_unix - now) > CLOCK_TOLERANCE_S:
            self._send(door, Time(unix=int(now), millis=int(now % 1 * 1000)))
        self._mend_mode(door)
        if door.counters_left < COUNTERS_LOW:
            self._start(self._refill(door))

    def _mend_mode(self, door: Door) -> None:
        """Ask once after each Hello, and each switch, for its mode: who changes it at the door is not fought over."""
        wanted = self.gates.wire_mode(door)
        if door.state is None or door.state.mode in (wanted, words.MODE_ACCESSED) or door.mode_asked:
            return
        command = Command(op=words.OP_MODE, argument=wanted, reason=words.REASON_NONE, person=0)
        door.mode_asked = self._send(door, command) > 0

    # -- commands -----------------------------------------------------------------------------------------------------

    async def open(self, door_id: str, reason: int, who: str, person: int = 0) -> CommandResult:
        """See `events.ports.Doors`."""
        if refusal := self.gates.refuses(door_id, reason):
            return CommandResult(False, refusal, 0.0)
        _log.info("open %s for %s", door_id, who)
        return await self._ask(door_id, Command(op=words.OP_OPEN, argument=0, reason=reason, person=person))

    async def vouch(self, door_id: str, reason: int, person: int, seconds: int) -> CommandResult:
        """See `events.ports.Doors`."""
        return await self._ask(door_id, Command(op=words.OP_FACTOR, argument=seconds, reason=reason, person=person))

    async def switch(self, gate_id: str, mode: GateMode) -> CommandResult:
        """See `events.ports.Doors`."""
        if not self.gates.mode(gate_id):
            return CommandResult(False, "unknown-door", 0.0)
        command, door = self.gates.switch(gate_id, mode), self._find(gate_id)
        if door is not None:
            door.mode_asked = False  # if the command is lost, its next State is answered with it
        result = await self._ask(gate_id, command)
        if door is not None:
            self._show(door)
        return result

    async def _ask(self, door_id: str, command: Command) -> CommandResult:
        place = self._tree.places.get(door_id)
        if place is None:
            return CommandResult(False, "unknown-door", 0.0)
        door = self._doors.get(place.device)
        if door is None or door.link == "lost" or not door.guard.boot_id:
            return CommandResult(False, "unreachable", 0.0)
        clock = self._edges.clock
        began = clock.mono()
        if not door.counters_left:
            await self._refill(door)
        counter = self._send(door, command, OPEN_LIFETIME_S)
        if not counter:
            return CommandResult(False, "unreachable", clock.mono() - began)
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._answers[(door.device, counter)] = answer
        try:
            async with asyncio.timeout(ANSWER_S):
                reason = await answer
        except TimeoutError:
            return CommandResult(False, "no-answer", clock.mono() - began)
        finally:
            self._answers.pop((door.device, counter), None)
        return CommandResult(reason == words.REASON_NONE, names.REASONS[reason], clock.mono() - began)

    def _ask_report(self, door: Door) -> None:
        """Ask for a Hello, at most once in a while."""
        if door.guard.boot_id and self._may_ask(door, door.guard.boot_id):
            self._start(self._report(door))

    async def _report(self, door: Door) -> None:
        if not door.counters_left:
            await self._refill(door)
        self._send(door, Command(op=words.OP_SYNC, argument=0, reason=words.REASON_NONE, person=0))

    def _meet(self, door: Door, boot_id: int, uptime_s: int) -> None:
        """A genuine frame of a boot whose Hello was missed: ask that boot for it. A replayed one leads to nothing."""
        if self._may_ask(door, boot_id):
            self._start(self._report_stranger(door, boot_id, uptime_s))

    def _may_ask(self, door: Door, boot_id: int) -> bool:
        """Each boot once in a while: a question to the boot before must not delay the one to the boot of now."""
        now = self._edges.clock.mono()
        if now - self._asked_mono.get((door.device, boot_id), -REPORT_EVERY_S) < REPORT_EVERY_S:
            return False
        self._asked_mono[door.device, boot_id] = now
        return True

    async def _report_stranger(self, door: Door, boot_id: int, uptime_s: int) -> None:
        if not door.counters_left:
            await self._refill(door)
        if door.counters_left:
            command = Command(op=words.OP_SYNC, argument=0, reason=words.REASON_NONE, person=0)
            _, payload = door.frame_to_boot(boot_id, uptime_s + int(LIFETIME_S), command)
            self._edges.send(door.device, payload)

    # -- sending ------------------------------------------------------------------------------------------------------

    async def _refill(self, door: Door) -> None:
        """New counters, once for all who wait for them."""
        refill = self._refills.get(door.device)
        if refill is None:
            refill = asyncio.ensure_future(self._reserve(door))
            self._refills[door.device] = refill
            refill.add_done_callback(lambda _: self._refills.pop(door.device))
        counters = await asyncio.shield(refill)
        if door.last_counter < counters.start:
            door.give_counters(counters)

    async def _reserve(self, door: Door) -> range:
        """On a full disk the counters are ours in memory only: a guard must still be able to open a door."""
        try:
            return await self._edges.store.devices.reserve_counters(door.device, door.last_counter, COUNTERS)
        except (StoreFullError, StoreBusyError):
            return range(door.last_counter + 1, door.last_counter + 1 + COUNTERS)

    def _send(self, door: Door, message: Message, lifetime_s: float = LIFETIME_S) -> int:
        """The frame's counter; 0 when no counter was left, which a refill under way mends."""
        if not door.counters_left:
            if door.device not in self._refills:
                self._start(self._refill(door))
            return 0
        counter, payload = door.frame_down(message, lifetime_s, self._edges.clock.mono())
        self._edges.send(door.device, payload)
        return counter

    def _send_all(self, door: Door, messages: list[Message]) -> None:
        for message in messages:
            self._send(door, message)
        if door.counters_left < COUNTERS_LOW:
            self._start(self._refill(door))

    def _show(self, door: Door) -> None:
        self._edges.live.publish("door", asdict(self._view(door)))

    def _view(self, door: Door) -> DoorView:
        return door.view(self.updates.stage(door.place.id), self.gates.mode(door.place.id))

    def _complain(self, device: str, words_: str) -> None:
        if device not in self._complained and len(self._complained) < 10_000:
            self._complained.add(device)
            _log.warning("device %s %s", device, words_)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an answer to a door failed: %s: %s", type(error).__name__, error)

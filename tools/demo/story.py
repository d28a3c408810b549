"""What happens in the demo, step by step. Each step acts, then looks from outside, and says in words what it saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

from doorwire import names
from doorwire import vocabulary as words
from doorwire.messages import Event, Hello, ListInstalled
from tools.demo import cast
from tools.demo.house import House
from tools.demo.watch import DutyRoom, NotSeen, ServerDatabase, Wire, told, until
from tools.virtual_board.wiegand import wiegand26

DOOR = "b1-u1"  # the door under the face camera
SECOND_DOOR = "b2-u1"
QUIET_S = 2.5  # long enough for every path that could still open a door: a command lives 5 s but takes < 0.2 s to come
_RELAY_S = 3.0
_PAGE_S = 5.0
_SERVER_S = 15.0
_SIGHT_S = 25.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one step saw."""

    name: str
    ok: bool
    seconds: float
    seen: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Story:
    """The main job of Menshen, told to whoever watches. Methods are the steps; `steps()` is their order."""

    def __init__(self, house: House, wire: Wire, room: DutyRoom) -> None:
        self.house, self.wire, self.room = house, wire, room
        self.server = ServerDatabase(house.server_database)

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
        """(name, step) in the order of the story."""
        return [
            ("start", self.start),
            ("known badge opens", self.known_badge),
            ("unknown badge is refused", self.unknown_badge),
            ("expired badge is refused", self.expired_badge),
            ("revoked badge is refused", self.revoked_badge),
            ("resident's face opens", self.resident_face),
            ("stranger's face does not", self.stranger_face),
            ("resident's plate raises the barrier", self.resident_plate),
            ("watchlist plate raises an alert", self.watched_plate),
            ("a push revokes a card", self.push_revokes),
            ("controller killed during swipes", self.controller_killed),
            ("broker restarted during swipes", self.broker_restarted),
            ("flash ends with hello", self.flash),
        ]

    async def play(self, name: str, step: Callable[[], Awaitable[str]]) -> Step:
        """Run one step; a step that saw something else than it should is not ok."""
        began = time.monotonic()
        try:
            seen, ok = await step(), True
        except (NotSeen, TimeoutError) as error:
            seen, ok = str(error) or "timed out", False
            await self.room.picture(f"failed-{name.replace(' ', '-')}")
        return Step(name, ok, round(time.monotonic() - began, 3), seen)

    # -- looking ---------------------------------------------------------------------------------------------------

    def device(self, door: str) -> str:
        return self.house.identities[door].device

    async def relay_rises(self, door: str, since: int, timeout_s: float = _RELAY_S) -> float:
        """Seconds until the relay of `door` rises after its edge number `since`."""
        board = self.house.boards[door]
        return await until(
            f"relay of {door} rising",
            lambda: any(edge.pin == "relay" and edge.level for edge in board.edges[since:]),
            timeout_s,
        )

    async def relay_stays(self, door: str, since: int, quiet_s: float = QUIET_S) -> None:
        """`quiet_s` pass and the relay of `door` has not moved since its edge number `since`."""
        await asyncio.sleep(quiet_s)
        if any(edge.pin == "relay" and edge.level for edge in self.house.boards[door].edges[since:]):
            raise NotSeen(f"the relay of {door} rose, and must not")

    def edges(self, door: str) -> int:
        return len(self.house.boards[door].edges)

    async def event_of(self, door: str, after: int, kind: int, timeout_s: float = _PAGE_S) -> Event:
        """The first event of `kind` that the door sent after its first `after` events."""
        found: list[Event] = []

        def came() -> bool:
            found[:] = [event for event in self.wire.events(self.device(door))[after:] if event.kind == kind]
            return bool(found)

        await until(f"event {names.EVENTS[kind]} of {door} on the broker", came, timeout_s)
        return found[0]

    async def on_page(self, selector: str, what: str, timeout_s: float = _PAGE_S) -> float:
        """Seconds until an element that matches shows on the page, which is not reloaded."""
        began = time.monotonic()
        try:
            await self.room.page.wait_for_selector(selector, timeout=timeout_s * 1000)
        except Exception as error:  # playwright raises its own TimeoutError
            raise NotSeen(f"{what} on the page: not within {timeout_s:g} s") from error
        return time.monotonic() - began

    async def event_on_page(self, door: str, event: Event) -> float:
        key = f"{self.device(door)}-{event.epoch}-{event.seq}"
        return await self.on_page(f"[data-event='{key}']", f"{told(event)} of {door}")

    async def at_server(self, door: str, event: Event) -> float:
        wanted = (event.epoch, event.seq)
        return await until(
            f"event {event.seq} of {door} in the server's database",
            lambda: self.server.events(self.device(door)).count(wanted) == 1,
            _SERVER_S,
        )

    # -- the steps -------------------------------------------------------------------------------------------------

    async def start(self) -> str:
        """Every board says hello on the broker, gets its list, and shows as online on the page."""
        for door in self.house.boards:
            device = self.device(door)
            await until(f"hello of {door}", lambda d=device: self.wire.says(d, Hello), 20)  # type: ignore[misc]
            await until(f"list in {door}", lambda d=device: self.wire.says(d, ListInstalled), 20)  # type: ignore[misc]
            await self.on_page(f"[data-door='{door}'][data-online='true']", f"{door} online", 20)
        return f"{len(self.house.boards)} boards said hello, hold their list and are online on the page"

    async def swipe(self, door: str, card: cast.Card) -> None:
        await self.house.boards[door].swipe(wiegand26(card.facility, card.number))

    async def known_badge(self) -> str:
        """Reader → relay, then broker, page and server's database."""
        edge, before = self.edges(DOOR), len(self.wire.events(self.device(DOOR)))
        await self.swipe(DOOR, cast.RESIDENT_CARD)
        relay_s = await self.relay_rises(DOOR, edge)
        event = await self.event_of(DOOR, before, words.EVENT_GRANTED)
        page_s = await self.event_on_page(DOOR, event)
        await self.at_server(DOOR, event)
        return f"relay rose within {relay_s:.2f} s, {told(event)} on the page {page_s:.2f} s later, at the server once"

    async def refused(self, card: cast.Card, reason: int) -> str:
        edge, before = self.edges(DOOR), len(self.wire.events(self.device(DOOR)))
        await self.swipe(DOOR, card)
        event = await self.event_of(DOOR, before, words.EVENT_DENIED)
        if event.reason != reason:
            raise NotSeen(f"reason {names.REASONS[reason]}: the door said {names.REASONS[event.reason]}")
        await self.event_on_page(DOOR, event)
        await self.relay_stays(DOOR, edge)
        return f"relay did not move; {told(event)} on the broker and on the page"

    async def unknown_badge(self) -> str:
        """Nobody's card."""
        return await self.refused(cast.UNKNOWN_CARD, words.REASON_UNKNOWN_CREDENTIAL)

    async def expired_badge(self) -> str:
        """A card whose window has passed."""
        return await self.refused(cast.EXPIRED_CARD, words.REASON_EXPIRED)

    async def revoked_badge(self) -> str:
        """A card in the deny set."""
        return await self.refused(cast.REVOKED_CARD, words.REASON_REVOKED)

    async def resident_face(self) -> str:
        """Camera → RTSP → face → sealed command → relay."""
        edge, before = self.edges(DOOR), len(self.wire.events(self.device(DOOR)))
        self.house.show_resident()
        try:
            relay_s = await self.relay_rises(DOOR, edge, _SIGHT_S)
            event = await self.event_of(DOOR, before, words.EVENT_COMMAND_DONE)
        finally:
            self.house.clear_scenes()
        if (event.reason, event.person) != (words.REASON_FACE, cast.RESIDENT):
            raise NotSeen(f"a command for the resident's face: got {told(event)} for person {event.person}")
        await self.event_on_page(DOOR, event)
        return f"relay rose {relay_s:.2f} s after the face came into view; {told(event)} for the enrolled person"

    async def stranger_face(self) -> str:
        """The stranger must have been seen and judged, and still nothing opens."""
        await self.nothing_in_view()
        edge = self.edges(DOOR)
        judged = await self.room.page.locator("[data-capture-kind='stranger']").count()
        self.house.show_stranger()
        try:
            await self.on_page(
                f":nth-match([data-capture-kind='stranger'], {judged + 1})", "the stranger's capture", _SIGHT_S
            )
            await self.relay_stays(DOOR, edge)
        finally:
            self.house.clear_scenes()
        return "the stranger was captured and judged unknown on the page; the relay did not move"

    async def nothing_in_view(self) -> None:
        """Empty scenes until the tracks before are over."""
        self.house.clear_scenes()
        await asyncio.sleep(4)

    async def resident_plate(self) -> str:
        """Camera → plate → vehicle list → sealed command → barrier."""
        edge, before = self.edges(cast.GATE), len(self.wire.events(self.device(cast.GATE)))
        self.house.show_car(cast.RESIDENT_PLATE)
        try:
            relay_s = await self.relay_rises(cast.GATE, edge, _SIGHT_S)
            event = await self.event_of(cast.GATE, before, words.EVENT_COMMAND_DONE)
        finally:
            self.house.clear_scenes()
        if event.reason != words.REASON_PLATE:
            raise NotSeen(f"a command for the plate: got {told(event)}")
        return f"barrier relay rose {relay_s:.2f} s after the car came into view; {told(event)}"

    async def watched_plate(self) -> str:
        """An alert with its picture on the page; the barrier stays down."""
        await self.nothing_in_view()
        edge = self.edges(cast.GATE)
        self.house.show_car(cast.WATCHED_PLATE)
        try:
            alert = f"[data-alert-kind='watchlist']:has-text('{cast.WATCHED_PLATE}')"
            page_s = await self.on_page(alert, "the watchlist alert", _SIGHT_S)
            picture = self.room.page.locator(f"{alert} img").first
            width = await picture.evaluate("image => image.decode().then(() => image.naturalWidth)")
            await self.relay_stays(cast.GATE, edge)
        finally:
            self.house.clear_scenes()
        if not width:
            raise NotSeen("the alert's picture: the page shows none")
        return f"alert on the page {page_s:.2f} s after the car came into view, picture {width} px wide; barrier down"

    async def push_revokes(self) -> str:
        """Server → signed version → controller → every door; then the card is shown."""
        door, before = SECOND_DOOR, len(self.wire.events(self.device(SECOND_DOOR)))
        edge = self.edges(door)
        await self.swipe(door, cast.NEIGHBOUR_CARD)
        await self.relay_rises(door, edge)
        versions = {name: self.list_version(name) for name in self.house.boards if name != cast.GATE}
        began = time.monotonic()
        await self.house.revoke(cast.NEIGHBOUR, cast.NEIGHBOUR_CARD)
        for name, version in versions.items():
            await until(f"new list in {name}", lambda n=name, v=version: self.list_version(n) > v, 15)  # type: ignore[misc]
        pushed_s = time.monotonic() - began
        await asyncio.sleep(0.2)
        await until("relay back", lambda: not self.house.boards[door].level("relay"), 10)
        edge = self.edges(door)
        await self.swipe(door, cast.NEIGHBOUR_CARD)
        event = await self.event_of(door, before, words.EVENT_DENIED)
        await self.relay_stays(door, edge)
        if event.reason != words.REASON_REVOKED:
            raise NotSeen(f"reason revoked: the door said {told(event)}")
        return f"opened before; {len(versions)} doors hold the new list after {pushed_s:.2f} s; then {told(event)}"

    def list_version(self, door: str) -> int:
        installed = [
            heard.message.version
            for heard in self.wire.heard
            if heard.device == self.device(door) and isinstance(heard.message, ListInstalled)
        ]
        return max(installed, default=0)

    async def controller_killed(self) -> str:
        """kill -9 in the middle of swipes: doors go on; afterwards every event is stored exactly once."""
        return await self.outage(self.house.kill_controller, self.house.start_controller)

    async def broker_restarted(self) -> str:
        """The broker dies and returns: likewise."""
        return await self.outage(self.house.broker.kill, self.house.broker.start)

    async def outage(
        self, take_down: Callable[[], Awaitable[object]], bring_back: Callable[[], Awaitable[object]]
    ) -> str:
        doors = [DOOR, SECOND_DOOR]
        grants = {door: self.grants(door) for door in doors}
        swipes = 8
        for number in range(swipes):
            if number == 3:
                await take_down()
            for door in doors:
                await self.open_and_close(door)
        await bring_back()
        for door in doors:
            await until(
                f"every grant of {door} on the broker",
                lambda d=door: self.grants(d) == grants[d] + swipes,  # type: ignore[misc]
                30,
            )
            await self.stored_once(door)
        return f"{swipes} of {swipes} swipes opened at each of {len(doors)} doors; after the return every event once"

    def grants(self, door: str) -> int:
        return sum(event.kind == words.EVENT_GRANTED for event in self.wire.events(self.device(door)))

    async def open_and_close(self, door: str) -> None:
        """A resident badges and the relay rises; wait until it falls, so that each swipe has its own edge."""
        edge = self.edges(door)
        await self.swipe(door, cast.RESIDENT_CARD)
        await self.relay_rises(door, edge)
        await until(f"relay of {door} back", lambda: not self.house.boards[door].level("relay"), 10)

    async def stored_once(self, door: str) -> None:
        """Store and server have each (epoch, seq) that was heard from the door, once, and no other."""
        device = self.device(door)
        heard = sorted({(event.epoch, event.seq) for event in self.wire.events(device)})
        await until(
            f"every event of {door} once at the server and in the store",
            lambda: self.server.events(device) == heard == self.house.stored_events(device),
            _SERVER_S,
        )

    async def flash(self) -> str:
        """A virgin board on a serial port: flash, hello on the console, hello on the broker, on the page."""
        report = await self.house.flash_new_board()
        self.wire.know(self.house.keys())
        if not report.ok:
            raise NotSeen(f"the board's self-test: {report.self_test}")
        await until("its hello on the broker", lambda: self.wire.says(report.device, Hello), 20)
        return (
            f"{report.files_written} files, {report.bytes_written} bytes in {report.seconds:.1f} s over raw REPL; "
            f"hello of {report.firmware} on its console and on the broker"
        )

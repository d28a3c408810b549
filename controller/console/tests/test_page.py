"""The page in a real Chromium, on the real API and store: what a guard sees and does."""

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
from playwright.async_api import FilePayload, Page, async_playwright, expect

from controller.api.tests.duty_room import GUARD, HOSTILE, PASSWORD, RESIDENT, DutyRoom, play
from controller.conftest import DEVICES
from controller.events.captures import Capture, SeenVehicle
from controller.events.ports import Firmware
from controller.flow.hours import Counts, Kind, Tally
from doorwire import vocabulary as words
from models.picture_file import inspect
from tools.setup.places import home
from tools.setup.system import chromium

Scene = Callable[[DutyRoom, Page], Awaitable[None]]


def jpeg(width: int = 64) -> bytes:
    return cv2.imencode(".jpg", np.full((48, width, 3), 90, np.uint8))[1].tobytes()


@contextlib.asynccontextmanager
async def browser_page(url: str, folder: Path) -> AsyncIterator[Page]:
    command = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=command.argv[0], args=list(command.argv[1:]), env=dict(command.env)
        )
        context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
        page = await context.new_page()
        page.set_default_timeout(20_000)
        thrown: list[str] = []
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.on("console", lambda said: thrown.append(said.text) if "Content Security" in said.text else None)
        await page.goto(url)
        yield page
        await browser.close()
        assert thrown == []


def watch(folder: Path, scene: Scene, log_in: bool = True, extra_toml: str = "") -> None:
    async def with_page(room: DutyRoom) -> None:
        await room.greet()
        async with room.served() as url, browser_page(url, folder) as page:
            if log_in:
                await sign_in(page)
                await expect(page.locator("body[data-connection=live]")).to_be_attached()
                await expect(page.locator("[data-door='b1-u1']")).to_be_visible()
            await scene(room, page)

    play(folder, with_page, 120, extra_toml)


async def sign_in(page: Page, password: str = PASSWORD) -> None:
    await page.fill("input[name=username]", GUARD)
    await page.fill("input[name=password]", password)
    await page.click("button[type=submit]")


async def not_reloaded(page: Page) -> None:
    assert await page.evaluate("window.since") == "before"


def test_a_live_event_appears_without_reload_and_a_hostile_name_stays_text(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.evaluate("window.since = 'before'")
        key = await room.happen()
        row = page.locator(f"[data-event='{key}']")
        await expect(row).to_contain_text("刷卡 通过")
        await expect(row).to_contain_text(HOSTILE)
        await expect(page.locator("[data-door='b1-u1'] .last")).to_contain_text("刷卡 通过")
        refused = await room.happen("north", words.EVENT_DENIED, words.REASON_REVOKED)
        await expect(page.locator(f"[data-event='{refused}'].bad")).to_contain_text("已注销")
        await expect(page.locator("#events li")).to_have_count(2)
        assert await page.evaluate("window.hacked") is None
        assert await page.locator("#events img, #events script").count() == 0
        await not_reloaded(page)

    watch(tmp_path, scene)


def test_doors_show_their_state_and_change_by_themselves(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        tile = page.locator("[data-door='b1-u1'][data-online='true']")
        await expect(tile).to_contain_text("关着 · 已上锁")
        await expect(page.locator("#online-count")).to_have_text("3/3")
        room.middle.doors.on_link(DEVICES["b1-u1"], "lost", retained=False)
        await expect(page.locator("[data-door='b1-u1'][data-online='false']")).to_contain_text("失联")
        await expect(page.locator("#online-count")).to_have_text("2/3")

    watch(tmp_path, scene)


def test_a_wrong_password_is_said_and_a_right_one_opens(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await sign_in(page, "wrong password")
        await expect(page.locator("#login-error")).to_have_text("用户名或密码不对。")
        assert await page.locator("[data-door]").count() == 0
        await sign_in(page)
        await expect(page.locator("[data-door]")).to_have_count(3)
        await page.click("#logout")
        await expect(page.locator("input[name=password]")).to_be_visible()
        assert await page.locator("[data-door], [data-event]").count() == 0

    watch(tmp_path, scene, log_in=False)


def test_the_language_switches_in_place_and_is_remembered(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        key = await room.happen()
        await expect(page.locator(f"[data-event='{key}']")).to_contain_text("通过")
        await page.click("nav [data-action=language]")
        await expect(page.locator(f"[data-event='{key}']")).to_contain_text("Card granted")
        room_text = await page.locator("#room").inner_text()
        ours = room_text.replace(HOSTILE, "").replace("一单元门", "").replace("二单元门", "").replace("北门车道", "")
        ours = ours.replace("北门", "").replace("单元门口", "").replace("中文", "")
        assert not re.search(r"[\u4e00-\u9fff]", ours), ours
        await page.reload()
        await expect(page.locator("#doors-title")).to_contain_text("Doors")
        await expect(page.locator("html")).to_have_attribute("lang", "en")

    watch(tmp_path, scene)


def test_duress_stands_above_all_with_who_and_where(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await room.happen("b1-u1", words.EVENT_DURESS, words.REASON_DURESS)
        await room.happen("b1-u2", words.EVENT_READER_LOST, words.REASON_TIMEOUT)
        await room.happen("north", words.EVENT_UPDATE_UNDONE, words.REASON_BAD_BOOTS)
        await expect(page.locator("#alerts > article")).to_have_count(3)
        first = page.locator("#alerts > article").first
        await expect(first).to_have_attribute("data-alert-kind", "Duress")
        for text in ("胁迫报警", "紧急", HOSTILE, "一单元门", "不要靠近"):
            await expect(first).to_contain_text(text)
        await expect(page.locator("[data-alert-kind='reader-lost']")).to_contain_text("刷卡无效")
        await expect(page.locator("[data-alert-kind='update-undone']")).to_contain_text("bad-boots")
        assert await page.evaluate("window.hacked") is None

    watch(tmp_path, scene)


def test_a_tile_tells_how_far_its_firmware_is(tmp_path: Path) -> None:
    body = bytes(20_000) + bytes(4)
    firmware = Firmware.from_image("9.0.0", body + hashlib.sha256(body).digest())

    async def scene(room: DutyRoom, page: Page) -> None:
        tile = page.locator("[data-door='b1-u1']")
        room.services.updates.start(firmware, ["b1-u1", "b1-u2"], "admin")
        await room.until(lambda: room.doors["b1-u1"].image != b"")
        room.middle.doors.tick()
        await expect(tile).to_contain_text("固件：重启中")
        await expect(page.locator("[data-door='b1-u2']")).to_contain_text("名单 1")
        room.undo_firmware("b1-u1", words.REASON_SELF_TEST)
        await room.until(lambda: not room.doors["b1-u1"].journal)
        room.middle.doors.tick()
        await expect(tile.locator("[data-update='undone']")).to_have_text("固件：已退回")
        await expect(tile).to_have_attribute("title", re.compile("simulated"))

    watch(tmp_path, scene)


def test_an_alert_comes_with_its_picture_and_is_confirmed(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        picture = ("cars", jpeg(80))
        await room.middle.alarm.raise_alert("watchlist", "sure", "watchlist:1", "north", HOSTILE, picture)
        alert = page.locator("[data-alert-kind='watchlist']:has-text('京B67893')")
        await expect(alert).to_contain_text("北门")
        assert await alert.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 80
        await expect(page.locator("#open-count")).to_have_text("1")
        await expect(page).to_have_title(re.compile(r"^\(1\) "))
        await alert.locator("[data-judge=confirmed]").click()
        await expect(page.locator("[data-alert-kind='watchlist'][data-outcome='confirmed']")).to_contain_text(GUARD)
        await expect(page.locator("#open-count")).to_have_text("0")
        assert (await room.services.store.alerts.latest(1))[0].confirmed_by == GUARD
        assert await page.evaluate("window.hacked") is None

    watch(tmp_path, scene)


def test_a_guard_switches_a_gate_with_a_reason(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.click("[data-open='north']")
        await page.click("dialog [data-gate-mode='auto']")
        await expect(page.locator("dialog")).to_contain_text("失联时保持落下")
        await page.click("dialog [data-mode='down']")  # no reason, nothing happens
        assert room.middle.doors.gates.mode("north") == "auto"
        await page.fill("dialog input[name=why]", HOSTILE)
        await page.click("dialog [data-mode='manual']")
        await expect(page.locator(".toast.good")).to_contain_text("已切换为“人工”")
        await expect(page.locator("[data-door='north'] .state em")).to_have_text("人工")
        refused = await room.middle.doors.open("north", words.REASON_PLATE, "plate")
        assert refused.reason == "manual" and room.doors["north"].opened == []
        rows = await room.services.store.alerts.audited(2)
        assert (rows[1].who, rows[1].action, rows[1].detail) == (GUARD, "gate-manual", HOSTILE)
        assert await page.evaluate("window.hacked") is None

    watch(tmp_path, scene)


def test_a_guard_opens_a_door_with_a_reason(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.click("[data-open='b1-u1']")
        await page.fill("dialog input[name=other]", HOSTILE)
        await page.click("dialog button.primary")
        await expect(page.locator(".toast.good")).to_contain_text("门已打开")
        assert room.doors["b1-u1"].opened == [words.REASON_GUARD]
        rows = await room.services.store.alerts.audited(2)
        assert rows[1].detail == HOSTILE and rows[1].who == GUARD
        assert await page.evaluate("window.hacked") is None

    watch(tmp_path, scene)


def test_captures_and_cameras_show_pictures_only_while_they_are_true(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        room.vision.frames = {"face-1": jpeg(70), "cars": jpeg(71)}
        seen = page.locator("[data-camera='face-1'] img")
        await expect(seen).to_be_visible()
        await expect(page.locator("[data-camera='cars'] .picture")).to_contain_text("无画面")
        capture = Capture("c0ffee", "face-1", "resident", room.clock.unix(), "opened", RESIDENT, None)
        room.captures.add(capture, jpeg(72))
        card = page.locator("[data-capture-kind='resident']")
        await expect(card).to_contain_text(HOSTILE)
        assert await card.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 72
        await card.locator(".not-me").click()  # nobody is enrolled here: written down all the same
        await expect(card.locator("[role=status]")).to_contain_text("今后从严")
        assert [row.action for row in await room.services.store.alerts.audited(1)] == ["not-this-person"]
        looks = SeenVehicle("blue", "blue", "white", 0.93, "small", "in", {"body_colour": "red"})
        car = Capture("c0ffee2", "cars", "plate", room.clock.unix(), "opened", None, "皖A12345", vehicle=looks)
        room.captures.add(car, None)
        card = page.locator("[data-capture-kind='plate']")
        await expect(card).to_contain_text("白色 93% · 蓝牌 · 小型车 · 驶近")
        await expect(card.locator("[data-differs='body_colour']")).to_have_text("登记为红色，请核对")
        room.vision.up["face-1"] = False
        for view in room.vision.views():
            room.middle.live.publish("camera", asdict(view))
        await expect(page.locator("[data-camera='face-1'] .picture")).to_contain_text("无画面")

    watch(tmp_path, scene)


def test_a_lost_connection_is_said_at_once_and_mended_by_itself(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.evaluate("window.since = 'before'")
        room.vision.frames = {"face-1": jpeg()}
        await expect(page.locator("[data-camera='face-1'] img")).to_be_visible()
        await page.context.set_offline(True)
        await room.desk.feed.close()  # the controller goes away
        await expect(page.locator("body[data-connection=lost]")).to_be_attached()
        await expect(page.locator("#stale")).to_contain_text("不是现在的")
        await expect(page.locator("[data-camera] img")).to_have_count(0)
        room.desk.feed = type(room.desk.feed)(room.middle.live, room.desk.names.named)  # and returns
        await page.context.set_offline(False)
        await expect(page.locator("body[data-connection=live]")).to_be_attached()
        await expect(page.locator("#stale")).to_be_hidden()
        key = await room.happen()
        await expect(page.locator(f"[data-event='{key}']")).to_be_visible()
        await not_reloaded(page)

    watch(tmp_path, scene)


def test_a_resident_is_enrolled_after_the_text_was_accepted(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.click("[data-action=enrol]")
        await page.fill("dialog input[name=search]", "住户")
        await page.click(f"dialog [data-person='{RESIDENT}']")
        await expect(page.locator(".consent")).to_contain_text("不录入，您的门卡和密码照常使用")
        await expect(page.locator("dialog button.primary")).to_be_disabled()
        await page.check("dialog input[name=accepted]")
        await page.fill("dialog input[name=guardian]", "监护人甲")
        await page.screenshot(path=home() / "pictures" / "enrol.png")
        file: FilePayload = {"name": "face.jpg", "mimeType": "image/jpeg", "buffer": jpeg(2000)}
        room.vision.refuse = "no face found: look at the camera, with light from the front"
        await page.set_input_files("dialog input[name=picture]", file)
        await expect(page.locator(".said.bad")).to_contain_text("没有找到人脸：请看摄像机")
        room.vision.refuse = ""
        await page.set_input_files("dialog input[name=picture]", file)
        await expect(page.locator(".said.good")).to_contain_text("共 1 个模板")
        sent = room.vision.asked[0][0]
        assert sent is not None and inspect(sent).width_px == 1600
        assert (await room.services.store.templates.held(RESIDENT))["consents"][0]["guardian"] == "监护人甲"
        assert await page.evaluate("window.hacked") is None

    watch(tmp_path, scene)


def test_it_fits_a_guard_room_screen_a_laptop_and_a_phone(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await room.happen()
        await room.middle.alarm.raise_alert("watchlist", "sure", "watchlist:1", "north", "demo", ("cars", jpeg(320)))
        await expect(page.locator("[data-alert-kind] img")).to_be_visible()
        pictures = home() / "pictures"
        pictures.mkdir(parents=True, exist_ok=True)
        for name, width, height in (("1920", 1920, 1080), ("1280", 1280, 800), ("phone", 390, 844)):
            await page.set_viewport_size({"width": width, "height": height})
            for language in ("zh", "en"):
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, f"{name} {language}: {wide} px wide"
                await page.screenshot(path=pictures / f"page-{name}-{language}.png")
                await page.click("nav [data-action=language]")

    watch(tmp_path, scene)


def test_two_pages_hear_the_same(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        other = await page.context.new_page()
        await other.goto(page.url)
        await expect(other.locator("body[data-connection=live]")).to_be_attached()
        await expect(other.locator("[data-door]")).to_have_count(3)
        key = await room.happen()
        rows = [one.locator(f"[data-event='{key}']") for one in (page, other)]
        await asyncio.gather(*[expect(row).to_be_visible() for row in rows])

    watch(tmp_path, scene)


async def fill_with_traffic(room: DutyRoom) -> None:
    """Today and the same weekday before."""
    counts: Counts = {}
    for days in (0, 7):
        for hour in range(24 if days else 10):
            at = room.flow.today() - days * 86_400 + hour * 3600
            busy = 4 + 20 * (hour in (7, 8, 17, 18)) + hour % 5 + days
            counts[Kind(at, "cars", "vehicle", "blue", "in", 0)] = Tally(busy, 3.0 * busy)
            counts[Kind(at, "cars", "vehicle", "green_small", "out", 0)] = Tally(busy // 2 + 1, 2.0 * busy)
            counts[Kind(at, "face-1", "person", "", "in", 1)] = Tally(hour + 1, 1.0)
    await room.middle.store.passages.add(counts, 12, {room.flow.today(): 41})


def test_traffic_by_the_hour_beside_a_week_before_and_vehicles_inside(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await fill_with_traffic(room)
        await page.click("[data-action=flow]")
        await expect(page.locator("[data-figure=in] b")).to_have_text("100")
        await expect(page.locator("[data-figure=distinct] b")).to_have_text("41")
        await expect(page.locator("[data-hour='7'] rect.in")).to_have_count(1)
        await expect(page.locator("[data-hour='20'] line.before")).to_have_count(2)
        await expect(page.locator(".flow table")).to_contain_text("新能源小型")
        if pictures := os.environ.get("MENSHEN_PICTURES"):
            await page.screenshot(path=f"{pictures}/flow.png")
        await page.fill("input[name=inside]", "30")
        await page.click(".flow form button")
        await expect(page.locator("[data-figure=inside] b")).to_have_text("30")
        assert (await room.middle.store.passages.inside()).vehicles == 30
        await page.click("[data-flow=earlier]")
        await expect(page.locator("[data-figure=in] b")).to_have_text("0")
        await page.click("[data-flow=later]")
        await page.select_option("select[name=what]", "person")
        await expect(page.locator("[data-figure=in] b")).to_have_text("55")
        async with page.expect_download() as saved:
            await page.click(".flow .download")
        table = (await asyncio.to_thread((await (await saved.value).path()).read_bytes)).decode("utf-8-sig")
        assert table.splitlines()[0] == "hour,camera,what,type,direction,lane,count,mean_seconds" and "face-1" in table
        await page.set_viewport_size({"width": 390, "height": 844})
        box = await page.locator("dialog .card").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
        assert await page.evaluate("document.querySelector('dialog').scrollWidth <= innerWidth")
        if pictures:
            await page.screenshot(path=f"{pictures}/flow-phone.png")

    watch(tmp_path, scene)

"""The screen beside a camera, and the kept captures, in a real Chromium."""

from pathlib import Path

from playwright.async_api import Page, expect

from controller.api.tests.duty_room import DutyRoom
from controller.api.tests.test_kept import STATEMENT
from controller.console.tests.test_page import jpeg, watch
from controller.events.captures import Capture
from controller.vision.sighting import Ask


def test_the_screen_beside_a_camera_shows_what_to_do_in_both_languages(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        await page.goto(f"{page.url.split('/prompt')[0].rstrip('/')}/prompt/face-1")
        words = page.locator("main p")
        await expect(words).to_contain_text("请看镜头")
        for what, chinese, english in (
            ("left", "向左转头", "left"),
            ("nod", "点点头", "Nod"),
            ("up", "抬头", "Head up"),
        ):
            room.prompts.ask(Ask("face-1", what))
            await expect(words).to_contain_text(chinese)
            await expect(words).to_contain_text(english)
            await expect(page.locator("svg.arrow").first).to_be_visible()
        room.prompts.answer("face-1", True)
        await expect(words).to_contain_text("请进")
        await expect(page.locator("svg.tick")).to_be_visible()
        room.prompts.answer("face-1", False)
        await expect(words).to_contain_text("请刷卡")
        room.clock.now_s += 60
        await expect(words).to_contain_text("请看镜头")
        await expect(page.locator("svg.arrow").first).to_be_hidden()
        room.prompts.close()  # the controller is gone: cards and PINs work as ever
        await expect(words).to_contain_text("请刷卡")

    watch(tmp_path, scene, log_in=False)


def test_kept_captures_are_shown_with_their_statement_and_end_date(tmp_path: Path) -> None:
    async def scene(room: DutyRoom, page: Page) -> None:
        room.captures.add(Capture("aa", "face-1", "stranger", room.clock.unix(), "stranger", None, None), jpeg())
        await room.keeper.idle()
        await page.click("[data-action=kept]")
        await expect(page.locator("#dialog .consent")).to_have_text("查找尾随进入的人")
        await expect(page.locator("#dialog")).to_contain_text("保留 7 天")
        row = page.locator("[data-kept=aa]")
        await expect(row).to_contain_text("保留到")
        assert await row.locator("img").count() == 0  # not before somebody asks for it
        await row.locator("button").click()
        await expect(row.locator("img")).to_be_visible()
        await row.locator("img").evaluate("(picture) => picture.decode()")
        assert (await room.services.store.alerts.audited(1))[0].action == "look-at-capture"

    watch(tmp_path, scene, extra_toml=f"{STATEMENT}strangers = true\n")

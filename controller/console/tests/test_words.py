"""Every word in both languages, and a word for everything that the page can be told."""

import json
import re
from pathlib import Path

from controller.bus.upload import FAILED, UNDER_WAY, Stage
from controller.console.page import WORDS, shell
from controller.events.ingest import ALARMING
from controller.events.ports import GateMode
from controller.events.prompts import CARD, OPEN
from controller.watchlist.level import Level
from doorwire import names
from models.face_liveness import Move
from models.plates.grammar import kinds
from models.vehicle import CLASSES, COLOURS

CONSOLE = Path(__file__).parents[1]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
MAY_BE_EMPTY = {"credential.none", "reason.none"}
OTHER_REASONS = ("unknown-door", "unreachable", "no-answer", "manual")
ALERTS = (
    "care",
    "watchlist",
    "gap",
    "list-refused",
    "list-stale",
    "disk",
    "not-live",
    *(names.EVENTS[kind] for kind in ALARMING),
)
OUTCOMES = (
    "opened",
    "known",
    "stranger",
    "watchlist",
    "unsure",
    "stale",
    "manual",
    "no-barrier",
    "not-live",
    "locked-out",
    "not-alone",
    "card-wanted",
)


def test_both_languages_are_complete() -> None:
    for key, word in WORDS.items():
        assert set(word) == {"zh", "en"}, key
        if key not in MAY_BE_EMPTY:
            assert word["zh"].strip() and word["en"].strip(), key
        assert set(re.findall(r"\{\w+\}", word["zh"])) == set(re.findall(r"\{\w+\}", word["en"])), key
        if key != "language.other":
            assert not CHINESE.search(word["en"]), key
            assert CHINESE.search(word["zh"]) or not word["zh"], key


def test_everything_on_the_wire_has_a_word() -> None:
    wanted = {
        *(f"physical.{name}" for name in names.DOORS.values()),
        *(f"lock.{name}" for name in names.LOCKS.values()),
        *(f"mode.{name}" for name in names.MODES.values()),
        *(f"alarm.{name}" for name in names.ALARMS.values()),
        *(f"event.{name}" for name in names.EVENTS.values()),
        *(f"credential.{name}" for name in names.CREDENTIALS.values()),
        *(f"reason.{name}" for name in (*names.REASONS.values(), *OTHER_REASONS)),
        *(f"{what}.{kind}" for kind in ALERTS for what in ("alert", "advice")),
        *(f"update.{stage}" for stage in (FAILED | UNDER_WAY) - {Stage.WAITING}),
        *(f"level.{level}" for level in ("urgent", *Level) if level != Level.NONE),
        *(f"outcome.{outcome}" for outcome in OUTCOMES),
        *(f"prompt.{what}" for what in ("look", *Move, "turn", "nod", OPEN, CARD)),
        *(f"capture.{kind}" for kind in ("resident", "stranger", "plate")),
        *(f"body.{colour}" for colour in COLOURS),
        *(f"class.{name}" for name in CLASSES),
        *(f"plate_type.{kind.plate_type}" for kind in kinds()),
        *(f"gate.{mode}{note}" for mode in GateMode for note in ("", ".note")),
        *(f"direction.{direction}" for direction in ("in", "out")),
        *(f"task.{task}" for task in ("face", "plate", "people", "flow")),
        *(f"part.{part}" for part in ("broker", "server", "vision", "disk", "ledger", "list-age")),
    }
    assert wanted - set(WORDS) == set()


def test_every_error_of_the_api_has_a_word() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (CONSOLE.parent / "api").glob("*.py")]
    codes = {code for text in sources for code in re.findall(r'(?:ApiError|_answer)\(\s*\w+, "([a-z-]+)"', text)}
    assert len(codes) > 10
    assert {f"error.{code}" for code in codes} - set(WORDS) == set()


def test_every_word_the_page_asks_for_is_there() -> None:
    files = [*(CONSOLE / "static").glob("*.js"), CONSOLE / "shell.html"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    asked = set(re.findall(r'\bt\("([\w.-]+)"', text)) | set(re.findall(r'data-word="([\w.]+)"', text))
    asked |= {found for pair in re.findall(r'\? "(\w+\.\w+)" : "(\w+\.\w+)"', text) for found in pair}
    assert len(asked) > 60
    assert asked - set(WORDS) == set()


def test_the_page_never_writes_markup_from_values() -> None:
    for path in (CONSOLE / "static").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            path
        )


def test_the_shell_escapes_the_site_name_and_has_no_inline_script() -> None:
    for language in ("zh", "en"):
        page = shell(language, 'A <b onclick="x">')
        assert "<b onclick" not in page and "A &lt;b onclick=&quot;x&quot;&gt;" in page
        assert "{{" not in page and not re.search(
            r"<script(?![^>]*src=)|\son\w+=|style=", page.replace("onclick=&quot;", "")
        )
    assert WORDS["login.title"]["en"] in shell("en", "A") and 'lang="zh-CN"' in shell("zh", "A")


def test_words_are_one_line_each() -> None:
    text = (CONSOLE / "static" / "words.json").read_text(encoding="utf-8")
    lines = [f"  {json.dumps(key)}: {json.dumps(word, ensure_ascii=False)}" for key, word in WORDS.items()]
    assert text == "{\n" + ",\n".join(lines) + "\n}\n"

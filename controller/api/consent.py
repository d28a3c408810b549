"""The consent text in force. Any change of its words needs a new version: consents are stored by version."""

import json
from functools import cache
from pathlib import Path

from controller.api.views import ConsentView
from controller.events.keeper import statement_digest
from controller.settings import CapturesSettings

CONSENT = ConsentView(**json.loads((Path(__file__).parent / "consent.json").read_text(encoding="utf-8")))
_KEPT = {
    "zh": "除此之外：您经过以下摄像头时的面部照片会被保留：{cameras}。用途：{purpose}。照片加密保存在控制器里，"
    "{days} 天后自动销毁；您撤回同意时当场销毁。",
    "en": "Besides this: pictures of your face are kept when you pass these cameras: {cameras}. Why: {purpose}. They "
    "are kept encrypted on the controller and destroyed after {days} days, or at once when you withdraw your consent.",
}


@cache
def consent_text(captures: CapturesSettings | None) -> ConsentView:
    """The text for a site with this statement on captures: what is kept is said, and the version is another one."""
    if captures is None:
        return CONSENT
    cameras = ", ".join(captures.cameras)
    purposes = captures.purpose.model_dump()
    text = {language: list(paragraphs) for language, paragraphs in CONSENT.text.items()}
    for language, words in _KEPT.items():
        told = words.format(cameras=cameras, purpose=purposes[language], days=captures.retention_days)
        text[language].append(told)
    return ConsentView(version=f"{CONSENT.version}+{statement_digest(captures)}", text=text)

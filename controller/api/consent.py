"""The consent text in force. Any change of its words needs a new version: consents are stored by version."""

import json
from pathlib import Path

from controller.api.views import ConsentView

CONSENT = ConsentView(**json.loads((Path(__file__).parent / "consent.json").read_text(encoding="utf-8")))

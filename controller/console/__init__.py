"""The duty room's page: what a guard sees and does, in Chinese and English.

Enters: a browser. Leaves: one HTML shell and the static files that make it live; all data comes from `/api`.
Start at `page.py`, then `static/main.js`. Every word is in `static/words.json`.
"""

from controller.console.page import add_page

__all__ = ["add_page"]

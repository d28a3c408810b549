"""The symbols on plates, the colours of plates, their indices in the nets' outputs, and one spelling for each plate."""

import unicodedata

PROVINCES = "京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新"
DIGITS = "0123456789"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # GA 36: neither I nor O
SPECIALS = "警学挂使领港澳"
SYMBOLS = PROVINCES + DIGITS + LETTERS + SPECIALS
BLANK = len(SYMBOLS)
"""CTC blank: the class after the last symbol."""
COLOURS = ("blue", "yellow", "green", "yellow_green", "white", "black")
CLASSES = len(SYMBOLS) + 1 + len(COLOURS)
"""Outputs per column of the reader: symbols, blank, colours."""
UNKNOWN_PROVINCE = "?"
INDEX = {symbol: index for index, symbol in enumerate(SYMBOLS)}


def normal_plate(plate: str) -> str:
    """A plate's one spelling: capitals of ordinary width, no separators, nothing invisible; `?` stays."""
    folded = unicodedata.normalize("NFKC", plate).upper()
    return "".join(symbol for symbol in folded if symbol.isalnum() or symbol == UNKNOWN_PROVINCE)


def encode(text: str) -> list[int]:
    """Indices of a plate's symbols; KeyError for a symbol that no plate has."""
    return [INDEX[symbol] for symbol in text]

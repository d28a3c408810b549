"""The symbols on plates, the colours of plates, and their indices in the nets' outputs."""

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


def encode(text: str) -> list[int]:
    """Indices of a plate's symbols; KeyError for a symbol that no plate has."""
    return [INDEX[symbol] for symbol in text]

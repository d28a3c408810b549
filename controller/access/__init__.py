"""Who may pass where: the community's document in, decisions and doors' lists out. Pure: no clock, no database.

`document.py` is the signed document as values, `policy.py` answers "may this person, this plate, pass here now",
`compile.py` turns the document into each door's `doorwire.doorlist`. Start at `document.py`.
"""

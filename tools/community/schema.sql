CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    doors TEXT NOT NULL,
    gates TEXT NOT NULL,
    schedule TEXT NOT NULL DEFAULT '',
    extended INTEGER NOT NULL DEFAULT 0,
    first_person INTEGER NOT NULL DEFAULT 0,
    toggle INTEGER NOT NULL DEFAULT 0,
    care_hours INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE IF NOT EXISTS credentials (
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    schedule TEXT NOT NULL DEFAULT '',
    uses INTEGER NOT NULL DEFAULT 0,
    factor TEXT NOT NULL DEFAULT 'alone',
    duress INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, kind, value)
) STRICT, WITHOUT ROWID;
-- A card is in one hand; two people may choose the same PIN.
CREATE UNIQUE INDEX IF NOT EXISTS one_holder ON credentials (value) WHERE kind = 'card';

CREATE TABLE IF NOT EXISTS schedules (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row: holidays and UTC offset.
CREATE TABLE IF NOT EXISTS calendar (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    body TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS vehicles (
    plate TEXT PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    gates TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0,
    body_colour TEXT NOT NULL DEFAULT '',
    vehicle_class TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS watchlist (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- Never changed once written. Old payloads are dropped, digests stay: the chain can be followed for ever.
CREATE TABLE IF NOT EXISTS lists (
    version INTEGER PRIMARY KEY,
    digest TEXT NOT NULL,
    issued_unix INTEGER NOT NULL,
    expires_unix INTEGER NOT NULL,
    payload BLOB,
    signature BLOB
) STRICT;

CREATE TABLE IF NOT EXISTS events (
    id INTEGER NOT NULL UNIQUE,
    device TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_unix INTEGER NOT NULL,
    clock_known INTEGER NOT NULL,
    credential_kind TEXT NOT NULL,
    person INTEGER NOT NULL,
    list_version INTEGER NOT NULL,
    list_age_s INTEGER NOT NULL,
    received_unix REAL NOT NULL,
    PRIMARY KEY (device, epoch, seq)
) STRICT;

-- Whose lists these are: a folder belongs to one site.
CREATE TABLE IF NOT EXISTS site (id TEXT NOT NULL) STRICT;

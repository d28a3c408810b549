-- Doors' boards. key: AES-GCM under the box key. counter_reserved: frames down may have used counters up to it.
CREATE TABLE devices (
    device TEXT PRIMARY KEY,
    key BLOB NOT NULL,
    board TEXT NOT NULL,
    firmware TEXT NOT NULL DEFAULT '',
    boot_id INTEGER NOT NULL DEFAULT 0,
    boot_count INTEGER NOT NULL DEFAULT 0,
    boot_unix REAL NOT NULL DEFAULT 0,
    hello_unix REAL NOT NULL DEFAULT 0,
    counter_reserved INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Up to where each journal is stored without a hole, or with a hole that is a row in gaps.
CREATE TABLE journals (
    device TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    highest_seq INTEGER NOT NULL,
    PRIMARY KEY (device, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_unix INTEGER NOT NULL,
    clock_known INTEGER NOT NULL,
    received_unix REAL NOT NULL,
    credential_kind TEXT NOT NULL,
    credential TEXT NOT NULL,
    person INTEGER NOT NULL,
    list_version INTEGER NOT NULL,
    list_age_s INTEGER NOT NULL,
    UNIQUE (device, epoch, seq)
) STRICT;

CREATE TABLE gaps (
    device TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    found_unix REAL NOT NULL,
    PRIMARY KEY (device, epoch, first_seq)
) STRICT, WITHOUT ROWID;

-- Events not yet taken by the community server.
CREATE TABLE outbox (event_id INTEGER PRIMARY KEY) STRICT;

CREATE TABLE captures (
    id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_unix REAL NOT NULL,
    keep_until_unix REAL NOT NULL,
    jpeg BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    subject TEXT NOT NULL,
    place TEXT NOT NULL,
    at_unix REAL NOT NULL,
    words TEXT NOT NULL,
    capture TEXT REFERENCES captures (id) ON DELETE SET NULL,
    outcome TEXT NOT NULL DEFAULT '',
    confirmed_by TEXT NOT NULL DEFAULT '',
    confirmed_unix REAL NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_unix REAL NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- The signed documents of the community server; the newest is in force.
CREATE TABLE list_documents (
    version INTEGER PRIMARY KEY,
    digest BLOB NOT NULL,
    issued_unix INTEGER NOT NULL,
    expires_unix INTEGER NOT NULL,
    payload BLOB NOT NULL,
    signature BLOB NOT NULL,
    received_unix REAL NOT NULL
) STRICT;

CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    doors TEXT NOT NULL,
    gates TEXT NOT NULL
) STRICT;

CREATE TABLE credentials (
    person INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT;
CREATE INDEX credentials_by_person ON credentials (person);

CREATE TABLE vehicles (
    plate TEXT PRIMARY KEY,
    person INTEGER NOT NULL,
    gates TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE watchlist (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- One compiled list a door: what it should have, and what it says that it has.
CREATE TABLE door_lists (
    device TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    content_digest BLOB NOT NULL,
    data BLOB NOT NULL,
    compiled_unix REAL NOT NULL,
    reported_version INTEGER NOT NULL DEFAULT 0,
    reported_digest BLOB NOT NULL DEFAULT x'',
    reported_unix REAL NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- A person's template key under the box key. Without this row the person's templates are noise.
CREATE TABLE person_keys (
    person INTEGER PRIMARY KEY,
    wrapped BLOB NOT NULL,
    left_unix REAL NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER NOT NULL REFERENCES person_keys (person) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    created_unix REAL NOT NULL
) STRICT;

CREATE TABLE consents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person INTEGER NOT NULL,
    text_version TEXT NOT NULL,
    given_unix REAL NOT NULL,
    recorded_by TEXT NOT NULL,
    withdrawn_unix REAL NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('guard', 'admin')),
    password_hash TEXT NOT NULL,
    created_unix REAL NOT NULL
) STRICT;

-- token: SHA-256 of the cookie's value.
CREATE TABLE sessions (
    token BLOB PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_unix REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE passages (
    hour_unix INTEGER NOT NULL,
    camera TEXT NOT NULL,
    what TEXT NOT NULL,
    direction TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour_unix, camera, what, direction)
) STRICT, WITHOUT ROWID;

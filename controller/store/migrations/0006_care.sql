-- Who asked to be looked after when no door was opened for so many hours; 0: did not.
ALTER TABLE people ADD COLUMN care_hours INTEGER NOT NULL DEFAULT 0;
-- Since when, of those who asked and of nobody else: silence counts from there.
CREATE TABLE care (
    person INTEGER PRIMARY KEY,
    since_unix REAL NOT NULL
) STRICT;
CREATE INDEX events_by_person ON events (person, at_unix) WHERE person <> 0;

-- Best shots of faces that the site's statement of purpose lets it keep: sealed, and until when. `statement` is its digest.
CREATE TABLE kept_captures (
    id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    kind TEXT NOT NULL,
    at_unix REAL NOT NULL,
    outcome TEXT NOT NULL,
    person INTEGER,
    statement TEXT NOT NULL,
    keep_until_unix REAL NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

CREATE INDEX kept_captures_of_person ON kept_captures (person);
CREATE INDEX kept_captures_by_time ON kept_captures (at_unix);

-- Passages by the hour. type: the plate's, '' where none was read; lane 0: nobody told lanes apart; spent_s: the sum of
-- the seconds that they spent between the lines or in the zone.
CREATE TABLE flow (
    hour_unix INTEGER NOT NULL,
    camera TEXT NOT NULL,
    what TEXT NOT NULL,
    type TEXT NOT NULL,
    direction TEXT NOT NULL,
    lane INTEGER NOT NULL,
    count INTEGER NOT NULL,
    spent_s REAL NOT NULL,
    PRIMARY KEY (hour_unix, camera, what, type, direction, lane)
) STRICT, WITHOUT ROWID;
INSERT INTO flow SELECT hour_unix, camera, what, '', direction, 0, count, 0.0 FROM passages;
DROP TABLE passages;

-- How many different vehicles were read in a day.
CREATE TABLE flow_days (
    day_unix INTEGER PRIMARY KEY,
    vehicles INTEGER NOT NULL
) STRICT;

-- One row: how many vehicles are in the compound, and when somebody last counted them.
CREATE TABLE inside (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    vehicles INTEGER NOT NULL,
    counted_unix REAL NOT NULL
) STRICT;
INSERT INTO inside VALUES (1, 0, 0.0);

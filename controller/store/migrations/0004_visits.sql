-- How often the barrier opened for a vehicle whose uses are limited. Another window is another visit.
CREATE TABLE visits (
    plate TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (plate, not_before, not_after)
) STRICT, WITHOUT ROWID;

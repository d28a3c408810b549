-- Evidence is sealed under the box key from now on; what is older stays as it is until its retention date.
ALTER TABLE captures ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;

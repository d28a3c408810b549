-- What a guard last switched a gate to; without a row it is automatic.
CREATE TABLE gate_modes (
    gate TEXT PRIMARY KEY,
    mode TEXT NOT NULL
) STRICT, WITHOUT ROWID;

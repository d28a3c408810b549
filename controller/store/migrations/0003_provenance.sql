-- Where a template is from, and which net made it: templates of two nets are never compared.
ALTER TABLE templates ADD COLUMN embedder TEXT NOT NULL DEFAULT '';
ALTER TABLE templates ADD COLUMN source TEXT NOT NULL DEFAULT '';
-- Who agreed for a child.
ALTER TABLE consents ADD COLUMN guardian TEXT NOT NULL DEFAULT '';
-- So much nearer than the rule asks must a face be that is taken for this person: somebody else was.
ALTER TABLE person_keys ADD COLUMN stricter REAL NOT NULL DEFAULT 0;

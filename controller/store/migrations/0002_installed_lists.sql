-- The bytes of the whole list that a door has said it has, where we have them: what the next delta starts from.
CREATE TABLE installed_lists (
    device TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    content_digest BLOB NOT NULL,
    data BLOB NOT NULL
) STRICT;

INSERT INTO installed_lists (device, version, digest, content_digest, data)
SELECT device, version, digest, content_digest, data FROM door_lists
WHERE reported_version = version AND reported_digest = substr(digest, 1, 8);

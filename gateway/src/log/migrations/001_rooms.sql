-- Rooms, their events and what is needed to take a room up again.

-- `key` stands for a room in the other tables, and is never given twice.
-- `last` is the last saved offset, also when the event itself was pruned; `bytes` are the texts of
-- all events that are kept.
CREATE TABLE rooms (
    key INTEGER PRIMARY KEY AUTOINCREMENT CHECK (key < 134217728),
    room TEXT NOT NULL UNIQUE,
    code TEXT NOT NULL UNIQUE,
    teach_hash BLOB NOT NULL CHECK (length(teach_hash) = 32),
    view_hash BLOB NOT NULL CHECK (length(view_hash) = 32),
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    last INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX rooms_by_use ON rooms (used_ms);

-- `last` is what was saved before the epoch, `first` the first offset that it may have. Between the
-- two is what was lost, if anything was.
CREATE TABLE epochs (
    room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    last INTEGER NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (room, epoch)
) STRICT, WITHOUT ROWID;

-- `id` is the room's key and the event's offset in one number, key * 2^36 + offset. So a room's events
-- lie side by side in their order, whole pages of them go when it goes, and only the longest texts
-- need pages of their own.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    prev INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

-- Rooms that are gone, and whose events are being deleted, some at a time.
CREATE TABLE leaving (
    room INTEGER PRIMARY KEY
) STRICT;

-- The latest snapshot alone.
CREATE TABLE snapshots (
    room INTEGER PRIMARY KEY REFERENCES rooms (key) ON DELETE CASCADE,
    offset INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
    room INTEGER NOT NULL REFERENCES rooms (key) ON DELETE CASCADE,
    member INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (room, member)
) STRICT, WITHOUT ROWID;

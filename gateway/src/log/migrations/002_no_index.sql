-- All rooms are read at the start, whenever they were used.
DROP INDEX rooms_by_use;

//! Take it home: the same as programs, and the run as files.

//! Timestamp servers: programs that answer `[ctime]data`.

//! What a socket does on a link.

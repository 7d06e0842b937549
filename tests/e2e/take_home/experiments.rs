//! Every experiment's programs, each pair run together.

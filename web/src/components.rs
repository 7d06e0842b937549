//! What the page is made of: a file for each part, drawn from plain data.

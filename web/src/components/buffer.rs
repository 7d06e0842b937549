//! The line buffer of a server, read by read, and its bytes in hexadecimal.

use std::rc::Rc;

use bytes::Bytes;
use yew::prelude::*;

use super::drawing::drawing;
use super::hex_view::HexView;
use crate::model::Entry;
use crate::pictures::buffer::{buffer, draw, story};

/// What a buffer is drawn from.
#[derive(PartialEq, Properties)]
pub struct BufferProps {
    /// The entries of one stream socket, in order.
    pub entries: Rc<Vec<Entry>>,
}

/// How the buffer fills until a `\n` lets a line out; below it the same bytes, hexadecimal and text
/// linked, a colour for every other line.
#[component]
pub fn Buffer(props: &BufferProps) -> Html {
    let buffer = buffer(&props.entries);
    let lines = buffer.reads.iter().flat_map(|read| &read.lines);
    let colours = ["f-ctime", "f-data"].into_iter().cycle();
    let ranges: Vec<_> = lines
        .zip(colours)
        .map(|((from, to), class)| (*from..*to, class))
        .collect();
    let picture = drawing(story(&buffer), None, |width| draw(&buffer, width));
    html! {
        <>
            { picture }
            if !buffer.bytes.is_empty() {
                <HexView bytes={Bytes::from(buffer.bytes)} {ranges} />
            }
        </>
    }
}

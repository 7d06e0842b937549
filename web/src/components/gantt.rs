//! The Gantt chart of a load.

use std::rc::Rc;

use chalkwire_shared::job::{ClientRun, Gauge};
use yew::prelude::*;

use super::drawing::drawing;
use crate::pictures::gantt::{draw, gantt, story};

/// What a chart is drawn from.
#[derive(PartialEq, Properties)]
pub struct GanttProps {
    /// The clients' connections, in any order.
    pub clients: Rc<Vec<ClientRun>>,
    /// The servers over time, in order of time.
    pub gauges: Rc<Vec<Gauge>>,
    /// What the load's targets are called, in the load's order.
    pub names: Rc<Vec<String>>,
}

/// A bar a client, several servers under each other on one axis, the accept queue under each.
#[component]
pub fn Gantt(props: &GanttProps) -> Html {
    let gantt = gantt(&props.clients, &props.gauges, &props.names);
    drawing(story(&gantt, &props.clients), None, |width| {
        draw(&gantt, width)
    })
}

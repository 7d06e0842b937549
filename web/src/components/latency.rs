//! How times are spread, as two figures: a histogram, and a curve of shares.

use std::rc::Rc;

use yew::prelude::*;

use super::drawing::drawing;
use crate::pictures::latency::{Series, curve, histogram, latency, story};

/// What is drawn.
#[derive(PartialEq, Properties)]
pub struct LatencyProps {
    /// The series, for which one axis is made.
    pub series: Rc<Vec<Series>>,
}

/// A histogram a series, under each other on one axis, with p50, p90 and p99.
#[component]
pub fn Histogram(props: &LatencyProps) -> Html {
    let latency = latency(&props.series);
    drawing(story(&latency, false), None, |width| {
        histogram(&latency, width)
    })
}

/// All series in one figure: for each time, the share that took no longer.
#[component]
pub fn Curve(props: &LatencyProps) -> Html {
    let latency = latency(&props.series);
    drawing(story(&latency, true), None, |width| curve(&latency, width))
}

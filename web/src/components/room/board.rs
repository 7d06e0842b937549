//! What the class sees of itself, from the room as the page has it: everyone's picture, and the wall.

use std::rc::Rc;

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Code, Happened, MemberId, RoomEvent};
use yew::prelude::*;

use super::Props;
use crate::browser::Clock;
use crate::components::class::projector::{Line, Projector, Spot};
use crate::components::class::run::Run;
use crate::desk::Desk;
use crate::link::Phase;
use crate::pages::room::HEADING_ID;
use crate::pictures::class::{Seen, Serving};
use crate::room::inside::Inside;
use crate::room::{Action, Seat, words};
use crate::words::clock;

/// Lines of the feed that the wall is given.
const LINES: usize = 12;

/// Everyone's picture, once somebody was told to send.
#[component]
pub fn Board(props: &Props) -> Html {
    let now_us = use_now_us(&props.desk);
    match use_seen(&props.desk) {
        Some(seen) => html! { <Run {seen} {now_us} zone_min={props.desk.zone_min} /> },
        None => Html::default(),
    }
}

/// The room for a wall; who may do more here has a way back.
#[component]
pub fn Wall(props: &Props) -> Html {
    let now_us = use_now_us(&props.desk);
    let run = use_seen(&props.desk);
    let seat = props.desk.state();
    let Some(inside) = &seat.inside else {
        return Html::default();
    };
    let zone_min = props.desk.zone_min;
    let facts = inside.facts();
    // Viewers are not told the code as such; it stands in the address that is for all.
    let written = inside.code.clone().or_else(|| {
        let (_, plain) = inside.join.rsplit_once('/')?;
        Some(Code::read(plain)?.to_string())
    });
    let (well, state) = state(&seat, inside);
    // One that is still on is told again at its end; the picture shows how it is now.
    let told = |it: &&Rc<RoomEvent>| match &it.what {
        Happened::Exchange { exchange, .. } => exchange.over_us.is_some(),
        _ => true,
    };
    let feed = inside.feed.shown().filter(told).take(LINES);
    let feed: Vec<Line> = feed.map(|it| line(inside, it, zone_min)).collect();
    let spotlight = facts.spotlight.as_ref().map(|spot| {
        let target = &spot.exchange.target;
        Rc::new(Spot {
            name: name(inside, spot.member).into(),
            exchange: Rc::new(spot.exchange.clone()),
            datagrams: Serving::of(target, &seat.wire.targets) == Serving::Datagrams,
        })
    });
    let students = inside.state().members.values();
    let here = students.filter(|it| it.here && it.role == Role::Student);
    let back = props.act.reform(|_: MouseEvent| Action::Projector(false));
    html! {
        <>
            <Projector title={title(inside)} id={HEADING_ID} code={written.unwrap_or_default()}
                join={inside.join.clone()} locked={facts.locked}
                here={here.clone().count()} hands={here.filter(|it| it.hand_us.is_some()).count()}
                {state} {well} {run} {now_us} {zone_min}
                feed={Rc::new(feed)} {spotlight} />
            if inside.you.role != Role::Viewer {
                <button class="small wall-back" onclick={back}>{ "Back to the room" }</button>
            }
        </>
    }
}

fn title(inside: &Inside) -> String {
    match inside.facts().title.as_str() {
        "" => "Room".to_owned(),
        title => title.to_owned(),
    }
}

/// What a member is called on a wall, where names may be hidden from those who look on.
fn name(inside: &Inside, member: MemberId) -> String {
    match inside.facts().names_hidden {
        true => crate::pictures::class::number(member),
        false => inside.name(member),
    }
}

/// The present run as it is seen: on the wall, and by who looks on, without names where they are hidden.
fn seen(seat: &Seat, inside: &Inside) -> Option<Rc<Seen>> {
    let facts = inside.facts();
    let hidden = facts.names_hidden && (seat.projector || inside.you.role == Role::Viewer);
    let (mine, targets) = (inside.you.member, &seat.wire.targets);
    Seen::of(inside.state(), &inside.gauges, targets, mine, hidden).map(Rc::new)
}

/// The present run as it is seen: the same one until something has happened in the room, for to draw it
/// is work.
#[hook]
fn use_seen(desk: &Desk<Seat>) -> Option<Rc<Seen>> {
    let of = {
        let seat = desk.state();
        let inside = seat.inside.as_ref();
        let facts = inside.map(|it| (it.facts().epoch, it.facts().offset));
        (facts, seat.projector, seat.wire.targets.len())
    };
    let run = use_memo(of, |_| {
        let seat = desk.state();
        seat.inside.as_ref().and_then(|it| seen(&seat, it))
    });
    (*run).clone()
}

/// The room's clock now; before the clocks are compared, the browser's.
#[hook]
fn use_now_us(desk: &Desk<Seat>) -> Callback<(), u64> {
    let wall_clock = use_mut_ref(Clock::default);
    let desk = desk.clone();
    use_callback((), move |(), ()| {
        let now_ms = wall_clock.borrow_mut().now_ms();
        match desk.state().room_clock() {
            Some(clock) => clock.room_us(now_ms),
            None => (now_ms * 1000.0) as u64,
        }
    })
}

fn state(seat: &Seat, inside: &Inside) -> (bool, String) {
    match seat.wire.link.phase() {
        Phase::Up => {
            let well = inside.replica.unsaved().is_none();
            (well, format!("connected · {}", inside.keeping()))
        }
        _ => (false, "no connection: this is how it was".to_owned()),
    }
}

fn line(inside: &Inside, event: &RoomEvent, zone_min: i32) -> Line {
    let (sign, class) = match &event.what {
        Happened::Exchange { exchange, .. } => {
            let outcome = words::outcome(exchange);
            (outcome.sign, outcome.class)
        }
        _ => ("●", "control"),
    };
    Line {
        offset: event.offset,
        at: clock(event.time_us as f64 / 1000.0, zone_min).into(),
        sign,
        class,
        text: words::sentence(event, |it| name(inside, it)).into(),
    }
}

//! What the class sees of itself, from the room as the page has it: everyone's picture, and the wall.

use std::cell::RefCell;
use std::rc::Rc;

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Code, Happened, MemberId, RoomEvent};
use yew::prelude::*;

use super::Props;
use crate::browser::Clock;
use crate::components::class::projector::{Line, Projector, Spot};
use crate::components::class::run::Run;
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
    let wall_clock = use_mut_ref(Clock::default);
    let seat = props.desk.seat();
    let Some(seen) = seat.inside.as_ref().and_then(|it| seen(&seat, it)) else {
        return Html::default();
    };
    html! {
        <Run {seen} now_us={now_us(&seat, wall_clock)} zone_min={props.desk.zone_min} />
    }
}

/// The room for a wall; who may do more here has a way back.
#[component]
pub fn Wall(props: &Props) -> Html {
    let wall_clock = use_mut_ref(Clock::default);
    let seat = props.desk.seat();
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
                {state} {well} run={seen(&seat, inside)} now_us={now_us(&seat, wall_clock)} {zone_min}
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

/// The room's clock now; before the clocks are compared, the browser's.
fn now_us(seat: &Seat, wall_clock: Rc<RefCell<Clock>>) -> Callback<(), u64> {
    let clock = seat.room_clock();
    Callback::from(move |()| {
        let now_ms = wall_clock.borrow_mut().now_ms();
        match clock {
            Some(clock) => clock.room_us(now_ms),
            None => (now_ms * 1000.0) as u64,
        }
    })
}

fn state(seat: &Seat, inside: &Inside) -> (bool, &'static str) {
    match (seat.wire.link.phase(), inside.replica.unsaved()) {
        (Phase::Up, Some(_)) => (false, "connected · not saved"),
        (Phase::Up, None) if inside.replica.is_saved() => (true, "connected · saved"),
        (Phase::Up, None) => (true, "connected · saving …"),
        _ => (false, "no connection: this is how it was"),
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

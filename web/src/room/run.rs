//! Everyone send now, as this page does it: at the instant, once, or not at all.

use std::rc::Rc;

use bytes::Bytes;
use chalkwire_shared::room::{Armed, Command, Found, MAX_PLACE_BYTES};

use super::part::{Part, Stage, Why, barred, idles, now as due};
use super::send::Wanted;
use super::{Effect, Seat, Timer, part};
use crate::experiment::Settings;
use crate::experiment::runner::{self, Runner};
use crate::model::ClockMap;
use crate::wire::{Now, Out};

/// Until the clocks have been compared, in ms.
const NO_CLOCK_MS: f64 = 50.0;

impl Seat {
    /// Looks at the present run: whether it is time, or something has changed.
    pub(super) fn run(&mut self, now: Now, wire: &mut Out, out: &mut Vec<Effect>) {
        let clock = self.wire.link.clock();
        let Some(inside) = &mut self.inside else {
            return;
        };
        let Some(armed) = inside.armed().cloned() else {
            return;
        };
        let known = inside.part.as_ref().is_some_and(|it| it.run == armed.run);
        if armed.over {
            if known {
                self.end_run(&armed, wire);
            }
            return;
        }
        if !known {
            let before = inside.ran >= armed.run;
            inside.part = Some(Part {
                run: armed.run,
                stage: match before {
                    true => Stage::Out(Why::Before),
                    false => Stage::Waiting,
                },
            });
            inside.shown = None;
            if !before {
                self.warm_up(&armed, now, out);
            }
        }
        self.wait(&armed, clock, now, wire, out);
    }

    /// An experiment needs a link of its own, which takes a moment to stand.
    fn warm_up(&mut self, armed: &Armed, now: Now, out: &mut Vec<Effect>) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        let teaches = inside.me().is_none_or(|it| barred(it, false).is_some());
        if armed.plan.experiment.is_none() || teaches {
            return;
        }
        let runner = inside.runner.get_or_insert_with(Runner::default);
        if !runner.wire().link.is_up() {
            let effects = runner.apply(runner::Action::Start, now);
            out.extend(effects.into_iter().map(Effect::Runner));
        }
    }

    fn wait(
        &mut self,
        armed: &Armed,
        clock: Option<ClockMap>,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) {
        let Some(inside) = &self.inside else { return };
        let waits = inside
            .part
            .as_ref()
            .is_some_and(|it| it.stage == Stage::Waiting);
        if !waits {
            return;
        }
        let Some(clock) = inside.clock(clock) else {
            out.push(Effect::Wake(Timer::Run, NO_CLOCK_MS));
            return;
        };
        match due(now.ms, clock.browser_ms(armed.at_us)) {
            part::Now::Sleep(ms) => out.push(Effect::Wake(Timer::Run, ms)),
            part::Now::TooLate => self.settle(Stage::Out(Why::Late)),
            part::Now::Act(late_ms) => {
                let stage = match self.part_in(armed, now, wire, out) {
                    Ok(()) => Stage::Done { late_ms },
                    Err(why) => Stage::Out(why),
                };
                self.settle(stage);
            }
        }
    }

    fn settle(&mut self, stage: Stage) {
        if let Some(part) = self.inside.as_mut().and_then(|it| it.part.as_mut()) {
            part.stage = stage;
        }
    }

    /// Does this page's part, now.
    fn part_in(
        &mut self,
        armed: &Armed,
        now: Now,
        wire: &mut Out,
        out: &mut Vec<Effect>,
    ) -> Result<(), Why> {
        let up = self.wire.link.is_up();
        let Some(inside) = &mut self.inside else {
            return Err(Why::Late);
        };
        let me = inside.me().ok_or(Why::Teaches)?;
        let idler = idles(armed, me.member);
        match barred(me, inside.facts().paused) {
            // A teacher may be the one who holds the others up.
            Some(Why::Teaches) if idler => {}
            Some(why) => return Err(why),
            None => {}
        }
        if !up || !inside.entered {
            return Err(Why::NoConnection);
        }
        // Kept before it is done: whatever happens now, it is not done twice.
        inside.ran = armed.run;
        self.keep(out);
        if let Some(place) = &armed.plan.experiment {
            return self.experiment(armed, place, now, out);
        }
        let plan = &armed.plan;
        let wanted = Wanted {
            target: plan.target.clone(),
            said: (!idler).then(|| Bytes::from(plan.message.clone())),
            faults: plan.faults.clone(),
            seed: plan.seed,
            run: Some(armed.run),
        };
        match self.begin(wanted, now, wire, out) {
            true => Ok(()),
            false => Err(Why::NothingToDo),
        }
    }

    /// Runs the room's experiment.
    fn experiment(
        &mut self,
        armed: &Armed,
        place: &str,
        now: Now,
        out: &mut Vec<Effect>,
    ) -> Result<(), Why> {
        let (experiment, mut settings) = Settings::from_fragment(place).ok_or(Why::NothingToDo)?;
        settings.seed = armed.plan.seed;
        let runner = self.inside.as_mut().and_then(|it| it.runner.as_mut());
        let runner = runner.ok_or(Why::NoConnection)?;
        let effects = runner.apply(runner::Action::Run(experiment, settings), now);
        out.extend(effects.into_iter().map(Effect::Runner));
        Ok(())
    }

    /// Tells the room what the experiment came out as, once it is over.
    pub(super) fn found(&mut self, wire: &mut Out) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        let (Some(runner), Some(part)) = (&inside.runner, &inside.part) else {
            return;
        };
        let (Some(run), Some(finding)) = (runner.run(), runner.finding()) else {
            return;
        };
        if inside.shown.as_deref() == Some(run) {
            return;
        }
        inside.shown = Some(Rc::new(run.clone()));
        let (answer, measured, holds) = match finding {
            Ok(it) => (it.answer, it.measured, it.holds),
            Err(why) => (None, why, false),
        };
        let found = Found {
            run: part.run,
            answer: answer.and_then(|it| u8::try_from(it).ok()),
            measured: cut(&measured, MAX_PLACE_BYTES),
            holds,
        };
        let over = inside.armed().is_none_or(|it| it.over);
        if !over {
            self.tell(Command::Found { found }, wire);
        }
    }

    /// The run is over: who held a server up lets go of it.
    fn end_run(&mut self, armed: &Armed, wire: &mut Out) {
        let Some(inside) = &mut self.inside else {
            return;
        };
        if let Some(part) = &mut inside.part
            && part.stage == Stage::Waiting
        {
            // Called off before its time.
            inside.part = None;
        }
        if let Some(mine) = inside.mine.of_run(armed.run)
            && mine.said.is_empty()
        {
            let socket = mine.socket;
            self.wire.close(socket, wire);
        }
    }
}

/// As much of a text as there is room for, in bytes.
fn cut(text: &str, most: usize) -> String {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

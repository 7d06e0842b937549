//! The form of "everyone send now": what stands in it, and what it tells the room.

use chalkwire_shared::role::Role;
use chalkwire_shared::room::{Command, MAX_PLAN_BYTES, Member, MemberId, Plan};
use chalkwire_shared::target::TargetInfo;

use super::{Seat, sight};
use crate::experiment::{Experiment, Settings, settings};
use crate::line_end::LineEnd;
use crate::wire::Out;

/// Countdowns that are offered, in s.
pub const COUNTDOWNS: [u32; 4] = [3, 5, 10, 30];

/// The form's fields, as they were filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Fields {
    /// The slug of an experiment that everyone runs instead of one exchange.
    pub experiment: Option<&'static str>,
    /// The target that was picked.
    pub target: String,
    /// The message.
    pub message: String,
    /// What is put after it.
    pub line_end: LineEnd,
    /// Where chance begins.
    pub seed: String,
    /// The countdown, in s.
    pub countdown_s: u32,
    /// Who was picked to connect and say nothing.
    pub idler: Option<MemberId>,
    /// Why nothing could be told: a sentence.
    pub trouble: Option<&'static str>,
}

impl Default for Fields {
    fn default() -> Self {
        Fields {
            experiment: None,
            target: "iterative".to_owned(),
            message: "hello".to_owned(),
            line_end: LineEnd::CrLf,
            seed: settings::SEED.to_string(),
            countdown_s: COUNTDOWNS[0],
            idler: None,
            trouble: None,
        }
    }
}

impl Seat {
    /// The targets that everyone may be told to send to.
    pub fn targets_for_all(&self) -> impl Iterator<Item = &TargetInfo> {
        let inside = self.inside.as_ref();
        let targets = self.wire.targets.iter();
        targets.filter(move |it| inside.is_some_and(|inside| inside.state().allows(&it.name)))
    }

    /// The one that is picked: what is not there (any more) is not.
    pub fn target_for_all(&self) -> Option<&TargetInfo> {
        let picked = &self.everyone.target;
        let mut all = self.targets_for_all();
        all.find(|it| it.name == *picked)
            .or_else(|| self.targets_for_all().next())
    }

    /// Who may be told to connect and say nothing.
    pub fn idlers(&self) -> Vec<&Member> {
        let hangs_up = self.target_for_all().is_some_and(TargetInfo::hangs_up);
        let inside = self.inside.as_ref().filter(|_| hangs_up);
        let members = inside.map(|it| sight::in_order(it.state()));
        let members = members.into_iter().flatten();
        members.filter(|it| it.role == Role::Student).collect()
    }

    /// The one of them who is picked.
    pub fn idler(&self) -> Option<MemberId> {
        let picked = self.everyone.idler?;
        let mut idlers = self.idlers().into_iter();
        idlers.find(|it| it.member == picked).map(|it| it.member)
    }

    /// Whether everyone was told to send, and it is not over.
    pub fn is_arming(&self) -> bool {
        self.inside.as_ref().is_some_and(|inside| {
            inside.armed().is_some_and(|it| !it.over)
                || inside.waits(|it| matches!(it, Command::Arm { .. }))
        })
    }

    /// Has everyone send, after the countdown.
    pub(super) fn arm(&mut self, wire: &mut Out) {
        if self.is_arming() {
            return;
        }
        match self.plan() {
            Ok(plan) => {
                self.everyone.trouble = None;
                let in_ms = self.everyone.countdown_s * 1_000;
                self.tell(Command::Arm { plan, in_ms }, wire);
            }
            Err(trouble) => self.everyone.trouble = Some(trouble),
        }
    }

    /// What everyone is told, or why that can't be.
    fn plan(&self) -> Result<Plan, &'static str> {
        let fields = &self.everyone;
        let seed = settings::seed(fields.seed.trim()).ok_or(settings::NO_SEED)?;
        // Told later, when the page is connected again, it would come as a surprise to everyone.
        if !self.is_connected() {
            return Err(
                "Not connected to the room: nobody was told to send. Press it again when the page \
                 is connected.",
            );
        }
        let message = fields.line_end.apply(&fields.message);
        let mut plan = Plan {
            target: String::new(),
            message: String::new(),
            faults: Vec::new(),
            seed,
            idler: None,
            experiment: None,
        };
        if let Some(experiment) = fields.experiment.and_then(Experiment::find) {
            let mut settings = Settings::of(experiment);
            settings.seed = seed;
            plan.experiment = Some(settings.to_fragment(experiment));
            return Ok(plan);
        }
        if message.is_empty() || message.len() > MAX_PLAN_BYTES {
            return Err("Write what everyone is to send: up to 1,024 bytes.");
        }
        let target = self.target_for_all();
        let target = target.ok_or("No target is allowed in this room: allow one first.")?;
        plan.target.clone_from(&target.name);
        plan.message = message;
        plan.idler = self.idler();
        Ok(plan)
    }

    /// Whether what the room is told now reaches it now.
    pub fn is_connected(&self) -> bool {
        let entered = self.inside.as_ref().is_some_and(|it| it.entered);
        entered && self.wire.link.is_up()
    }
}

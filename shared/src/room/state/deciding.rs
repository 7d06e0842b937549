//! What comes of a command, and what a member may send.

use super::{Armed, Member, RUN_US, State};
use crate::role::{Role, may};
use crate::room::{
    Command, Happened, MAX_TITLE_CHARS, MemberId, Plan, Refusal, RunId, Spot, clean,
};

impl State {
    /// Whether a member may open a socket to a target now.
    ///
    /// # Errors
    /// [`Refusal`] says why not.
    pub fn may_send(&self, by: MemberId, target: &str, faulted: bool) -> Result<(), Refusal> {
        let member = self.members.get(&by).ok_or(Refusal::NoSuchMember)?;
        if self.facts.ended {
            return Err(Refusal::Over);
        }
        if member.muted {
            return Err(Refusal::Muted);
        }
        let teaches = member.role == Role::Teacher;
        if self.facts.paused && !teaches {
            return Err(Refusal::Paused);
        }
        // A server of one's own is nobody else's business.
        if !target.starts_with('#') && !teaches && !self.allows(target) {
            return Err(Refusal::NoSuchTarget);
        }
        if faulted && !self.facts.faults && !teaches {
            return Err(Refusal::NoFaults);
        }
        Ok(())
    }

    /// Whether a target may be sent to in this room.
    pub fn allows(&self, target: &str) -> bool {
        let targets = self.facts.targets.as_ref();
        targets.is_none_or(|names| names.iter().any(|name| name == target))
    }

    /// What comes of a command, said by a member now. Past exchanges are not in the state: `look` finds
    /// the one whose event has an offset.
    ///
    /// # Errors
    /// [`Refusal`] says why nothing does.
    pub fn decide(
        &self,
        by: MemberId,
        command: &Command,
        now_us: u64,
        look: impl FnOnce(u64) -> Option<Spot>,
    ) -> Result<Happened, Refusal> {
        let member = self.members.get(&by).ok_or(Refusal::NoSuchMember)?;
        if !may(member.role, command.deed(by)) {
            return Err(Refusal::NotAllowed);
        }
        if self.facts.ended {
            return Err(Refusal::Over);
        }
        if !command.is_possible() {
            return Err(Refusal::BadRequest);
        }
        Ok(match command.clone() {
            Command::Hand { up } => Happened::Hand { member: by, up },
            Command::Follow { on } => Happened::Follows { member: by, on },
            Command::Found { mut found } => {
                self.present(found.run)?;
                let measured = clean(&found.measured, found.measured.len());
                found.measured = measured.ok_or(Refusal::BadRequest)?;
                Happened::Found { member: by, found }
            }
            Command::Lock { on } => Happened::Locked { on },
            Command::Allow { targets, faults } => Happened::Allowed { targets, faults },
            Command::Mute { member, on } => {
                self.student(member)?;
                Happened::Muted { member, on }
            }
            Command::Remove { member } => {
                self.student(member)?;
                Happened::Removed { member }
            }
            Command::Forget { member } => {
                // Names of those who have left stand in the log still.
                if !(1..=self.facts.last_member).contains(&member.0) {
                    return Err(Refusal::NoSuchMember);
                }
                Happened::Forgotten { member }
            }
            Command::LowerHand { member } => {
                self.member(member)?;
                Happened::Hand { member, up: false }
            }
            Command::Spotlight { offset: None } => Happened::Spotlit { of: None },
            Command::Spotlight {
                offset: Some(offset),
            } => {
                let spot = look(offset).filter(|spot| self.members.contains_key(&spot.member));
                let spot = spot.ok_or(Refusal::NoSuchExchange)?;
                Happened::Spotlit {
                    of: Some(Box::new(spot)),
                }
            }
            Command::Show { place } => Happened::Showing { place },
            Command::Pause { on } => Happened::Paused { on },
            Command::HideNames { on } => Happened::NamesHidden { on },
            Command::Rename { title } => Happened::Renamed {
                title: clean(&title, MAX_TITLE_CHARS).ok_or(Refusal::BadRequest)?,
            },
            Command::Arm { plan, in_ms } => self.arm(plan, in_ms, now_us)?,
            Command::CallOff { run } => {
                self.present(run)?;
                Happened::RunOver {
                    run,
                    called_off: true,
                }
            }
            Command::End => Happened::Ended,
        })
    }

    fn arm(&self, plan: Plan, in_ms: u32, now_us: u64) -> Result<Happened, Refusal> {
        let before = self.facts.run.as_ref();
        if before.is_some_and(|run| !run.over && now_us < run.at_us.saturating_add(RUN_US)) {
            return Err(Refusal::RunUnderWay);
        }
        // What no student may send is nothing to wait for.
        if self.facts.paused {
            return Err(Refusal::Paused);
        }
        if plan.experiment.is_none() && !self.allows(&plan.target) {
            return Err(Refusal::NoSuchTarget);
        }
        if !plan.faults.is_empty() && !self.facts.faults {
            return Err(Refusal::NoFaults);
        }
        if let Some(idler) = plan.idler {
            self.member(idler)?;
        }
        Ok(Happened::Armed {
            run: RunId(before.map_or(0, |run| run.run.0) + 1),
            plan,
            at_us: now_us.saturating_add(u64::from(in_ms) * 1_000),
        })
    }

    /// The present run, if it is this one and not over.
    fn present(&self, run: RunId) -> Result<&Armed, Refusal> {
        let present = self.facts.run.as_ref();
        present
            .filter(|it| it.run == run && !it.over)
            .ok_or(Refusal::NoSuchRun)
    }

    fn member(&self, member: MemberId) -> Result<&Member, Refusal> {
        self.members.get(&member).ok_or(Refusal::NoSuchMember)
    }

    /// Teachers hold the same link: none of them puts another out.
    fn student(&self, member: MemberId) -> Result<&Member, Refusal> {
        let member = self.member(member)?;
        match member.role {
            Role::Student => Ok(member),
            Role::Teacher | Role::Viewer => Err(Refusal::NotAllowed),
        }
    }
}

//! What the room was told and has not answered: kept with its number, and said again after a new link.

use std::collections::VecDeque;

use chalkwire_shared::room::Command;

/// Commands that wait for an answer at the most; another one is not taken.
pub const MOST: usize = 64;

/// A command and its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// From 1, growing.
    pub no: u64,
    /// What is told.
    pub command: Command,
}

/// The commands of this page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    last: u64,
    waiting: VecDeque<Numbered>,
}

impl Commands {
    /// Takes a command: with its number, to be said; `None` where too many wait.
    pub fn tell(&mut self, command: Command) -> Option<Numbered> {
        if self.waiting.len() >= MOST {
            return None;
        }
        self.last += 1;
        let numbered = Numbered {
            no: self.last,
            command,
        };
        self.waiting.push_back(numbered.clone());
        Some(numbered)
    }

    /// The room has answered: what.
    pub fn answered(&mut self, no: u64) -> Option<Command> {
        let at = self.waiting.iter().position(|it| it.no == no)?;
        self.waiting.remove(at).map(|it| it.command)
    }

    /// What a new link has to say again: all that was not answered, though the room may have some of
    /// it. It does nothing twice, and what it has may not be saved yet; `has` is the last one.
    pub fn again(&mut self, has: u64) -> Vec<Numbered> {
        // A number is never used twice, whatever the page remembers.
        self.last = self.last.max(has);
        self.waiting.iter().cloned().collect()
    }

    /// Whether such a command waits for its answer.
    pub fn waits(&self, is: impl Fn(&Command) -> bool) -> bool {
        self.waiting.iter().any(|it| is(&it.command))
    }

    /// The newest of those that wait in which something is found.
    pub fn newest<'a, T>(&'a self, find: impl Fn(&'a Command) -> Option<T>) -> Option<T> {
        self.waiting.iter().rev().find_map(|it| find(&it.command))
    }

    /// Gives up what is not to be done later than it was meant to be; whether there was any. `has` is
    /// the last one that the room has.
    pub fn give_up(&mut self, has: u64) -> bool {
        let before = self.waiting.len();
        let arms = |it: &Command| matches!(it, Command::Arm { .. });
        self.waiting.retain(|it| it.no <= has || !arms(&it.command));
        self.waiting.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: Command = Command::Hand { up: true };

    #[test]
    fn what_was_not_answered_is_said_again_and_numbers_go_on() {
        let mut commands = Commands::default();
        for no in 1..=3 {
            assert_eq!(commands.tell(UP).unwrap().no, no);
        }
        assert_eq!(commands.answered(1), Some(UP));
        assert_eq!(commands.answered(1), None);
        let again: Vec<u64> = commands.again(5).iter().map(|it| it.no).collect();
        assert_eq!(again, [2, 3]);
        assert_eq!(commands.tell(UP).unwrap().no, 6);
    }

    #[test]
    fn nobody_is_told_to_send_later_than_it_was_meant() {
        let plan = chalkwire_shared::room::Plan {
            target: "line".to_owned(),
            message: "hello".to_owned(),
            faults: Vec::new(),
            seed: 0,
            idler: None,
            experiment: None,
        };
        let arm = Command::Arm { plan, in_ms: 3_000 };
        let mut commands = Commands::default();
        commands.tell(arm.clone());
        commands.tell(UP);
        commands.tell(arm);
        assert!(commands.give_up(1));
        let again: Vec<u64> = commands.again(1).iter().map(|it| it.no).collect();
        assert_eq!(again, [1, 2], "the room has the first one");
        assert!(!commands.give_up(1));
    }

    #[test]
    fn no_more_are_kept_than_can_be_answered_for() {
        let mut commands = Commands::default();
        for _ in 0..MOST {
            assert!(commands.tell(UP).is_some());
        }
        assert_eq!(commands.tell(UP), None);
        assert!(commands.answered(1).is_some());
        assert!(commands.tell(UP).is_some());
    }
}

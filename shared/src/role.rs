//! Who may do what in a room: one table, which the gateway holds to and the page only shows.

use serde::{Deserialize, Serialize};

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Holds the teach link. There may be several.
    Teacher,
    /// Came by the code.
    Student,
    /// Holds the view link: a projector, a parent. No member, and named nowhere.
    Viewer,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Teacher, Role::Student, Role::Viewer];

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Role::Teacher => "teacher",
            Role::Student => "student",
            Role::Viewer => "viewer",
        }
    }
}

/// What may be done in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// See members, events and pictures.
    See,
    /// Open sockets as a member of the room.
    Send,
    /// Raise or lower one's own hand.
    RaiseHand,
    /// Say that one follows the teacher, or does not.
    Follow,
    /// Tell what an experiment of the room's came out as.
    Report,
    /// Have one's own name removed.
    ForgetOneself,
    /// Let nobody new in, or let them in again.
    Lock,
    /// Choose the targets and whether faults may be asked for.
    Allow,
    /// Keep a member from sending.
    Mute,
    /// Put a member out of the room.
    Remove,
    /// Have a member's name removed.
    Forget,
    /// Lower somebody's hand.
    LowerHands,
    /// Show a member's exchange to all.
    Spotlight,
    /// Lead all who follow to a place of the page.
    Show,
    /// Stop all sending for a while.
    Pause,
    /// Hide names from viewers.
    HideNames,
    /// Name the room.
    Rename,
    /// Have everyone send at the same instant.
    Arm,
    /// Fetch the transcript.
    Export,
    /// End the room.
    End,
}

impl Deed {
    /// Everything that may be done.
    pub const ALL: [Deed; 20] = [
        Deed::See,
        Deed::Send,
        Deed::RaiseHand,
        Deed::Follow,
        Deed::Report,
        Deed::ForgetOneself,
        Deed::Lock,
        Deed::Allow,
        Deed::Mute,
        Deed::Remove,
        Deed::Forget,
        Deed::LowerHands,
        Deed::Spotlight,
        Deed::Show,
        Deed::Pause,
        Deed::HideNames,
        Deed::Rename,
        Deed::Arm,
        Deed::Export,
        Deed::End,
    ];
}

/// The table: whether somebody of this role may do this.
pub const fn may(role: Role, deed: Deed) -> bool {
    match deed {
        Deed::See => true,
        Deed::Send | Deed::RaiseHand | Deed::Follow | Deed::Report | Deed::ForgetOneself => {
            matches!(role, Role::Teacher | Role::Student)
        }
        Deed::Lock
        | Deed::Allow
        | Deed::Mute
        | Deed::Remove
        | Deed::Forget
        | Deed::LowerHands
        | Deed::Spotlight
        | Deed::Show
        | Deed::Pause
        | Deed::HideNames
        | Deed::Rename
        | Deed::Arm
        | Deed::Export
        | Deed::End => matches!(role, Role::Teacher),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_looks_a_student_sends_and_a_teacher_does_everything() {
        for deed in Deed::ALL {
            assert!(may(Role::Teacher, deed), "{deed:?}");
            assert_eq!(may(Role::Viewer, deed), deed == Deed::See, "{deed:?}");
        }
        let of_students = Deed::ALL.map(|deed| may(Role::Student, deed));
        assert_eq!(of_students.iter().filter(|may| **may).count(), 6);
        assert!(!may(Role::Student, Deed::Lock) && !may(Role::Student, Deed::Remove));
    }
}

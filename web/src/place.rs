//! Where in the page somebody is, as the fragment of its address says.

/// One of the page's places. Each is drawn by a program of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// One's own sockets.
    #[default]
    Lab,
    /// The guided runs.
    Experiments,
    /// A class on the wire together.
    Room,
}

impl Place {
    /// Every place, in the order in which the navigation offers them.
    pub const ALL: [Place; 3] = [Place::Lab, Place::Experiments, Place::Room];

    /// The place of a fragment, with or without its `#`.
    pub fn of(fragment: &str) -> Self {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let is = |path: &str| {
            let rest = fragment.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        };
        if is("/experiments") {
            return Place::Experiments;
        }
        match ["/room", "/join", "/teach", "/view"].into_iter().any(is) {
            true => Place::Room,
            false => Place::Lab,
        }
    }

    /// Its name in the navigation.
    pub fn label(self) -> &'static str {
        match self {
            Place::Lab => "Lab",
            Place::Experiments => "Experiments",
            Place::Room => "Room",
        }
    }

    /// The fragment that leads there. The Lab puts its own settings in the place of its one.
    pub fn fragment(self) -> &'static str {
        match self {
            Place::Lab => "#/lab",
            Place::Experiments => "#/experiments",
            Place::Room => "#/room",
        }
    }

    /// The id of the element that it is drawn in.
    pub fn id(self) -> &'static str {
        match self {
            Place::Lab => "lab",
            Place::Experiments => "experiments",
            Place::Room => "room",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_where_its_own_link_leads() {
        for place in Place::ALL {
            assert_eq!(Place::of(place.fragment()), place);
        }
    }

    #[test]
    fn whatever_else_stands_in_the_address_is_the_labs() {
        for lab in [
            "",
            "#",
            "#target=udp&view=hex",
            "#/experimentsx",
            "#experiments",
            "#/rooms",
        ] {
            assert_eq!(Place::of(lab), Place::Lab, "{lab}");
        }
        for experiments in [
            "#/experiments/stream?seed=7",
            "/experiments?all",
            "#/experiments/",
        ] {
            assert_eq!(Place::of(experiments), Place::Experiments, "{experiments}");
        }
        for room in [
            "#/join/HKTPWN",
            "#/teach/0123/ab",
            "#/view/0123/ab",
            "#/room?x",
        ] {
            assert_eq!(Place::of(room), Place::Room, "{room}");
        }
    }
}

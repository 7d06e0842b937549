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

/// What the addresses of a room begin with: its lobby, and the links to it.
const ROOM: [&str; 4] = ["/room", "/join", "/teach", "/view"];

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
        match ROOM.into_iter().any(is) {
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

    /// What loads the programs has to know their places before any of them is there.
    #[test]
    fn the_start_script_knows_the_same_places() {
        let script = include_str!("../start.js");
        let words = script.lines().filter_map(|line| {
            let (word, id) = line.trim().strip_prefix("['")?.split_once("', '")?;
            Some((word, id.strip_suffix("'],")?))
        });
        let words: Vec<_> = words.collect();
        assert_eq!(words.len(), 1 + ROOM.len(), "{words:?}");
        for (word, id) in words {
            assert_eq!(Place::of(&format!("#/{word}")).id(), id);
        }
        for place in Place::ALL {
            let element = format!("<div id=\"{}\" hidden></div>", place.id());
            assert!(include_str!("../index.html").contains(&element));
        }
    }
}

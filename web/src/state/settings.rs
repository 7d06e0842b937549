//! How the page looks and what it shows: kept in the browser, or in the page's address.

use crate::bytes::View;
use crate::faults::{Chosen, Faults};
use crate::line_end::LineEnd;
use chalkwire_shared::fault::MAX_FAULTS;

/// The colours and sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Ink on paper.
    Light,
    /// Chalk on slate.
    Dark,
    /// Black and white.
    Contrast,
    /// Larger, for the back row.
    Projector,
}

impl Theme {
    /// Every theme, in the order in which they are offered.
    pub const ALL: [Theme; 5] = [
        Theme::System,
        Theme::Light,
        Theme::Dark,
        Theme::Contrast,
        Theme::Projector,
    ];

    /// Its name in storage and style sheets.
    pub fn key(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::Contrast => "contrast",
            Theme::Projector => "projector",
        }
    }

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Theme::System => "System",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
            Theme::Contrast => "High contrast",
            Theme::Projector => "Projector",
        }
    }

    /// The theme of that name.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.key() == key)
    }
}

/// What the second time of a row counts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// The row before.
    #[default]
    Before,
    /// The first row.
    First,
}

/// What the picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shows {
    /// Who sent what to whom, and when.
    #[default]
    Sequence,
    /// Where what was sent was cut, and where what was received.
    Bytes,
    /// The socket's states, as the kernel has them.
    Kernel,
}

impl Shows {
    /// Everything that it can show.
    pub const ALL: [Shows; 3] = [Shows::Sequence, Shows::Bytes, Shows::Kernel];

    /// Its name on the page.
    pub fn label(self) -> &'static str {
        match self {
            Shows::Sequence => "Sequence",
            Shows::Bytes => "Bytes",
            Shows::Kernel => "Kernel",
        }
    }
}

/// Which pane a phone shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Composer and latest rows.
    #[default]
    Send,
    /// The log with its filter.
    Log,
    /// The picture.
    Picture,
}

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The colours and sizes.
    pub theme: Theme,
    /// How bytes are shown in the log.
    pub view: View,
    /// What the second time of a row counts from.
    pub times: Times,
    /// Whether single keys are shortcuts.
    pub keys: bool,
    /// Whether the picture is unfolded.
    pub picture: bool,
    /// What the picture shows.
    pub shows: Shows,
    /// Which pane a phone shows.
    pub tab: Tab,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            theme: Theme::System,
            view: View::Text,
            times: Times::Before,
            keys: true,
            picture: true,
            shows: Shows::Sequence,
            tab: Tab::Send,
        }
    }
}

/// What a link to the page carries: never payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    /// The target.
    pub target: Option<String>,
    /// How bytes are shown.
    pub view: Option<View>,
    /// The line end.
    pub line_end: Option<LineEnd>,
    /// Whether the message is typed in hexadecimal.
    pub hex: Option<bool>,
    /// The times.
    pub times: Option<Times>,
    /// Whether the picture is unfolded.
    pub picture: Option<bool>,
    /// The theme: read, so that a teacher can hand out a projector link; never written.
    pub theme: Option<Theme>,
    /// What is done to sockets on purpose.
    pub faults: Faults,
}

impl Address {
    /// Reads a fragment, with or without its `#`; what is not understood is left out.
    pub fn read(fragment: &str) -> Self {
        let mut out = Address::default();
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        for (key, value) in fragment.split('&').filter_map(|it| it.split_once('=')) {
            match key {
                "target" if chalkwire_shared::target::is_target_name(value) => {
                    out.target = Some(value.to_owned());
                }
                "view" => out.view = View::ALL.into_iter().find(|it| view_key(*it) == value),
                "end" => out.line_end = LineEnd::ALL.into_iter().find(|it| end_key(*it) == value),
                "input" => out.hex = Some(value == "hex"),
                "times" => {
                    out.times = Some(if value == "first" {
                        Times::First
                    } else {
                        Times::Before
                    })
                }
                "picture" => out.picture = Some(value != "off"),
                "fault" => out.faults.list.extend(Chosen::from_text(value)),
                "seed" => out.faults.seed = value.parse().unwrap_or_default(),
                "theme" => out.theme = Theme::from_key(value),
                _ => {}
            }
        }
        out.faults.list.truncate(MAX_FAULTS);
        out
    }

    /// The fragment, with its `#`; what is as usual is left out.
    pub fn write(&self) -> String {
        let mut out = String::from("#");
        let mut put = |key: &str, value: &str| {
            if out.len() > 1 {
                out.push('&');
            }
            out.push_str(key);
            out.push('=');
            out.push_str(value);
        };
        if let Some(target) = &self.target {
            put("target", target);
        }
        if let Some(view) = self.view.filter(|it| *it != View::default()) {
            put("view", view_key(view));
        }
        if let Some(end) = self.line_end.filter(|it| *it != LineEnd::default()) {
            put("end", end_key(end));
        }
        if self.hex == Some(true) {
            put("input", "hex");
        }
        if self.times == Some(Times::First) {
            put("times", "first");
        }
        if self.picture == Some(false) {
            put("picture", "off");
        }
        for fault in &self.faults.list {
            put("fault", &fault.to_text());
        }
        if self.faults.seed != 0 {
            put("seed", &self.faults.seed.to_string());
        }
        out
    }
}

fn view_key(view: View) -> &'static str {
    match view {
        View::Text => "text",
        View::Hex => "hex",
        View::Escaped => "escaped",
    }
}

fn end_key(end: LineEnd) -> &'static str {
    match end {
        LineEnd::None => "none",
        LineEnd::Lf => "lf",
        LineEnd::CrLf => "crlf",
        LineEnd::Cr => "cr",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_comes_back_as_it_went() {
        let address = Address {
            target: Some("udp".to_owned()),
            view: Some(View::Hex),
            line_end: Some(LineEnd::None),
            hex: Some(true),
            times: Some(Times::First),
            picture: Some(false),
            theme: None,
            faults: Faults {
                list: vec![Chosen::from_text("loss,direction=to_target,percent=5").unwrap()],
                seed: 7,
            },
        };
        let text = "#target=udp&view=hex&end=none&input=hex&times=first&picture=off\
                    &fault=loss,direction=to_target,percent=5&seed=7";
        assert_eq!(address.write(), text);
        assert_eq!(Address::read(text), address);
        assert_eq!(Address::default().write(), "#");
        assert_eq!(
            Address::read("#theme=projector").theme,
            Some(Theme::Projector)
        );
    }

    proptest! {
        #[test]
        fn any_fragment_can_be_read(text: String) {
            let _ = Address::read(&text).write();
        }
    }
}

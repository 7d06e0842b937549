//! The experiments as data: what each asks, does, shows, and makes of what was observed.
//!
//! One file each. A new experiment is a file of its own and a line in [`ALL`]; the machinery is the
//! [`runner`], which performs the steps over a link and has no clock and no sockets of its own.

pub mod knob;
pub mod run;
pub mod runner;
pub mod settings;
pub mod step;
mod words;

mod datagram;
mod empty_read;
mod five_ways;
mod half_close;
mod hello;
mod idle_student;
mod lines;
mod listen_five;
mod loss;
mod non_blocking;
mod one_at_a_time;
mod one_shot;
mod refused;
mod stream;
mod unix;

pub use knob::{Knob, Range};
pub use run::Run;
pub use settings::Settings;
pub use step::Step;

/// An experiment.
#[derive(Clone, Copy, Debug)]
pub struct Experiment {
    /// Its place, counted from 1.
    pub number: u8,
    /// Its name in addresses: `stream`.
    pub slug: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What is done, in a sentence or two.
    pub about: &'static str,
    /// What the learner is asked before it is run.
    pub question: &'static str,
    /// What may be predicted.
    pub answers: [Answer; 3],
    /// What can be changed, to break it.
    pub knobs: &'static [Knob],
    /// What it shows, in short paragraphs, folded until it was run.
    pub explain: &'static [&'static str],
    /// Whether what comes out is Linux's way of doing it.
    pub linux: bool,
    /// The pictures, the most telling one first.
    pub pictures: &'static [PictureKind],
    /// What is done, in order.
    pub script: fn(&Settings) -> Vec<Step>,
    /// What the run shows. Use [`Experiment::finding`], which knows whether there is anything to see.
    pub check: fn(&Settings, &Run) -> Finding,
}

/// Something that may be predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The prediction.
    pub text: &'static str,
    /// Whether it is what people usually expect, and wrong.
    pub usual: bool,
}

impl Answer {
    const fn new(text: &'static str) -> Self {
        Answer { text, usual: false }
    }

    /// What people usually expect, and are wrong.
    const fn usual(text: &'static str) -> Self {
        Answer { text, usual: true }
    }
}

/// What a run is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PictureKind {
    /// Lifelines and arrows, for each socket of the run.
    Sequence,
    /// The bytes once, send cuts above, recv cuts below.
    Ruler,
    /// A bar a client; one axis for all servers.
    Gantt,
    /// Linked text and bytes, and the line buffer.
    Hex,
    /// How long the replies took, and how many took so long.
    Histogram,
    /// Calls or a socket's states over time.
    States,
    /// What became of an attempt, and what that means.
    DecisionTree,
}

/// What a run showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The answer that was right this time, counted from 0; `None` where what was observed fits none.
    pub answer: Option<usize>,
    /// The measured numbers, in a sentence or two.
    pub measured: String,
    /// Whether it came out as documented, which is told of the settings that the experiment starts
    /// with.
    pub holds: bool,
}

impl Finding {
    /// Of a run in which there was nothing to be seen.
    fn nothing() -> Self {
        Finding {
            answer: None,
            measured: "There is nothing to be seen in this run.".to_owned(),
            holds: false,
        }
    }
}

/// All experiments, in their order.
pub static ALL: [&Experiment; 15] = [
    &hello::HELLO,
    &stream::STREAM,
    &datagram::DATAGRAM,
    &lines::LINES_EXPERIMENT,
    &empty_read::EMPTY_READ,
    &one_at_a_time::ONE_AT_A_TIME,
    &listen_five::LISTEN_FIVE,
    &idle_student::IDLE_STUDENT,
    &five_ways::FIVE_WAYS,
    &refused::REFUSED_EXPERIMENT,
    &half_close::HALF_CLOSE,
    &loss::LOSS,
    &unix::UNIX,
    &one_shot::ONE_SHOT,
    &non_blocking::NON_BLOCKING,
];

impl Experiment {
    /// The experiment of that name.
    pub fn find(slug: &str) -> Option<&'static Experiment> {
        ALL.into_iter().find(|it| it.slug == slug)
    }

    /// What the run showed, or a sentence on why it shows nothing: a run that did not go to its end is
    /// no finding.
    pub fn finding(&self, run: &Run) -> Result<Finding, String> {
        match &run.end {
            Some(run::End::Finished) => Ok((self.check)(&run.settings, run)),
            Some(end) => Err(end.sentence()),
            None => Err("The run is not over yet.".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;

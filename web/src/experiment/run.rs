//! What was observed in a run: plain data, from which pictures, tables, checks and exports come.

use chalkwire_shared::id::SocketId;
use chalkwire_shared::job::{Call, ClientRun, Gauge, Job, JobEnd, JobId};
use chalkwire_shared::server::{ServerId, ServerOptions};

use super::settings::Settings;
use super::step::{Awaited, Slot};
use crate::model::{ClockMap, Entry};

pub mod drawn;
pub mod load;
mod observed;

/// A run, under way or over.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The experiment's name in addresses.
    pub slug: &'static str,
    /// What it was done with.
    pub settings: Settings,
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
    /// How the gateway's clock and the browser's are related.
    pub clock: Option<ClockMap>,
    /// The servers that it started.
    pub servers: Vec<ServerRun>,
    /// The sockets that it opened.
    pub sockets: Vec<SocketRun>,
    /// What the gateway did by itself.
    pub jobs: Vec<JobRun>,
    /// Numbered messages that were sent with retry.
    pub retried: Vec<Retried>,
    /// What was waited for and did not happen in time.
    pub unmet: Vec<Awaited>,
    /// Why there is no kernel's view, where it was asked for and can't be had.
    pub no_kernel_view: Option<String>,
    /// How it ended; `None` while it goes on.
    pub end: Option<End>,
}

impl Run {
    /// A run of which nothing was observed yet.
    pub fn new(slug: &'static str, settings: Settings) -> Self {
        Run {
            slug,
            settings,
            entries: Vec::new(),
            clock: None,
            servers: Vec::new(),
            sockets: Vec::new(),
            jobs: Vec::new(),
            retried: Vec::new(),
            unmet: Vec::new(),
            no_kernel_view: None,
            end: None,
        }
    }
}

/// A server of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerRun {
    /// Its number in the script.
    pub slot: Slot,
    /// What it is called in pictures.
    pub title: &'static str,
    /// Its number in the link.
    pub id: ServerId,
    /// What it is.
    pub options: ServerOptions,
    /// Where it listens; empty until it does.
    pub url: String,
}

/// A socket of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct SocketRun {
    /// Its number in the script.
    pub slot: Slot,
    /// What it is called in pictures.
    pub title: &'static str,
    /// Its number in the entries.
    pub id: SocketId,
    /// What to.
    pub target: String,
}

impl ServerRun {
    /// Its name as a target: `#3`.
    pub fn target(&self) -> String {
        format!("#{}", self.id.0)
    }
}

/// A job of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRun {
    /// Its number in the link.
    pub id: JobId,
    /// What was asked for.
    pub work: Job,
    /// The clients of a load, as they were done.
    pub clients: Vec<ClientRun>,
    /// The servers of a load over time.
    pub gauges: Vec<Gauge>,
    /// The calls, in order.
    pub calls: Vec<Call>,
    /// Steps done, of so many, while it goes on.
    pub progress: (u32, u32),
    /// How it ended, and why for a learner; `None` while it goes on.
    pub end: Option<(JobEnd, String)>,
}

/// A numbered message that was sent with retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    /// On which socket.
    pub socket: Slot,
    /// Its number.
    pub number: u32,
    /// How often it was sent.
    pub tries: u32,
    /// Whether a reply to it came.
    pub answered: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All its steps were done.
    Finished,
    /// Somebody stopped it.
    Cancelled,
    /// It took too long.
    TimeUp,
    /// The connection to the gateway dropped meanwhile.
    Interrupted,
    /// A step could not be done: a sentence.
    Failed(String),
}

impl End {
    /// What it means, for a learner.
    pub fn sentence(&self) -> String {
        match self {
            End::Finished => "The run went to its end.".to_owned(),
            End::Cancelled => "The run was stopped before its end: it shows nothing.".to_owned(),
            End::TimeUp => {
                "The run took too long and was stopped: it shows nothing. Run it again.".to_owned()
            }
            End::Interrupted => "The connection to the gateway dropped during the run: what came \
                                 out may be the drop's doing, so it is no finding. Run it again."
                .to_owned(),
            End::Failed(why) => format!("The run could not be done. {why}"),
        }
    }
}

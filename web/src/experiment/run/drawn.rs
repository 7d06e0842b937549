//! What pictures are drawn from that a run does not hold as it is: names, times, what was tried.

use chalkwire_shared::job::{ClientRun, Gauge, Job, Load, Outcome, Script};

use super::{JobRun, Run, ServerRun, SocketRun};
use crate::model::Entry;
use crate::pictures::latency::Series;
use crate::pictures::tree::{Answer, Tried};

/// One socket's entries. A server of the link's own is called that: its number says nothing.
pub fn entries_of(run: &Run, socket: &SocketRun) -> Vec<Entry> {
    let of = |it: &&Entry| it.socket == Some(socket.id);
    let mut entries: Vec<Entry> = run.entries.iter().filter(of).cloned().collect();
    for entry in &mut entries {
        if entry.target.starts_with('#') {
            "server".clone_into(&mut entry.target);
        }
    }
    entries
}

/// What came of everything that was tried.
pub fn tried(run: &Run) -> Vec<Tried> {
    let sockets = run.sockets.iter();
    let sockets = sockets.filter_map(|it| Tried::socket(it.title, &entries_of(run, it)));
    let calls = run.jobs.iter().filter_map(|job| match &job.work {
        Job::Calls(work) => Tried::calls(script(work.script), work.script, &job.calls),
        Job::Load(_) => None,
    });
    let loads = run.jobs.iter().flat_map(|job| {
        let Job::Load(load) = &job.work else {
            return Vec::new();
        };
        let tried = |it: &ClientRun| {
            let target = load.targets.get(usize::from(it.target))?;
            let server = server(run, target);
            let datagram = server.is_some_and(|it| it.options.kind.is_datagram());
            let answer = match it.outcome {
                Outcome::Done => Answer::Reply,
                Outcome::Refused => Answer::Refused,
                Outcome::ConnectTimeout => Answer::Timeout,
                Outcome::ReplyTimeout if datagram => Answer::Silence,
                Outcome::ReplyTimeout => Answer::NoReply,
                _ => return None,
            };
            let ms = it.end_us.saturating_sub(it.start_us) as f64 / 1_000.0;
            // The number first: where room is short, the end is cut.
            let name = format!("client {}, {}", it.client + 1, name(run, target));
            Some(Tried { name, answer, ms })
        };
        job.clients.iter().filter_map(tried).collect::<Vec<_>>()
    });
    sockets.chain(calls).chain(loads).collect()
}

/// What a script of calls is about.
pub fn script(script: Script) -> &'static str {
    match script {
        Script::Blocking => "A blocking socket",
        Script::NonBlocking => "A non-blocking socket",
        Script::UdpUnconnected => "UDP, not connected",
        Script::UdpConnected => "UDP, connected",
    }
}

fn server<'a>(run: &'a Run, target: &str) -> Option<&'a ServerRun> {
    run.servers.iter().find(|it| it.target() == target)
}

fn name(run: &Run, target: &str) -> String {
    server(run, target).map_or_else(|| target.to_owned(), |it| it.title.to_owned())
}

/// What a Gantt chart and a histogram of a load are drawn from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Its connections.
    pub clients: Vec<ClientRun>,
    /// Its servers over time.
    pub gauges: Vec<Gauge>,
    /// What its targets are called.
    pub names: Vec<String>,
    /// How long the replies took; of what is not to wait for its connection, how long that took.
    pub series: Vec<Series>,
}

/// The loads of a run. Two at the same servers differ in how they speak to them: they are one, each with a
/// name and a place of its own, so that they have one axis.
pub fn loads(run: &Run) -> Vec<Drawn> {
    let mut out: Vec<(&Load, Drawn)> = Vec::new();
    for job in &run.jobs {
        let Job::Load(load) = &job.work else {
            continue;
        };
        let of_same = |it: &&Load| it.targets == load.targets;
        let all = run.jobs.iter().filter_map(|it| match &it.work {
            Job::Load(load) => Some(load),
            Job::Calls(_) => None,
        });
        let names = match (all.filter(of_same).count(), load.one_shot) {
            (0 | 1, _) => load.targets.iter().map(|it| name(run, it)).collect(),
            (_, true) => vec!["a connection for each message".to_owned()],
            (_, false) => vec!["one connection".to_owned()],
        };
        let mut drawn = Drawn {
            clients: job.clients.clone(),
            gauges: job.gauges.clone(),
            series: spread(job, load, &names),
            names,
        };
        match out.iter_mut().find(|(it, _)| of_same(it)) {
            Some((_, first)) => first.append(&mut drawn),
            None => out.push((load, drawn)),
        }
    }
    out.into_iter().map(|(_, it)| it).collect()
}

impl Drawn {
    /// Puts another load's targets after these.
    fn append(&mut self, other: &mut Drawn) {
        let places = self.names.len() as u8;
        for it in &mut other.clients {
            it.target += places;
        }
        for it in &mut other.gauges {
            it.target += places;
        }
        self.clients.append(&mut other.clients);
        self.gauges.append(&mut other.gauges);
        self.names.append(&mut other.names);
        self.series.append(&mut other.series);
    }
}

fn spread(job: &JobRun, load: &Load, names: &[String]) -> Vec<Series> {
    let of = |(target, name): (usize, &String)| {
        let target = u8::try_from(target).ok()?;
        let series = match load.nonblocking {
            true => Series::connects(&job.clients, target, name),
            false => Series::replies(&job.clients, target, name),
        };
        (!series.ms.is_empty()).then_some(series)
    };
    names.iter().enumerate().filter_map(of).collect()
}

//! What pictures are drawn from that a run does not hold as it is: names, times, what was tried.

use chalkwire_shared::job::{ClientRun, Job, Load, Outcome, Script};

use super::{JobRun, Run};
use crate::model::Entry;
use crate::pictures::latency::Series;
use crate::pictures::tree::{Answer, Tried};

/// What came of everything that was tried.
pub fn tried(run: &Run) -> Vec<Tried> {
    let sockets = run.sockets.iter().filter_map(|socket| {
        let of = |it: &&Entry| it.socket == Some(socket.id);
        let entries: Vec<Entry> = run.entries.iter().filter(of).cloned().collect();
        Tried::socket(socket.title, &entries)
    });
    let calls = run.jobs.iter().filter_map(|job| match &job.work {
        Job::Calls(work) => Tried::calls(script(work.script), &job.calls),
        Job::Load(_) => None,
    });
    let loads = run.jobs.iter().flat_map(|job| {
        let Job::Load(load) = &job.work else {
            return Vec::new();
        };
        let names = names(run, load);
        let name = |it: &ClientRun| {
            let server = names.get(usize::from(it.target)).map_or("", String::as_str);
            format!("{server}, client {}", it.client + 1)
        };
        let tried = |it: &ClientRun| {
            let answer = match it.outcome {
                Outcome::Done => Answer::Reply,
                Outcome::Refused => Answer::Refused,
                Outcome::ConnectTimeout => Answer::Timeout,
                Outcome::ReplyTimeout => Answer::Silence,
                _ => return None,
            };
            let ms = it.end_us.saturating_sub(it.start_us) as f64 / 1_000.0;
            let name = name(it);
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

/// What the targets of a load are called.
pub fn names(run: &Run, load: &Load) -> Vec<String> {
    let name = |target: &String| {
        let server = run.servers.iter().find(|it| it.target() == *target);
        server.map_or_else(|| target.clone(), |it| it.title.to_owned())
    };
    load.targets.iter().map(name).collect()
}

/// How long the replies took; of what is not to wait for its connection, how long that took.
pub fn spread(job: &JobRun, load: &Load, names: &[String]) -> Vec<Series> {
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

//! Questions that checks ask of a load: many clients, done by the gateway.

use chalkwire_shared::job::{ClientRun, Gauge, Outcome};

use super::{JobRun, Run};

/// What became of the clients at one of a load's servers.
#[derive(Clone, Copy, Debug)]
pub struct Crowd<'a> {
    job: &'a JobRun,
    target: u8,
}

impl Run {
    /// What became of the clients of a job, at its server of that place, both counted from 0.
    pub fn crowd(&self, job: usize, target: u8) -> Option<Crowd<'_>> {
        Some(Crowd {
            job: self.jobs.get(job)?,
            target,
        })
    }
}

impl<'a> Crowd<'a> {
    /// Its connections, in the order of the clients and, of one client, of its connections.
    pub fn runs(self) -> Vec<&'a ClientRun> {
        let clients = self.job.clients.iter();
        let mut runs: Vec<_> = clients.filter(|it| it.target == self.target).collect();
        runs.sort_by_key(|it| (it.client, it.connection));
        runs
    }

    /// How many connections ended so.
    pub fn count(self, outcome: Outcome) -> usize {
        self.runs()
            .iter()
            .filter(|it| it.outcome == outcome)
            .count()
    }

    /// When the first client called `connect`, in µs.
    pub fn start_us(self) -> u64 {
        let starts = self.runs().into_iter().map(|it| it.start_us);
        starts.min().unwrap_or_default()
    }

    /// When each reply was there, counted from the first client's `connect`, in ms, soonest first.
    pub fn replies_ms(self) -> Vec<f64> {
        let start = self.start_us();
        let runs = self.runs();
        let messages = runs.iter().flat_map(|it| &it.messages);
        let mut replies: Vec<f64> = messages
            .filter_map(|it| it.reply_us)
            .map(|it| it.saturating_sub(start) as f64 / 1_000.0)
            .collect();
        replies.sort_by(f64::total_cmp);
        replies
    }

    /// When the last reply was there, counted from the first client's `connect`, in ms.
    pub fn last_reply_ms(self) -> Option<f64> {
        self.replies_ms().last().copied()
    }

    /// How long each successful `connect` took, in ms.
    pub fn connects_ms(self) -> Vec<f64> {
        self.runs()
            .into_iter()
            .filter_map(|it| Some(it.connected_us?.saturating_sub(it.start_us)))
            .map(|us| us as f64 / 1_000.0)
            .collect()
    }

    /// How the server was, over time.
    pub fn gauges(self) -> impl Iterator<Item = &'a Gauge> {
        let target = self.target;
        self.job.gauges.iter().filter(move |it| it.target == target)
    }

    /// The most connections that waited for `accept`; `None` where the kernel does not say.
    pub fn most_waiting(self) -> Option<u32> {
        self.gauges().filter_map(|it| it.waiting).max()
    }

    /// The most threads and processes that served at once.
    pub fn workers(self) -> (u32, u32) {
        let threads = self.gauges().map(|it| it.threads).max();
        let processes = self.gauges().map(|it| it.processes).max();
        (threads.unwrap_or_default(), processes.unwrap_or_default())
    }
}

/// The middle one of some numbers; `None` of none.
pub fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

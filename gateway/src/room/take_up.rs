//! Taking rooms up from the log when the gateway starts.

use std::path::Path;
use std::sync::Arc;

use chalkwire_shared::room::{Code, RoomEvent, RoomId, State};
use futures_util::future::join_all;

use super::inside::Inside;
use super::page::text_of;
use super::{Common, Keys, Room, Rooms};
use crate::core::Core;
use crate::log::{self, Health, Log, LogError, NotRead, NotSaved, UNSAVED, Why};

/// What is read of the log at once, in bytes of text.
const READ_BYTES: usize = 1 << 20;

/// So many of the last events are at hand when somebody comes.
const AT_HAND: u64 = 100;

/// Why a room was not taken up. It stays in the file as it is.
#[derive(Debug, thiserror::Error)]
enum NotTakenUp {
    #[error("its name or code is none")]
    Name,
    #[error(transparent)]
    NotRead(#[from] NotRead),
    #[error("it can't be read: {0}")]
    Text(#[from] serde_json::Error),
    #[error(transparent)]
    Gap(#[from] chalkwire_shared::room::Gap),
}

impl Rooms {
    /// Opens the log in a directory, and takes its rooms up. Who was there when the program ended is
    /// there still, for as long as a member without a connection is, and then away.
    ///
    /// # Errors
    /// [`LogError`] where the log can't be used.
    pub async fn open(core: &Core, directory: &Path, kept: bool) -> Result<Self, LogError> {
        let common = Common::new(
            core.config.rooms.clone(),
            core.clock,
            core.metrics.clone(),
            core.tasks.clone(),
        );
        Self::open_with(common, directory, kept).await
    }

    pub(super) async fn open_with(
        common: Common,
        directory: &Path,
        kept: bool,
    ) -> Result<Self, LogError> {
        let (log, found) = Log::open(directory, &common.metrics)?;
        Ok(Self::take_all_up(common, log, found, kept).await)
    }

    /// The rooms of a log that is open.
    pub(super) async fn take_all_up(
        common: Common,
        log: Log,
        found: Vec<log::Kept>,
        kept: bool,
    ) -> Self {
        let rooms = Rooms::empty(common, log, kept);
        let common = &rooms.common;
        let now_ms = common.now_us() / 1_000;
        let idle_ms = common.idle_us() / 1_000;
        let (found, expired): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|room| room.used_ms.saturating_add(idle_ms) > now_ms);
        for room in expired {
            // Nobody waits for it.
            drop(room.transcript.end());
            tracing::info!(room = %room.room.room, "a room has expired");
        }
        let taken = join_all(found.into_iter().map(|room| take_up(common.clone(), room))).await;
        for room in taken.into_iter().flatten() {
            rooms.insert(room);
        }
        rooms
    }
}

async fn take_up(common: Arc<Common>, found: log::Kept) -> Option<Arc<Room>> {
    let name = found.room.room.clone();
    match room_of(common, found).await {
        Ok(None) => {
            tracing::info!(room = %name, "a room has ended");
            None
        }
        Ok(Some(room)) => {
            let members = room.lock().state.members.len();
            let counted = i64::try_from(members).unwrap_or(0);
            room.common.metrics.room_members.inc_by(counted);
            tracing::info!(room = %name, members, "a room was taken up");
            Some(room)
        }
        Err(error) => {
            tracing::error!(room = %name, %error, "a room was not taken up");
            None
        }
    }
}

/// `None` where it has ended.
async fn room_of(common: Arc<Common>, found: log::Kept) -> Result<Option<Arc<Room>>, NotTakenUp> {
    let id = RoomId::read(&found.room.room).ok_or(NotTakenUp::Name)?;
    let code = Code::read(&found.room.code).ok_or(NotTakenUp::Name)?;
    let transcript = found.transcript;
    let mut state = match transcript.snapshot_kept().await? {
        Some((_, text)) => serde_json::from_str(&text)?,
        None => State::new(id.clone()),
    };
    let snapshot = state.facts.offset;
    loop {
        let lines = transcript.read(state.facts.offset, READ_BYTES).await?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            state.apply(&serde_json::from_str::<RoomEvent>(&line.text)?)?;
        }
    }
    if state.facts.ended {
        // The gateway died before the log heard of it. Nobody waits for it.
        drop(transcript.end());
        return Ok(None);
    }
    let (epoch, health) = match transcript.begin_epoch().await {
        Ok(begun) => (begun.epoch, Health::Saving),
        Err(error) => {
            tracing::warn!(room = %id, %error, "a room is taken up and not saved");
            let why = match error {
                NotSaved::Disk(why) => why,
                NotSaved::Refused(_) | NotSaved::Taken => Why::Other,
            };
            (UNSAVED, Health::NotSaving(why))
        }
    };
    let now_us = common.now_us();
    let last = state.facts.offset;
    let here: Vec<_> = state
        .members
        .values()
        .filter(|it| it.here)
        .map(|it| it.member)
        .collect();
    let mut inside = Inside::new(state, epoch, &found.tokens, &common);
    inside.saving = super::saving::Progress::after(snapshot);
    let presence_us = common.presence_us();
    for member in here {
        inside.lease(member, now_us.saturating_add(presence_us));
    }
    inside.begin_ring(
        &transcript
            .read(last.saturating_sub(AT_HAND), READ_BYTES)
            .await?,
    );
    inside.empty_us = found.used_ms.saturating_mul(1_000).min(now_us);
    let keys = Keys {
        code,
        teach: found.room.teach_hash,
        view: found.room.view_hash,
    };
    let room = Room::new(id, keys, common, transcript, inside);
    // Sees to what is due; the notice is there for who comes first.
    room.with(|room, inside| room.look_at_the_log(inside, health));
    Ok(Some(room))
}

impl Inside {
    /// The last events of the log are at hand, as if they had happened now.
    fn begin_ring(&mut self, lines: &[log::Line]) {
        let events = lines
            .iter()
            .map(|line| serde_json::from_str::<RoomEvent>(&line.text));
        let Ok(events) = events.collect::<Result<Vec<_>, _>>() else {
            return;
        };
        let Some(first) = events.first() else { return };
        let follow = events.windows(2).all(|two| two[0].offset == two[1].prev);
        let ends = events.last().map(|event| event.offset) == Some(self.state.facts.offset);
        if !follow || !ends {
            return;
        }
        self.ring.begin(first.prev);
        for event in &events {
            self.ring.push(event, &text_of(event), &self.kept);
        }
        self.ring.seal(&self.kept);
        self.announced = self.ring.last();
    }
}

//! Every bound of the service in one place. Each has a test that hits it.

use std::time::Duration;

use sharxi_engine::units::Millis;

/// Bytes of one WebSocket message or one HTTP body.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Bytes of one HTTP body with traffic.
pub const TRAFFIC_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of the file with speeds by hour of the week.
pub const WEEK_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of a command id and of a client's name.
pub const ID_BYTES_MAX: usize = 64;
/// Connections served at a time; further ones wait in the kernel's backlog.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Inputs waiting for the core; a command beyond it is answered `overloaded`.
pub const QUEUE_MAX: usize = 4_096;
/// Inputs waiting for the core at which a question is answered `overloaded`; the rest of the queue is for commands.
pub const QUESTIONS_QUEUE_MAX: usize = 256;
/// Inputs waiting for the core at which a new ride is answered `overloaded`; the rest of the queue is for what is under way.
pub const REQUESTS_QUEUE_MAX: usize = 2_048;
/// New rides that the core holds back for what is under way; a further one is answered `overloaded`.
pub const REQUESTS_WAITING_MAX: usize = 1_024;
/// For how long a new ride is held back; then it is answered `overloaded`.
pub const REQUEST_WAIT_MAX: Duration = Duration::from_secs(2);
/// Wall time after which no further held-back ride is taken in the same turn of the core: so many times what the journal's last sync took …
pub const TURN_SYNCS: u32 = 8;
/// … but at least this long …
pub const TURN_BUDGET_MIN: Duration = Duration::from_millis(2);
/// … and at most this long.
pub const TURN_BUDGET_MAX: Duration = Duration::from_millis(20);
/// Inputs taken in one turn of the core, and hence the commands that share one sync of the journal.
pub const BATCH_MAX: usize = 256;
/// Questions and greetings in one turn of the core; each may cost milliseconds.
pub const LOOKS_MAX: usize = 16;
/// Messages waiting for one slow reader; at the next one it is dropped.
pub const OUTBOX_MESSAGES_MAX: usize = 4_096;
/// Bytes waiting for one slow reader; beyond it the reader is dropped. A single snapshot may be larger.
pub const OUTBOX_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Events kept for clients that resume.
pub const RING_EVENTS_MAX: usize = 16_384;
/// Missed events that a client gets when it resumes; who missed more gets a snapshot. Half of an outbox, so that what
/// happens meanwhile has room as well.
pub const RESUME_EVENTS_MAX: usize = OUTBOX_MESSAGES_MAX / 2;
/// Bytes of missed events, likewise.
pub const RESUME_BYTES_MAX: usize = OUTBOX_BYTES_MAX / 2;
/// Ended rides that a rider's snapshot shows: the newest this many; older ones are told by name.
pub const ENDED_RIDES_SHOWN_MAX: usize = 100;
/// Bytes of a snapshot written with one batch, so that nobody waits long for it.
pub const SNAPSHOT_PART_BYTES: usize = 256 * 1024;
/// What the commands after a snapshot may have taken before the next one begins, so that a start does not take longer …
pub const REPLAY_MAX: Duration = Duration::from_secs(3);
/// … and how many there must be.
pub const SNAPSHOT_RECORDS_MIN: u64 = 500;
/// Parts of one snapshot.
pub const SNAPSHOT_PARTS_MAX: u32 = 4_096;
/// Snapshots kept: the newest this many.
pub const SNAPSHOTS_KEPT: usize = 3;
/// Rows removed at a time from what is older than the retention.
pub const PRUNE_ROWS_MAX: usize = 4_000;
/// Days for which records and ended rides are kept, at most (ten years).
pub const KEEP_DAYS_MAX: u32 = 3_660;
/// Bytes of a journal whose pages are all checked before anything else; those of a larger one are checked beside.
pub const CHECK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes kept for the journal where the disk is full, so that accepted rides go on.
pub const RESERVE_BYTES: u64 = 32 * 1024 * 1024;
/// Free space below which new rides are refused.
pub const ROOM_BYTES_MIN: u64 = 32 * 1024 * 1024;
/// How long the core waits for space once the reserve is used up as well, and between two looks.
pub const ROOM_PATIENCE: Duration = Duration::from_secs(30);
/// See [`ROOM_PATIENCE`].
pub const ROOM_PAUSE: Duration = Duration::from_millis(250);
/// Command ids remembered for repeats: at least the newest this many.
pub const DEDUPE_IDS_MAX: usize = 100_000;
/// Questions to the roads that are worked out or wait for it; a further one is answered `overloaded`.
pub const QUERIES_MAX: usize = 64;
/// Bytes of the body of a question to the roads.
pub const QUERY_BYTES_MAX: usize = 1024 * 1024;
/// Points of one table.
pub const TABLE_POINTS_MAX: usize = 5_000;
/// Cells of one table of times, and of one with distances, each of which is a path.
pub const TABLE_CELLS_MAX: usize = 250_000;
/// See [`TABLE_CELLS_MAX`].
pub const DISTANCE_CELLS_MAX: usize = 25_000;
/// Minutes of an isochrone, and how many at a time.
pub const ISOCHRONE_MINUTES_MAX: u32 = 60;
/// See [`ISOCHRONE_MINUTES_MAX`].
pub const ISOCHRONES_MAX: usize = 6;
/// The finest grid of an isochrone, in metres.
pub const ISOCHRONE_CELL_M_MIN: u32 = 25;
/// Positions of one drive to be matched.
pub const MATCH_FIXES_MAX: usize = 2_000;
/// Metres from a point to the nearest road that may be driven.
pub const SNAP_MAX_M: f64 = 1_000.0;
/// Bytes of encoded tiles kept, with [`TILE_ENTRY_BYTES`] for each.
pub const TILE_CACHE_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Bytes that a tile takes besides its contents.
pub const TILE_ENTRY_BYTES: usize = 128;
/// Highest zoom for which tiles are cut.
pub const TILE_ZOOM_MAX: u8 = 18;
/// Longest wait that the live figures tell apart, in seconds.
pub const WAIT_S_MAX: usize = 4 * 3600;
/// Bytes of a file with zones, and zones and points in it.
pub const ZONE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// See [`ZONE_BYTES_MAX`].
pub const ZONES_MAX: usize = 16;
/// See [`ZONE_BYTES_MAX`].
pub const ZONE_POINTS_MAX: usize = 20_000;
/// Cells of open data in which waits are counted.
pub const CELLS_MAX: usize = 10_000;
/// Settlements that coverage looks at once a minute: the largest.
pub const COVERAGE_PLACES_MAX: usize = 1_000;
/// Bytes of an address that a query gives.
pub const ADDRESS_BYTES_MAX: usize = 500;
/// Allowed origins in the configuration.
pub const ORIGINS_MAX: usize = 64;

/// Bytes of the body of a login.
pub const LOGIN_BYTES_MAX: u64 = 4 * 1024;
/// Tickets that have been issued and not shown.
pub const TICKETS_MAX: usize = 4_096;
/// For how long a ticket is good.
pub const TICKET_TTL: Duration = Duration::from_secs(30);
/// Passwords that are checked at a time; each takes 19 MiB while it is.
pub const PASSWORDS_AT_A_TIME: usize = 2;
/// Users or addresses whose pace is remembered, of each kind.
pub const RATE_KEYS_MAX: usize = 50_000;
/// Addresses of trusted proxies in the configuration.
pub const PROXIES_MAX: usize = 64;

/// Read and write buffer of one socket.
pub const SOCKET_BUFFER_BYTES: usize = 4 * 1024;
/// Shortest wall time between two ticks of the core.
pub const TICK_PAUSE: Duration = Duration::from_millis(10);
/// Wall time between two `positions` and two `kpi` messages.
pub const BEAT: Duration = Duration::from_secs(1);
/// Wall time for which a reported position counts as where the vehicle is.
pub const POSITION_FRESH: Duration = Duration::from_secs(10);
/// Wall time between two reports of a vehicle that are matched to the road though nobody looks.
pub const MATCH_PAUSE: Duration = Duration::from_millis(500);
/// Wall time after a vehicle's last report for which its reports are remembered for the next match.
pub const REPORTS_KEPT: Duration = Duration::from_secs(300);
/// How far a journal may be ahead of the wall clock without a word.
pub const CLOCK_AHEAD_MAX: Millis = Millis::from_secs(60);
/// How far the wall clock has to be ahead of the service's for the latter to catch up: less is only drift.
pub const CLOCK_BEHIND_MAX: Millis = Millis::from_secs(1);
/// Searches over the plans of several vehicles for those who only wonder what a ride would be like: as many as requests may start.
pub const QUOTE_SEARCHES: Rate = Rate { one_per: Duration::from_millis(200), burst: 5 };
/// What `retry_after_s` says.
pub const RETRY_AFTER_S: u32 = 2;
/// What it says where the disk is full.
pub const STORAGE_RETRY_AFTER_S: u32 = 30;

/// How long a peer may take for what; tests use shorter ones.
#[derive(Clone, Debug)]
pub struct Deadlines {
    /// From the connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its header.
    pub header: Duration,
    /// For a whole HTTP request.
    pub request: Duration,
    /// From the upgrade to `hello`.
    pub hello: Duration,
    /// Between two pings.
    pub ping_every: Duration,
    /// Without a single byte that the peer takes of what is written to it.
    pub write: Duration,
    /// Without a single frame from the peer.
    pub silence: Duration,
    /// From the order to stop until connections are cut.
    pub drain: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            header: Duration::from_secs(5),
            request: Duration::from_secs(10),
            hello: Duration::from_secs(10),
            ping_every: Duration::from_secs(20),
            write: Duration::from_secs(10),
            silence: Duration::from_secs(50),
            drain: Duration::from_secs(3),
        }
    }
}

/// A pace: so many at once, and then one every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Time until one more is allowed.
    pub one_per: Duration,
    /// How many at once after a rest.
    pub burst: u32,
}

/// Who may ask how often, where people have to prove who they are; tests use others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Requests of an address that has shown nothing good.
    pub stranger: Rate,
    /// Passwords tried by an address, and for an account.
    pub login: Rate,
    /// Commands of a rider.
    pub rider: Rate,
    /// Commands and positions of a vehicle.
    pub vehicle: Rate,
    /// Commands of a dispatcher or operator.
    pub staff: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            stranger: Rate { one_per: Duration::from_millis(50), burst: 200 },
            login: Rate { one_per: Duration::from_secs(6), burst: 10 },
            rider: Rate { one_per: Duration::from_millis(500), burst: 20 },
            vehicle: Rate { one_per: Duration::from_millis(100), burst: 60 },
            staff: Rate { one_per: Duration::from_millis(20), burst: 200 },
        }
    }
}
/// Between two searches for better plans while nobody wants anything. Each is `policy.improvement_tests` insertion tests long.
pub const IMPROVE_PAUSE: Duration = Duration::from_millis(25);

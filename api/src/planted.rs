//! Bugs that can be planted, to see that the storm (`sharxi-sim storm`) finds them. Only a build with the feature
//! `planted` has them; in all others [`is`] is `false` for the compiler already.

#[cfg(feature = "planted")]
use std::cell::Cell;

/// A bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Commands are answered and told before they are durable.
    AnswerBeforeSync,
    /// A command that comes again is carried out again.
    ForgetDuplicates,
    /// After a restart the commands answered before are forgotten.
    ForgetAnswersAtRestart,
    /// The last record is left out when the journal is read again.
    LoseLastRecord,
    /// Who comes back is not told the first event that it missed.
    SkipMissedEvent,
    /// Events are told twice.
    TellTwice,
    /// Events go to riders whom they do not concern.
    TellEverybody,
    /// Anybody may call off any ride.
    CancelForOthers,
    /// A vehicle has one seat more than it says.
    OneSeatMore,
    /// Wheelchairs are taken for seats.
    IgnoreWheelchairs,
    /// Riders are told a pickup two minutes earlier than the one that is kept.
    PromiseEarlier,
    /// Nobody is told that a promise is at risk or broken.
    SilentLateness,
    /// The core does nothing of its own accord.
    NeverTick,
    /// After a restart event numbers begin again where the snapshot was taken.
    ReuseEventNumbers,
    /// After a restart it is not known who asked for which ride.
    ForgetOwners,
    /// Vehicles are not told when their plan changes.
    KeepPlansSecret,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::AnswerBeforeSync,
        Self::ForgetDuplicates,
        Self::ForgetAnswersAtRestart,
        Self::LoseLastRecord,
        Self::SkipMissedEvent,
        Self::TellTwice,
        Self::TellEverybody,
        Self::CancelForOthers,
        Self::OneSeatMore,
        Self::IgnoreWheelchairs,
        Self::PromiseEarlier,
        Self::SilentLateness,
        Self::NeverTick,
        Self::ReuseEventNumbers,
        Self::ForgetOwners,
        Self::KeepPlansSecret,
    ];
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plants a bug, or none, in the service that runs on this thread.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this bug is planted here.
#[cfg(feature = "planted")]
#[must_use]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether this bug is planted here: never, in a build without the feature `planted`.
#[cfg(not(feature = "planted"))]
#[must_use]
pub const fn is(_bug: Bug) -> bool {
    false
}

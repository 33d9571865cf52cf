//! One number for a whole state, to compare a replayed dispatcher with the one that was journaled.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// Hash with fixed keys; integers in native byte order, so equal on machines of one byte order.
pub(super) fn of(value: &impl Hash) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(0, 0);
    value.hash(&mut hasher);
    hasher.finish()
}

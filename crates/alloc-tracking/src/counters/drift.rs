//! What one thread has not yet told the others of the [levels](Levels).

use core::sync::atomic::{AtomicU32, Ordering};

use super::level::{Amount, Level, Levels};

/// Bits of the lower lane of a word, which is for bytes. The upper one is for blocks.
const LANE: u32 = 20;

/// How far a drift goes before it is told.
pub(super) const FAR: Amount = Amount {
    bytes: 64 << 10,
    blocks: 1024,
};

/// Of [`FAR`], how high a drift gets before it is told.
const fn high_of(far: isize) -> isize {
    far / 2
}

/// The largest block that is counted on the usual way.
pub(super) const USUAL: usize = 1 << (LANE - 2);

/// The bits of each lane that are 0 in a room: what is less than nothing has some of them, and so
/// has [`FAR`] or more.
const OUTSIDE: u32 = !pack(Amount {
    bytes: FAR.bytes - 1,
    blocks: FAR.blocks - 1,
});

/// A room with which nothing goes on as usual: with a block more and with one less it is outside.
const NO_ROOM: u32 = 1 << (u32::BITS - 1);

const _: () = assert!(FAR.bytes.cast_unsigned().is_power_of_two());
const _: () = assert!(FAR.blocks.cast_unsigned().is_power_of_two());
// No lane overflows, and what is negative in one has its highest bit.
const _: () = assert!(FAR.bytes.cast_unsigned() + USUAL < 1 << (LANE - 1));
const _: () = assert!(FAR.blocks.cast_unsigned() + 2 < 1 << (u32::BITS - LANE - 1));

/// By how much one thread has changed the levels since it last told, and how high it was meanwhile.
///
/// Bytes and blocks are two lanes of one word. Kept is not the drift but the *room* that is left below
/// the highest one: then one subtraction and a test of some bits tell that a rise goes on as usual in
/// both lanes, and one addition and a test of the same bits that a fall does.
///
/// ```text
///      FAR / 2 ─┬─ above it everything is told
///               │
///         high ─┼─ above it a new height is noticed
///               │ ╲
///               │   room
///               │ ╱
///        drift ─┤
///               │
///   high - FAR ─┴─ from here on everything is told
/// ```
///
/// - D1: each lane of `room` is between 0 and [`FAR`], not included, and each of `high` between 0 and half
///   of it. Both words are written by one thread at a time.
/// - D2: no drift since the thread last told was higher than `high`, or it was no new peak; and `high`
///   is one of these drifts, or below the peak of all.
#[derive(Debug)]
pub(super) struct Drift {
    room: AtomicU32,
    high: AtomicU32,
}

impl Drift {
    #[cfg(feature = "std")]
    pub(super) const fn new() -> Self {
        Self {
            room: AtomicU32::new(0),
            high: AtomicU32::new(0),
        }
    }

    /// One for which nothing [goes on as usual](Self::risen).
    pub(super) const fn vacant() -> Self {
        Self {
            room: AtomicU32::new(NO_ROOM),
            high: AtomicU32::new(0),
        }
    }

    /// The room, to be [set](Self::set), after so many blocks, at most one, and bytes, at most
    /// [`USUAL`], came in, if that goes on as usual: no new height.
    #[inline]
    pub(super) fn risen(&self, blocks: u32, bytes: usize) -> Option<u32> {
        let room = self
            .room
            .load(Ordering::Relaxed)
            .wrapping_sub(word(blocks, bytes));
        // D1, and the assertions above: if the lower lane is not outside, nothing was borrowed from
        // the upper one.
        (room & OUTSIDE == 0).then_some(room)
    }

    /// The room, to be [set](Self::set), when so many blocks, at most one, and bytes, at most
    /// [`USUAL`], go, if that goes on as usual: nothing has to be told.
    #[inline]
    pub(super) fn fallen(&self, blocks: u32, bytes: usize) -> Option<u32> {
        // D1, and the assertions above: nothing is carried into the upper lane.
        let room = self
            .room
            .load(Ordering::Relaxed)
            .wrapping_add(word(blocks, bytes));
        (room & OUTSIDE == 0).then_some(room)
    }

    #[inline]
    pub(super) fn set(&self, room: u32) {
        self.room.store(room, Ordering::Relaxed);
    }

    /// Changes by any amount.
    pub(super) fn change(&self, by: Amount, levels: &Levels) {
        let (drift, high) = self.read();
        let now = drift.plus(by);
        let bytes = Lane::of(now.bytes, high.bytes, FAR.bytes, &levels.bytes);
        let blocks = Lane::of(now.blocks, high.blocks, FAR.blocks, &levels.blocks);
        self.write(&bytes, &blocks, levels);
    }

    /// Tells everything, and forgets how high it was: the peaks have begun again.
    #[cfg(feature = "std")]
    pub(super) fn restart(&self, levels: &Levels) {
        let (drift, _) = self.read();
        let bytes = Lane::told(drift.bytes, FAR.bytes, &levels.bytes);
        let blocks = Lane::told(drift.blocks, FAR.blocks, &levels.blocks);
        self.write(&bytes, &blocks, levels);
    }

    fn write(&self, bytes: &Lane, blocks: &Lane, levels: &Levels) {
        let join = |lane: fn(&Lane) -> isize| Amount {
            bytes: lane(bytes),
            blocks: lane(blocks),
        };
        self.set(pack(join(|lane| lane.high - lane.now)));
        let high = pack(join(|lane| lane.high));
        self.high.store(high, Ordering::Relaxed);
        // After that: whoever adds up meanwhile misses something, rather than seeing it twice.
        levels.tell(join(|lane| lane.told));
    }

    /// The drift, and the highest one.
    pub(super) fn read(&self) -> (Amount, Amount) {
        let room = unpack(self.room.load(Ordering::Relaxed));
        let high = unpack(self.high.load(Ordering::Relaxed));
        (high.plus(room.negative()), high)
    }

    /// Forgets everything; the levels have their peaks. Nobody else has this at the time.
    pub(super) fn clear(&self) {
        self.set(0);
        self.high.store(0, Ordering::Relaxed);
    }
}

/// What becomes of one lane.
struct Lane {
    now: isize,
    high: isize,
    /// What is to be added to the level.
    told: isize,
}

impl Lane {
    /// A lane that has come to `now` and was at most at `high` before. It is told if it is `far`.
    fn of(now: isize, high: isize, far: isize, level: &Level) -> Self {
        let higher = high.max(now);
        if higher <= high_of(far) && higher.saturating_sub(now) < far {
            let (high, told) = (higher, 0);
            return Self { now, high, told };
        }
        // The peak of what the thread did alone, before that is forgotten. It is exact if no other
        // thread told anything since.
        level.note(level.now().wrapping_add(high));
        Self::told(now, far, level)
    }

    /// A lane that tells that it has come to `now`.
    fn told(now: isize, far: isize, level: &Level) -> Self {
        // D2: what stays below the peak of all threads is no new one.
        let to_peak = level.peak().wrapping_sub(level.now().wrapping_add(now));
        Self {
            now: 0,
            high: to_peak.clamp(0, high_of(far)),
            told: now,
        }
    }
}

/// So many blocks and bytes as a word. Of more bytes than [`USUAL`] it keeps some bits.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is not usual nobody asks for"
)]
#[inline]
const fn word(blocks: u32, bytes: usize) -> u32 {
    blocks << LANE | bytes as u32
}

/// An amount within [`FAR`], none of it negative, as a word.
#[expect(
    clippy::cast_possible_truncation,
    reason = "FAR is in the range of a lane"
)]
const fn pack(amount: Amount) -> u32 {
    word(
        amount.blocks.cast_unsigned() as u32,
        amount.bytes.cast_unsigned(),
    )
}

/// The amount that a word stands for.
#[expect(clippy::cast_possible_wrap, reason = "lanes are shorter than words")]
const fn unpack(word: u32) -> Amount {
    Amount {
        bytes: (word % (1 << LANE)) as isize,
        blocks: (word >> LANE) as isize,
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    /// What all threads have, and had at most, if this drift is the only one.
    fn sums(drift: &Drift, levels: &Levels) -> [(isize, isize); 2] {
        let (now, high) = drift.read();
        let sum =
            |level: &Level, now, high| (level.now() + now, level.peak().max(level.now() + high));
        [
            sum(&levels.bytes, now.bytes, high.bytes),
            sum(&levels.blocks, now.blocks, high.blocks),
        ]
    }

    /// Allocates or frees a block as the counters do. Returns whether it went on as usual.
    fn step(drift: &Drift, levels: &Levels, size: usize, up: bool) -> bool {
        let usual = if up {
            drift.risen(1, size)
        } else {
            drift.fallen(1, size)
        };
        let usual = usual.filter(|_| size <= USUAL);
        if let Some(now) = usual {
            drift.set(now);
        } else {
            let by = Amount::block(size);
            drift.change(if up { by } else { by.negative() }, levels);
        }
        usual.is_some()
    }

    /// Levels and peaks that are kept apart agree after each step: nothing in between is lost, and
    /// neither lane disturbs the other.
    #[test]
    fn one_drift_alone_is_exact() {
        let (drift, levels) = (Drift::new(), Levels::new());
        let (mut blocks, mut bytes, mut peaks) = (std::vec::Vec::new(), 0, [0, 0]);
        let (mut usual, mut seed) = (0, 1_u32);
        let rounds = if cfg!(miri) { 100 } else { 30_000 };
        for round in 0..rounds {
            seed = seed.wrapping_mul(0x9E37_79B1).rotate_left(9) ^ round;
            let size = match seed % 40 {
                0 => USUAL - 1 + (seed >> 8) as usize % 4,
                1..4 => 20_000,
                _ => seed as usize % 50 + 1,
            };
            // Waves, so that both lanes go far.
            let up = (seed >> 8) % 8 < if round / 5000 % 2 == 0 { 5 } else { 3 };
            if up {
                usual += usize::from(step(&drift, &levels, size, true));
                bytes += size.cast_signed();
                blocks.push(size);
            } else if let Some(size) = blocks.pop() {
                usual += usize::from(step(&drift, &levels, size, false));
                bytes -= size.cast_signed();
            }
            let live = [bytes, blocks.len().cast_signed()];
            peaks = [peaks[0].max(live[0]), peaks[1].max(live[1])];
            assert_eq!(sums(&drift, &levels), [0, 1].map(|i| (live[i], peaks[i])));
            let (now, _) = drift.read();
            assert!(now.bytes.abs() <= FAR.bytes && now.blocks.abs() <= FAR.blocks);
            if seed.is_multiple_of(1009) {
                levels.bytes.restart(now.bytes);
                levels.blocks.restart(now.blocks);
                drift.restart(&levels);
                peaks = live;
            }
        }
        assert!(usual > rounds as usize / 8, "{usual}");
        assert!(cfg!(miri) || usual < rounds as usize - 1000, "{usual}");
    }

    #[test]
    fn a_vacant_one_lets_nothing_pass() {
        let vacant = Drift::vacant();
        for (blocks, bytes) in [(0, 0), (0, 1), (0, USUAL), (1, 1), (1, USUAL)] {
            assert_eq!(vacant.risen(blocks, bytes), None);
            assert_eq!(vacant.fallen(blocks, bytes), None);
        }
    }

    #[test]
    fn below_the_peak_of_all_a_thread_goes_on_as_usual() {
        let (drift, levels) = (Drift::new(), Levels::new());
        let large = 1 << 20;
        assert!(!step(&drift, &levels, large, true));
        assert!(!step(&drift, &levels, 1, true));
        step(&drift, &levels, 1, false);
        step(&drift, &levels, large, false);
        // Two blocks were live once.
        assert!(step(&drift, &levels, 1000, true));
        assert!(step(&drift, &levels, 1000, true));
        assert!(!step(&drift, &levels, 1000, true));
        assert_eq!(
            sums(&drift, &levels),
            [(3000, large.cast_signed() + 1), (3, 3)]
        );
    }

    /// No block is so large that counting it would panic.
    #[test]
    fn huge_amounts_wrap_at_most() {
        let (drift, levels) = (Drift::new(), Levels::new());
        let huge = Amount::block(isize::MAX.cast_unsigned());
        for by in [
            huge,
            huge,
            huge.negative(),
            huge.negative(),
            huge.negative(),
        ] {
            drift.change(Amount::block(1), &levels);
            drift.change(by, &levels);
            let (now, _) = drift.read();
            assert!(now.bytes.abs() <= FAR.bytes && now.blocks.abs() <= FAR.blocks);
        }
    }

    // Thousands of steps without unsafe code.
    #[cfg(not(miri))]
    #[test]
    fn what_is_far_is_told() {
        let (drift, levels) = (Drift::new(), Levels::new());
        for _ in 0..=high_of(FAR.blocks) {
            step(&drift, &levels, 1, true);
        }
        assert_eq!(
            (levels.bytes.now(), levels.blocks.now()),
            (0, high_of(FAR.blocks) + 1)
        );
        step(&drift, &levels, high_of(FAR.bytes).cast_unsigned(), true);
        assert_eq!(
            levels.bytes.now(),
            high_of(FAR.bytes) + high_of(FAR.blocks) + 1
        );
        let told = levels.blocks.now();
        for _ in 0..=FAR.blocks {
            step(&drift, &levels, 1, false);
        }
        assert!(levels.blocks.now() < told - FAR.blocks / 2);
    }
}

//! What one thread has not yet told the others of the [levels](Levels).

use core::sync::atomic::{AtomicUsize, Ordering};

use super::level::{Amount, Level, Levels};

/// Bits of a lane: a word has one for bytes, the lower, and one for blocks.
const LANE: u32 = usize::BITS / 2;

/// How far a drift goes before it is told. (Where words are short so are lanes.)
pub(super) const FAR: Amount = Amount {
    bytes: if LANE < 32 { 8 << 10 } else { 64 << 10 },
    blocks: 1024,
};

/// The largest block that is counted on the usual way.
pub(super) const USUAL: usize = 1 << (LANE - 3);

/// One block, and no bytes.
const BLOCK: usize = 1 << LANE;

/// The highest bit of each lane.
const SIGNS: usize = (BLOCK | 1) << (LANE - 1);

// No lane overflows, and the highest bit of a difference is its sign.
const _: () = assert!(2 * FAR.bytes.cast_unsigned() + USUAL < 1 << (LANE - 1));
const _: () = assert!(2 * FAR.blocks.cast_unsigned() + 1 < 1 << (LANE - 1));

/// By how much one thread has changed the levels since it last told, and how high it was meanwhile.
///
/// Bytes and blocks are two lanes of one word. A drift of 0 is kept as [`FAR`], so that no lane is
/// negative. Then one addition, one subtraction and a test of the two signs tell that a rise goes on
/// as usual in both, and a fall likewise.
///
/// - D1: `now` is written by one thread at a time, and each lane lies between 0 and twice [`FAR`].
/// - D2: `high` lies in the same range, and is not below `now` unless the peak was restarted since. No
///   higher value that `now` had since the thread last told would have been a peak, or `high` is
///   that value. It is lowered by whoever restarts the peak, and apart from that written as `now` is.
///   If the two meet, either may win: what the thread writes is a value that it had at the restart
///   or has had since.
#[derive(Debug)]
pub(super) struct Drift {
    now: AtomicUsize,
    high: AtomicUsize,
}

impl Drift {
    #[cfg(feature = "std")]
    pub(super) const fn new() -> Self {
        Self {
            now: AtomicUsize::new(pack(Amount::NONE)),
            high: AtomicUsize::new(pack(Amount::NONE)),
        }
    }

    /// One for which nothing [goes on as usual](Self::risen).
    pub(super) const fn vacant() -> Self {
        Self {
            now: AtomicUsize::new(0),
            high: AtomicUsize::new(0),
        }
    }

    /// What is to be [set](Self::set) after a block of `size` bytes, at most [`USUAL`], was
    /// allocated, if that goes on as usual: both lanes stay below what they were once.
    #[inline]
    pub(super) fn risen(&self, size: usize) -> Option<usize> {
        let now = self.now.load(Ordering::Relaxed).wrapping_add(BLOCK | size);
        let room = self.high.load(Ordering::Relaxed).wrapping_sub(now);
        // D1, and the assertions above: the sign of the lower lane is right, and if it is not set,
        // nothing was borrowed from the upper one.
        (room & SIGNS == 0).then_some(now)
    }

    /// What is to be [set](Self::set) when a block of `size` bytes, at most [`USUAL`], is freed, if
    /// that goes on as usual: no lane becomes negative.
    #[inline]
    pub(super) fn fallen(&self, size: usize) -> Option<usize> {
        let now = self.now.load(Ordering::Relaxed).wrapping_sub(BLOCK | size);
        // As above.
        (now & SIGNS == 0).then_some(now)
    }

    #[inline]
    pub(super) fn set(&self, now: usize) {
        self.now.store(now, Ordering::Relaxed);
    }

    /// Changes by any amount.
    pub(super) fn change(&self, by: Amount, levels: &Levels) {
        let now = unpack(self.now.load(Ordering::Relaxed)).plus(by);
        let high = unpack(self.high.load(Ordering::Relaxed));
        let bytes = Lane::of(now.bytes, high.bytes, FAR.bytes, &levels.bytes);
        let blocks = Lane::of(now.blocks, high.blocks, FAR.blocks, &levels.blocks);
        let join = |lane: fn(&Lane) -> isize| Amount {
            bytes: lane(&bytes),
            blocks: lane(&blocks),
        };
        self.set(pack(join(|lane| lane.now)));
        let high = pack(join(|lane| lane.high));
        self.high.store(high, Ordering::Relaxed);
        // After that: whoever adds up meanwhile misses something, rather than seeing it twice.
        levels.tell(join(|lane| lane.told));
    }

    /// The drift, and by how much it was higher.
    pub(super) fn look(&self) -> (Amount, Amount) {
        let now = unpack(self.now.load(Ordering::Relaxed));
        let high = unpack(self.high.load(Ordering::Relaxed));
        let higher = Amount {
            bytes: (high.bytes - now.bytes).max(0),
            blocks: (high.blocks - now.blocks).max(0),
        };
        (now, higher)
    }

    /// Forgets everything; the levels have their peaks. Nobody else has this at the time.
    pub(super) fn clear(&self) {
        self.set(pack(Amount::NONE));
        self.high.store(pack(Amount::NONE), Ordering::Relaxed);
    }

    /// Lets whatever comes next be noticed as higher than before.
    pub(super) fn restart(&self) {
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
    /// A lane that has come to `now` and was at most at `high` before. It is told if it is far.
    fn of(now: isize, high: isize, far: isize, level: &Level) -> Self {
        if now.unsigned_abs() <= far.unsigned_abs() {
            let high = high.max(now);
            return Self { now, high, told: 0 };
        }
        // The peak of what the thread did alone, before that is forgotten. It is exact if no other
        // thread told anything since.
        level.note(level.now().wrapping_add(high));
        // D2: what stays below the peak of all threads is no new one.
        let to_peak = level.peak().wrapping_sub(level.now().wrapping_add(now));
        Self {
            now: 0,
            high: to_peak.clamp(0, far),
            told: now,
        }
    }
}

/// A drift as a word.
const fn pack(drift: Amount) -> usize {
    let bytes = (drift.bytes + FAR.bytes).cast_unsigned();
    let blocks = (drift.blocks + FAR.blocks).cast_unsigned();
    blocks << LANE | bytes
}

/// The drift that a word stands for.
const fn unpack(word: usize) -> Amount {
    Amount {
        bytes: (word % BLOCK).cast_signed() - FAR.bytes,
        blocks: (word >> LANE).cast_signed() - FAR.blocks,
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    /// What all threads have, and had at most, if this drift is the only one.
    fn sums(drift: &Drift, levels: &Levels) -> [(isize, isize); 2] {
        let (now, higher) = drift.look();
        let sum = |level: &Level, now: isize, higher| {
            let now = level.now() + now;
            (now, level.peak().max(now + higher))
        };
        [
            sum(&levels.bytes, now.bytes, higher.bytes),
            sum(&levels.blocks, now.blocks, higher.blocks),
        ]
    }

    /// Allocates or frees a block as the counters do. Returns whether it went on as usual.
    fn step(drift: &Drift, levels: &Levels, size: usize, up: bool) -> bool {
        let usual = if up {
            drift.risen(size)
        } else {
            drift.fallen(size)
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
        let rounds = if cfg!(miri) { 300 } else { 30_000 };
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
            let (now, _) = drift.look();
            assert!(now.bytes.abs() <= FAR.bytes && now.blocks.abs() <= FAR.blocks);
            if seed.is_multiple_of(1009) {
                drift.restart();
                levels.bytes.restart(now.bytes);
                levels.blocks.restart(now.blocks);
                peaks = live;
            }
        }
        assert!(usual > rounds as usize / 8, "{usual}");
        assert!(cfg!(miri) || usual < rounds as usize - 1000, "{usual}");
    }

    #[test]
    fn a_vacant_one_lets_nothing_pass() {
        let vacant = Drift::vacant();
        for size in [1, 2, USUAL] {
            assert_eq!((vacant.risen(size), vacant.fallen(size)), (None, None));
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

    #[test]
    fn what_is_far_is_told() {
        let (drift, levels) = (Drift::new(), Levels::new());
        for _ in 0..=FAR.blocks {
            step(&drift, &levels, 1, true);
        }
        assert_eq!((levels.bytes.now(), levels.blocks.now()), (0, 1025));
        step(&drift, &levels, FAR.bytes.cast_unsigned(), true);
        assert_eq!(levels.bytes.now(), FAR.bytes + 1025);
        for _ in 0..FAR.blocks + 2 {
            step(&drift, &levels, 1, false);
        }
        assert_eq!((levels.blocks.now(), drift.look().0.blocks), (0, 0));
    }
}

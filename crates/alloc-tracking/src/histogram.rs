//! Blocks by their size.

use core::fmt;
use core::ops::RangeInclusive;

/// Classes of sizes: one for each bit of a size.
pub(crate) const CLASSES: usize = usize::BITS as usize;

/// How many blocks were allocated of which size: one class for each power of two.
///
/// Counted are the same allocations as in [`Stats::allocations`](crate::Stats::allocations), each by
/// the size that was asked for. A block that grows or shrinks stays in the class that it was
/// allocated in.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "alloc")] {
/// use alloc_tracking::{Tracking, alloc_core::{Global, boxed::Box}};
///
/// let heap = Tracking::new(Global);
/// drop([Box::new_in([0_u8; 20], &heap), Box::new_in([0_u8; 20], &heap)]);
/// drop(Box::new_in([0_u8; 100], &heap));
///
/// let sizes = heap.histogram();
/// assert_eq!(sizes.of(20), 2);
/// assert!(sizes.iter().eq([(16..=31, 2), (64..=127, 1)]));
/// println!("{sizes}");
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Histogram {
    /// The class of a size is the place of its highest bit.
    classes: [usize; CLASSES],
}

impl Histogram {
    pub(crate) const fn new(classes: &[usize; CLASSES]) -> Self {
        Self { classes: *classes }
    }

    /// How many blocks there were in the class of `size`; none for a size of 0.
    pub fn of(&self, size: usize) -> usize {
        size.checked_ilog2()
            .map_or(0, |class| self.classes[class as usize])
    }

    /// How many blocks there were of all sizes.
    pub fn blocks(&self) -> usize {
        let add = |sum: usize, &blocks| sum.wrapping_add(blocks);
        self.classes.iter().fold(0, add)
    }

    /// The classes that have blocks, from small to large: sizes, and how many blocks there were.
    pub fn iter(&self) -> impl Iterator<Item = (RangeInclusive<usize>, usize)> {
        let classes = self.classes.iter().enumerate();
        classes.filter(|class| *class.1 > 0).map(|(bit, &blocks)| {
            let smallest = 1 << bit;
            (smallest..=smallest + (smallest - 1), blocks)
        })
    }
}

/// No blocks at all.
impl Default for Histogram {
    fn default() -> Self {
        Self::new(&[0; CLASSES])
    }
}

/// One line per class that has blocks: the smallest and the largest size, and how many blocks.
impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.iter().last().map_or(0, |(sizes, _)| *sizes.end());
        let (size, blocks) = (digits(last), digits(self.blocks()));
        for (i, (sizes, count)) in self.iter().enumerate() {
            let begin = if i > 0 { "\n" } else { "" };
            let (smallest, largest) = sizes.into_inner();
            write!(
                f,
                "{begin}{smallest:>size$} to {largest:>size$} bytes  {count:>blocks$}"
            )?;
        }
        Ok(())
    }
}

/// The classes that have blocks, as a map.
impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// How many decimal digits a number has.
pub(crate) fn digits(n: usize) -> usize {
    n.checked_ilog10().map_or(1, |log| log as usize + 1)
}

#[cfg(all(test, feature = "alloc"))]
mod tests {
    use super::{CLASSES, Histogram};
    use alloc::format;

    fn example() -> Histogram {
        let mut classes = [0; CLASSES];
        (classes[0], classes[6], classes[CLASSES - 1]) = (3, 12, 1);
        Histogram::new(&classes)
    }

    #[test]
    fn classes_are_powers_of_two() {
        let sizes = example();
        assert_eq!(
            [0, 1, 2, 63, 64, 127, 128].map(|size| sizes.of(size)),
            [0, 3, 0, 0, 12, 12, 0]
        );
        assert_eq!(sizes.of(usize::MAX), 1);
        assert_eq!(sizes.blocks(), 16);
        let ends = sizes.iter().map(|(sizes, _)| sizes.into_inner());
        assert!(ends.eq([(1, 1), (64, 127), (1 << (CLASSES - 1), usize::MAX)]));
    }

    #[test]
    fn columns_line_up() {
        let mut classes = [0; CLASSES];
        (classes[2], classes[6]) = (3, 12);
        let text = format!("{}", Histogram::new(&classes));
        assert_eq!(text, "  4 to   7 bytes   3\n 64 to 127 bytes  12");
        assert_eq!(
            format!("{:?}", Histogram::new(&classes)),
            "{4..=7: 3, 64..=127: 12}"
        );
        assert_eq!(format!("{}", Histogram::default()), "");
    }
}

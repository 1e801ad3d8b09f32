//! Programs of operations on an allocator, decoded from bytes, and the model that they are checked against.

use std::collections::BTreeMap;

use alloc_core::{Allocator, Layout};

use crate::session::{Block, MOST, Resize, Session, layout};
use crate::{Limits, Upstream, Violation};

/// Blocks that a program holds at one time at most.
const HELD: usize = 64;
/// Bytes of one operation.
const OP: usize = 4;

/// One operation. A `slot` names one of the blocks that are allocated then, counted modulo their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// Allocates.
    Allocate(Layout),
    /// Allocates zeroed memory.
    AllocateZeroed(Layout),
    /// Frees a block, with the layout that was asked for or, with `longest`, with the returned length.
    Deallocate {
        /// Which block.
        slot: u8,
        /// Whether the returned length is the size it is freed with.
        longest: bool,
    },
    /// Grows a block to a layout, whose size is added to that of the block.
    Grow {
        /// Which block.
        slot: u8,
        /// How many bytes come to it, and the new alignment.
        by: Layout,
    },
    /// Grows a block as [`Grow`](Op::Grow) does, with zeroes.
    GrowZeroed {
        /// Which block.
        slot: u8,
        /// How many bytes come to it, and the new alignment.
        by: Layout,
    },
    /// Shrinks a block to `part` 255ths of its size.
    Shrink {
        /// Which block.
        slot: u8,
        /// How much is left of it.
        part: u8,
        /// The new alignment.
        align: usize,
    },
}

/// A sequence of operations on an allocator.
///
/// Any bytes are a program, which is what a fuzzer or a generator of random values needs. Four
/// bytes are an operation: the kind, two for size or slot, one for the alignment.
///
/// # Examples
///
/// ```
/// use alloc_conformance::{Limits, Program};
/// use alloc_core::Global;
///
/// let program = Program::from_bytes(b"any bytes at all are a program");
/// assert!(!program.ops().is_empty());
/// program.run(&Global, &Limits::any())?;
/// # Ok::<(), alloc_conformance::Violation>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    ops: Vec<Op>,
}

impl Program {
    /// Decodes bytes. Up to three bytes at the end are left over.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (ops, _) = bytes.as_chunks::<OP>();
        Self {
            ops: ops.iter().map(|&op| Op::decode(op)).collect(),
        }
    }

    /// The operations in their order.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// Runs the program on `alloc`, compares every answer with the model, and frees what is left.
    ///
    /// The model knows of each block where it lies, how long it is, and every byte in it.
    ///
    /// # Errors
    ///
    /// The first violation, of the law `programs`. Blocks may be left allocated then.
    ///
    /// # Complexity
    ///
    /// Linear in the number of operations and in the bytes that they ask for.
    pub fn run<A: Allocator>(&self, alloc: &A, limits: &Limits) -> Result<(), Violation> {
        self.run_in(Session::new("programs", alloc, limits))
    }

    /// Runs the program on an allocator over an upstream that may fail: errors are excused by its failures.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn run_over<A: Allocator>(
        &self,
        upstream: &Upstream,
        alloc: &A,
        limits: &Limits,
    ) -> Result<(), Violation> {
        self.run_in(Session::new("programs", alloc, limits).excused_by(upstream))
    }

    fn run_in<A: Allocator>(&self, session: Session<'_, A>) -> Result<(), Violation> {
        let mut model = Model {
            session,
            held: Vec::new(),
            places: BTreeMap::new(),
        };
        for (index, &op) in self.ops.iter().enumerate() {
            model
                .execute(index, op)
                .map_err(|v| v.with_context(&format!("; at operation {index}, {op:?}")))?;
        }
        while !model.held.is_empty() {
            model.deallocate(0, false)?;
        }
        Ok(())
    }
}

impl Op {
    fn decode([kind, a, b, c]: [u8; OP]) -> Self {
        let asked = layout_of(a, b, c);
        match kind % 8 {
            0 | 1 => Self::Allocate(asked),
            2 => Self::AllocateZeroed(asked),
            3 => Self::Deallocate {
                slot: a,
                longest: b % 2 == 1,
            },
            4 => Self::Grow {
                slot: a,
                by: layout_of(a, b, c),
            },
            5 => Self::GrowZeroed {
                slot: a,
                by: layout_of(a, b, c),
            },
            6 => Self::Shrink {
                slot: a,
                part: b,
                align: asked.align(),
            },
            _ => Self::Deallocate {
                slot: b,
                longest: a % 2 == 1,
            },
        }
    }
}

/// Decodes a layout: mostly small, sometimes nothing, rarely more than there is.
fn layout_of(a: u8, b: u8, c: u8) -> Layout {
    let align = match c {
        255 => 1 << 20,
        254 => 1 << 16,
        _ => 1 << (c % 8),
    };
    let size = match b {
        255 => isize::MAX as usize - (align - 1) - usize::from(a),
        240..=254 => 0,
        _ => usize::from(a) << (b % 6),
    };
    layout(size, align)
}

/// What is allocated, as the operations so far have it.
struct Model<'a, A> {
    session: Session<'a, A>,
    held: Vec<Block>,
    /// The end of each block of at least one byte, by its start.
    places: BTreeMap<usize, usize>,
}

impl<A: Allocator> Model<'_, A> {
    fn execute(&mut self, index: usize, op: Op) -> Result<(), Violation> {
        match op {
            Op::Allocate(asked) => self.allocate(index, asked, false),
            Op::AllocateZeroed(asked) => self.allocate(index, asked, true),
            Op::Deallocate { slot, longest } => self.deallocate(usize::from(slot), longest),
            Op::Grow { slot, by } => self.grow(index, Resize::Grow, slot, by),
            Op::GrowZeroed { slot, by } => self.grow(index, Resize::GrowZeroed, slot, by),
            Op::Shrink { slot, part, align } => self.shrink(index, slot, part, align),
        }
    }

    fn allocate(&mut self, seed: usize, asked: Layout, zeroed: bool) -> Result<(), Violation> {
        if self.held.len() == HELD {
            return Ok(());
        }
        let session = &mut self.session;
        let block = if zeroed {
            session.allocate_zeroed(asked)?
        } else {
            session.allocate(asked)?
        };
        let Some(mut block) = block else {
            return Ok(());
        };
        self.take(&block)?;
        if zeroed && block.non_zero_from(0).is_some() {
            return Err(self
                .session
                .broken(format!("{} is not zeroed", block.describe())));
        }
        block.fill(seed);
        self.held.push(block);
        Ok(())
    }

    fn deallocate(&mut self, slot: usize, longest: bool) -> Result<(), Violation> {
        let Some(index) = slot.checked_rem(self.held.len()) else {
            return Ok(());
        };
        let block = self.held.swap_remove(index);
        self.intact(&block, block.len)?;
        self.places.remove(&block.addr());
        let size = if longest && block.layout.size() > 0 {
            block.len
        } else {
            block.layout.size()
        };
        let fitting = layout(size, block.layout.align());
        self.session.free_as(block, fitting);
        Ok(())
    }

    fn grow(&mut self, seed: usize, how: Resize, slot: u8, by: Layout) -> Result<(), Violation> {
        let Some(index) = usize::from(slot).checked_rem(self.held.len()) else {
            return Ok(());
        };
        let old = self.held[index].layout.size();
        let Some(size) = old.checked_add(by.size()) else {
            return Ok(());
        };
        let Ok(new) = Layout::from_size_align(size, by.align()) else {
            return Ok(());
        };
        self.resize(seed, how, index, new)
    }

    fn shrink(&mut self, seed: usize, slot: u8, part: u8, align: usize) -> Result<(), Violation> {
        let Some(index) = usize::from(slot).checked_rem(self.held.len()) else {
            return Ok(());
        };
        let size = self.held[index].layout.size() * usize::from(part) / 255;
        self.resize(seed, Resize::Shrink, index, layout(size, align))
    }

    fn resize(
        &mut self,
        seed: usize,
        how: Resize,
        index: usize,
        new: Layout,
    ) -> Result<(), Violation> {
        let mut block = self.held.swap_remove(index);
        self.intact(&block, block.len)?;
        let (old, place) = (block.layout.size(), block.addr());
        if self.session.resize(how, &mut block, new)? {
            self.places.remove(&place);
            self.take(&block)?;
            self.intact(&block, old.min(new.size()))?;
            if how == Resize::GrowZeroed && block.non_zero_from(old).is_some() {
                return Err(self
                    .session
                    .broken(format!("{} is not zeroed from {old} on", block.describe())));
            }
            block.fill(seed);
        } else {
            self.intact(&block, block.len)?;
        }
        self.held.push(block);
        Ok(())
    }

    /// Takes a new block into the model: aligned, long enough, overlapping no other.
    fn take(&mut self, block: &Block) -> Result<(), Violation> {
        let what = || block.describe();
        if block.len > MOST {
            return Err(self
                .session
                .broken(format!("{} is longer than memory", what())));
        }
        if !block.addr().is_multiple_of(block.layout.align()) {
            return Err(self.session.broken(format!("{} is not aligned", what())));
        }
        if block.len < block.layout.size() {
            return Err(self.session.broken(format!("{} is too short", what())));
        }
        if block.len == 0 {
            return Ok(());
        }
        let (start, end) = (block.addr(), block.addr() + block.len);
        // Blocks do not overlap one another, so the last one that starts before the end is the only
        // one that can reach in.
        if self
            .places
            .range(..end)
            .next_back()
            .is_some_and(|(_, &other)| other > start)
        {
            return Err(self
                .session
                .broken(format!("{} overlaps another block", what())));
        }
        self.places.insert(start, end);
        Ok(())
    }

    /// The first `len` bytes are as they were written.
    fn intact(&self, block: &Block, len: usize) -> Result<(), Violation> {
        let Some(i) = block.mismatch(len) else {
            return Ok(());
        };
        Err(self
            .session
            .broken(format!("byte {i} of {} changed", block.describe())))
    }
}

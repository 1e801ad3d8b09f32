//! The list of frames, followed with distrust.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU8, Ordering};

/// A frame is two words: the caller's frame, and the address to return to.
pub(super) const FRAME: usize = 2 * size_of::<usize>();
/// No code lies below this address: it is the first page at least, which is never mapped.
const FIRST_CODE: usize = 4096;
/// Nor beyond this one, on a machine whose addresses have 48 bits.
const LAST_CODE: usize = usize::MAX >> (usize::BITS / 4);

/// Where the calling function stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Here {
    /// What is in the register of the frame pointer: anything.
    pub(super) frame: usize,
    /// The stack pointer.
    pub(super) stack: usize,
}

/// The return addresses of a stack, the innermost first.
///
/// - I1: every address from `low` to `end` is mapped: it lies on the stack of the thread that made
///   this, beyond its stack pointer at that time. The thread is still there, and so is the function
///   that this was made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::profiler) struct Frames {
    frame: usize,
    low: usize,
    end: usize,
    left: usize,
    /// I1: stays with its thread.
    thread: PhantomData<*const ()>,
}

impl Frames {
    /// Of no stack.
    pub(in crate::profiler) const NONE: Self = Self {
        frame: 0,
        low: 0,
        end: 0,
        left: 0,
        thread: PhantomData,
    };

    /// At most `depth` frames of a stack that reaches up to `end`.
    ///
    /// # Safety
    ///
    /// I1: the stack pointer of `here` is that of the calling thread, or lies beyond it, on a stack that is mapped up to
    /// `end`, as long as this is used. `end` is no less than the size of a frame.
    #[inline]
    pub(super) unsafe fn new(here: Here, end: usize, depth: usize) -> Self {
        Self {
            frame: here.frame,
            low: here.stack,
            end,
            left: depth,
            thread: PhantomData,
        }
    }
}

impl Iterator for Frames {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let frame = self.frame;
        // `end` is the end of a stack and so no less than the size of a frame, or `left` is 0.
        let plausible = self.left > 0
            && frame >= self.low
            && frame <= self.end - FRAME
            && frame.is_multiple_of(align_of::<usize>());
        if !plausible {
            return None;
        }
        // SAFETY: I1; it is aligned, and both words lie from `low` on and below `end`.
        let (caller, address) = unsafe { read(frame) };
        if !may_be_code(address) {
            return None;
        }
        *self = Self {
            frame: caller,
            low: frame + FRAME,
            end: self.end,
            left: self.left - 1,
            thread: PhantomData,
        };
        Some(address)
    }
}

/// Whether there can be code at an address.
#[inline]
pub(super) fn may_be_code(address: usize) -> bool {
    (FIRST_CODE..=LAST_CODE).contains(&address)
}

const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const PRESENT: u8 = 2;

/// Whether frames are where they should be in this program.
#[inline]
pub(super) fn probe() -> bool {
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    // Relaxed: who finds no answer gets the same one.
    match ANSWER.load(Ordering::Relaxed) {
        PRESENT => true,
        ABSENT => false,
        _ => {
            let answer = arch::called_with_a_frame();
            ANSWER.store(if answer { PRESENT } else { ABSENT }, Ordering::Relaxed);
            answer
        }
    }
}

pub(super) use arch::{here, read};

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
))]
mod arch {
    use super::super::bounds::Bounds;
    use super::{Frames, Here};
    use core::arch::asm;

    /// The registers.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "the registers of the calling function are wanted"
    )]
    pub(in super::super) fn here() -> Here {
        let (frame, stack): (usize, usize);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: copies two registers.
        unsafe {
            asm!("mov {}, rbp", "mov {}, rsp", lateout(reg) frame, lateout(reg) stack,
                options(nomem, nostack, preserves_flags));
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: copies two registers.
        unsafe {
            asm!("mov {}, x29", "mov {}, sp", lateout(reg) frame, lateout(reg) stack,
                options(nomem, nostack, preserves_flags));
        }
        Here { frame, stack }
    }

    /// The two words of a frame.
    ///
    /// They may belong to any variable of any function on that stack, so they are read by machine
    /// instructions, which the rules of the language for such variables do not concern.
    ///
    /// # Safety
    ///
    /// Two words are mapped there, and the address is aligned for one.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "two instructions")]
    pub(in super::super) unsafe fn read(frame: usize) -> (usize, usize) {
        let (caller, address): (usize, usize);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the caller's promise; nothing is written.
        unsafe {
            asm!("mov {caller}, [{frame}]", "mov {address}, [{frame} + 8]",
                frame = in(reg) frame, caller = out(reg) caller, address = lateout(reg) address,
                options(readonly, nostack, preserves_flags));
        }
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the caller's promise; nothing is written.
        unsafe {
            asm!("ldp {caller}, {address}, [{frame}]",
                frame = in(reg) frame, caller = out(reg) caller, address = out(reg) address,
                options(readonly, nostack, preserves_flags));
        }
        (caller, address)
    }

    /// Whether a call of this very crate leaves a frame that leads back to the caller.
    #[cold]
    pub(super) fn called_with_a_frame() -> bool {
        let bounds = Bounds::of_thread();
        // SAFETY: the stack of this thread, on which it is now, ends there.
        bounds.contain(here().stack) && unsafe { outer(bounds.end()) }
    }

    /// Longer than the machine code of [`outer`].
    const CODE: usize = 512;

    /// Calls, and does something afterwards, so that the call is one.
    ///
    /// # Safety
    ///
    /// `end` is the end of the stack that the calling thread is on.
    #[inline(never)]
    unsafe fn outer(end: usize) -> bool {
        let begin = (outer as unsafe fn(usize) -> bool as *const ()).addr();
        // SAFETY: the caller's promise.
        let returns_to = core::hint::black_box(unsafe { inner(end) });
        returns_to.is_some_and(|address| (begin..begin + CODE).contains(&address))
    }

    /// Where this function returns to, by its frame.
    ///
    /// A function may put off making its frame until it needs one. This one calls, and so needs it.
    ///
    /// # Safety
    ///
    /// As for [`outer`].
    #[inline(never)]
    unsafe fn inner(end: usize) -> Option<usize> {
        nothing();
        // SAFETY: the caller's promise; this function is on that stack as long as the walk lasts.
        let address = unsafe { Frames::new(here(), end, 1) }.next();
        core::hint::black_box(address)
    }

    #[inline(never)]
    fn nothing() {
        core::hint::black_box(());
    }
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    not(miri)
)))]
mod arch {
    use super::Here;

    pub(in super::super) fn here() -> Here {
        Here { frame: 0, stack: 0 }
    }

    /// # Safety
    ///
    /// None.
    pub(in super::super) unsafe fn read(_: usize) -> (usize, usize) {
        (0, 0)
    }

    pub(super) fn called_with_a_frame() -> bool {
        false
    }
}

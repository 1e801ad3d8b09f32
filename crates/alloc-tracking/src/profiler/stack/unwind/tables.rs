//! A walk by tables.

mod libraries;

use core::arch::asm;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::boxed::Box;

use framehop::{FrameAddress, MustNotAllocateDuringUnwind, Unwinder as _};

use crate::budget::Budget;
use crate::profiler::hooks::AbortOnUnwind;
use crate::profiler::stack::bounds::Bounds;
use crate::profiler::stack::{CallStack, MAX_DEPTH, walk};
use libraries::{List, Section};

pub(super) use libraries::learn;

type Policy = MustNotAllocateDuringUnwind;
/// Knows the tables. Does not change.
type Unwinder = framehop::UnwinderNative<Section, Policy>;
/// Knows what the tables said lately of 509 addresses, and has room to read in them.
type Cache = framehop::CacheNative<Policy>;

/// How much of a stack must be free, in bytes: twice what is used where an address is met for the first time.
const ROOM: usize = 64 << 10;

/// Where the calling function stands.
#[derive(Clone, Copy, Debug)]
pub(in crate::profiler) struct Registers {
    code: usize,
    stack: usize,
    frame: usize,
    #[cfg(target_arch = "aarch64")]
    link: usize,
}

impl Registers {
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "the registers of the calling function are wanted"
    )]
    pub(in crate::profiler) fn here() -> Self {
        let walk::Here { frame, stack } = walk::here();
        let code: usize;
        #[cfg(target_arch = "x86_64")]
        // SAFETY: an address, and nothing else.
        unsafe {
            asm!("lea {}, [rip]", lateout(reg) code, options(nomem, nostack, preserves_flags));
        }
        #[cfg(target_arch = "aarch64")]
        let link: usize;
        #[cfg(target_arch = "aarch64")]
        // SAFETY: an address, and a copy of a register.
        unsafe {
            asm!("adr {}, .", "mov {}, x30", lateout(reg) code, lateout(reg) link,
                options(nomem, nostack, preserves_flags));
        }
        Self {
            code,
            stack,
            frame,
            #[cfg(target_arch = "aarch64")]
            link,
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn native(self, _: &Unwinder) -> framehop::UnwindRegsNative {
        framehop::UnwindRegsNative::new(self.code as u64, self.stack as u64, self.frame as u64)
    }

    /// Return addresses may be signed in their upper bits, which are not those of any address.
    #[cfg(target_arch = "aarch64")]
    fn native(self, unwinder: &Unwinder) -> framehop::UnwindRegsNative {
        let highest = unwinder.max_known_code_address();
        framehop::UnwindRegsNative::new_with_ptr_auth_mask(
            framehop::aarch64::PtrAuthMask::from_max_known_address(highest),
            self.link as u64,
            self.stack as u64,
            self.frame as u64,
        )
    }
}

/// What a thread needs for a walk. All zero when it is new.
///
/// - I1: null, or a box that this owns. Only the thread at the desk that has this uses it, while it is
///   [`Busy`].
#[derive(Debug)]
pub(in crate::profiler) struct Unwinding(AtomicPtr<Cache>);

impl Unwinding {
    /// The call stack of a function that has not returned yet, without the function itself. On the
    /// thread at the desk. `None` if it is at this very work, and asked for memory for it.
    pub(in crate::profiler) fn stack(&self, here: Registers, depth: usize) -> Option<CallStack> {
        let _busy = Busy::begin()?;
        let bounds = Bounds::of_thread();
        let has_room = bounds.contain(here.stack) && bounds.room_below(here.stack) >= ROOM;
        let known = has_room.then(libraries::known).flatten();
        let Some(list) = known else {
            return Some(CallStack::EMPTY);
        };
        // SAFETY: I1; this thread is busy, and nothing below is called while it is used that comes back here.
        let cache = unsafe { self.cache().as_mut() };
        let abort = AbortOnUnwind;
        let stack = follow(list, cache, here, bounds.end(), depth.min(MAX_DEPTH));
        core::mem::forget(abort);
        Some(stack)
    }

    fn cache(&self) -> NonNull<Cache> {
        // Relaxed: one thread's, or that of who had the seat before, which was released and acquired.
        NonNull::new(self.0.load(Ordering::Relaxed)).unwrap_or_else(|| self.first_cache())
    }

    #[cold]
    #[inline(never)]
    fn first_cache(&self) -> NonNull<Cache> {
        // If memory for it is refused the process is aborted: no budget may do so.
        let _none = Budget::none();
        let cache = NonNull::from(Box::leak(Box::new(Cache::new_in())));
        self.0.store(cache.as_ptr(), Ordering::Relaxed);
        cache
    }

    /// Frees what it owns.
    ///
    /// # Safety
    ///
    /// Nobody uses it any more.
    pub(in crate::profiler) unsafe fn destroy(&self) {
        let cache = self.0.swap(ptr::null_mut(), Ordering::Relaxed);
        if !cache.is_null() {
            // SAFETY: I1, and the caller's promise.
            drop(unsafe { Box::from_raw(cache) });
        }
    }
}

fn follow(list: &List, cache: &mut Cache, here: Registers, end: usize, depth: usize) -> CallStack {
    let mut read = |address: u64| {
        let address = usize::try_from(address).map_err(|_| ())?;
        // Two words are read. No frame reaches up to the end: what the program was started with is there.
        let there = address >= here.stack && address <= end.saturating_sub(walk::FRAME);
        if !there || !address.is_multiple_of(align_of::<usize>()) {
            return Err(());
        }
        // SAFETY: it is aligned, and both words are on the stack of this thread, beyond the stack pointer of a function
        // that has not returned.
        let (word, _) = unsafe { walk::read(address) };
        Ok(word as u64)
    };
    let registers = here.native(&list.unwinder);
    let mut frames = list
        .unwinder
        .iter_frames(here.code as u64, registers, cache, &mut read);
    let mut stack = CallStack::EMPTY;
    // Around the last address: callers are in the same file most often, and that is the program.
    let mut known = list.code.first().cloned().unwrap_or_default();
    while stack.addresses().len() < depth {
        // What cannot be told ends the stack, as its end does.
        let address = match frames.next() {
            Ok(Some(FrameAddress::InstructionPointer(_))) => continue,
            Ok(Some(FrameAddress::ReturnAddress(address))) => address.get(),
            Ok(None) | Err(_) => break,
        };
        match usize::try_from(address) {
            Ok(address) if walk::may_be_code(address) => stack.push(address),
            _ => break,
        }
        // A call may be the last instruction of a file.
        let call = address.wrapping_sub(1);
        if !known.contains(&call) {
            // Without tables the unwinder would guess, and follow whatever is in the register of the frame pointer.
            match list.code_around(call) {
                Some(code) => known = code,
                None => break,
            }
        }
    }
    stack
}

std::thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// While this is there its thread takes a stack by tables, or learns what it needs for that.
pub(super) struct Busy(());

impl Busy {
    /// `None` if this thread is busy.
    pub(super) fn begin() -> Option<Self> {
        let was = BUSY.try_with(|busy| busy.replace(true)).unwrap_or(true);
        (!was).then(|| Self(()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = BUSY.try_with(|busy| busy.set(false));
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Cache, Registers, follow, libraries, walk};

    /// Whatever the registers say, no table leads out of the stack, and none to a panic.
    #[test]
    fn a_walk_from_anywhere_ends() {
        let list = libraries::known().unwrap();
        let mut cache = Cache::new_in();
        let (walk::Here { stack, frame }, end) = (walk::here(), Bounds::of_thread().end());
        let mut random = 1_u64;
        let mut draw = |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(random >> 32).unwrap() % below
        };
        let mut met = 0;
        for _ in 0..20_000 {
            let part = &list.code[draw(list.code.len())];
            let len = usize::try_from(part.end - part.start).unwrap();
            let frames = [
                0,
                1,
                frame,
                stack + draw(end - stack),
                stack - draw(64),
                end - draw(64),
                1 << 63,
                usize::MAX >> 1,
                usize::MAX - draw(64),
            ];
            let here = Registers {
                code: usize::try_from(part.start).unwrap() + draw(len),
                stack: stack + draw(end - stack),
                frame: frames[draw(frames.len())],
                #[cfg(target_arch = "aarch64")]
                link: draw(1 << 32) << draw(32),
            };
            met += follow(list, &mut cache, here, end, 32).addresses().len();
        }
        assert!(met > 0);
    }
}

//! Call stacks of a program that keeps no frame pointers, as tests are built.
#![cfg(all(feature = "unwind", target_os = "linux", not(miri)))]
#![cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

mod common;

use std::hint::black_box;
use std::ptr::NonNull;

use alloc_core::{Allocator, Global};
use alloc_tracking::profile::{Amount, Profile};
use alloc_tracking::{FaultKind, Profiler, SiteProfiler, learn_libraries};
use common::layout;

type Heap = SiteProfiler<Global>;

/// Longer than the machine code of a function of this file.
const CODE: usize = 1024;

#[inline(never)]
fn small(heap: &impl Allocator) -> NonNull<u8> {
    black_box(heap.allocate(layout(10, 1)).unwrap().cast())
}

#[inline(never)]
fn caller(heap: &Heap) -> NonNull<u8> {
    black_box(small(heap))
}

#[inline(never)]
fn deep(heap: &Heap, depth: usize) {
    if depth > 0 {
        deep(heap, depth - 1);
    } else {
        let block = small(heap);
        free(heap, block);
    }
    black_box(depth);
}

fn free(heap: &impl Allocator, block: NonNull<u8>) {
    // SAFETY: allocated with this size, and not used any more.
    unsafe { heap.deallocate(block, layout(10, 1)) };
}

/// Where in a stack a function is, from its innermost frame on.
fn place_of(function: *const (), stack: &[usize]) -> Option<usize> {
    let code = function.addr()..function.addr() + CODE;
    stack.iter().position(|address| code.contains(address))
}

fn only_stack(profile: &Profile) -> &[usize] {
    let [site] = &profile.sites[..] else {
        panic!("{profile:#?}");
    };
    &site.stack
}

/// Without the unwinder they have none: this is what it is for.
#[test]
fn a_program_without_frame_pointers_has_stacks() {
    let (with, without) = (
        Heap::new(Global).with_call_stacks(32).with_unwinder(),
        Heap::new(Global).with_call_stacks(32),
    );
    let blocks = [caller(&with), caller(&without)];
    if !Heap::has_call_stacks() {
        assert_eq!(only_stack(&without.profile()), []);
    }
    let profile = with.profile();
    let stack = only_stack(&profile);
    let (inner, outer) = (small as fn(&Heap) -> _, caller as fn(&Heap) -> _);
    let (inner, outer) = (
        place_of(inner as *const (), stack),
        place_of(outer as *const (), stack),
    );
    assert!(inner.is_some_and(|inner| inner < 8), "{stack:#x?}");
    assert_eq!(outer, inner.map(|inner| inner + 1));
    // To the beginning of the thread: in the harness, the standard library and the C library.
    assert!(stack.len() > outer.unwrap() + 3, "{stack:#x?}");
    free(&with, blocks[0]);
    free(&without, blocks[1]);
}

/// What libgcc's unwinder says, of which the crate `backtrace` is an interface.
#[cfg(feature = "symbols")]
#[test]
fn another_unwinder_says_the_same() {
    #[inline(never)]
    fn both(heap: &Heap) -> (NonNull<u8>, Vec<usize>) {
        let mut others = Vec::new();
        let block = small(heap);
        backtrace::trace(|frame| {
            others.push(frame.ip().addr());
            true
        });
        (block, others)
    }

    let heap = Heap::new(Global).with_call_stacks(32).with_unwinder();
    let (block, others) = black_box(both(&heap));
    let profile = heap.profile();
    let ours = only_stack(&profile);
    let of = |stack: &[usize]| {
        let both = (both as fn(&Heap) -> _) as *const ();
        // The call of each is another one in that function: its callers are the same.
        let from = 1 + place_of(both, stack).expect("the function that called both");
        stack[from..].to_vec()
    };
    let (ours, others) = (of(ours), of(&others));
    assert!(ours.len() >= 3, "{ours:#x?}");
    assert_eq!(ours, others[..ours.len()]);
    free(&heap, block);
}

#[test]
fn no_stack_is_deeper_than_was_asked() {
    for (asked, given) in [(0, 0), (1, 1), (5, 5), (32, 32), (1000, 32)] {
        let heap = Heap::new(Global).with_call_stacks(asked).with_unwinder();
        deep(&heap, 100);
        let profile = heap.profile();
        assert_eq!(only_stack(&profile).len(), given);
        assert_eq!(profile.sites[0].total, Amount::new(1, 10));
    }
}

/// More addresses than one table of what was found has room for, twice, by several threads.
#[test]
fn a_stack_is_the_same_each_time() {
    let heap = Heap::new(Global).with_call_stacks(32).with_unwinder();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..black_box(50)).for_each(|_| deep(&heap, black_box(10))));
        }
    });
    let profile = heap.profile();
    assert_eq!(only_stack(&profile).len(), profile.sites[0].stack.len());
    assert_eq!(profile.sites[0].total, Amount::new(200, 2000));
}

/// A fault is found where the block is handed back.
#[test]
fn a_table_of_blocks_has_stacks_too() {
    #[inline(never)]
    fn again(heap: &Profiler<Global>, block: NonNull<u8>) {
        free(heap, block);
        black_box(block);
    }

    let heap = Profiler::new(Global).with_call_stacks(32).with_unwinder();
    let block = small(&heap);
    again(&heap, block);
    again(&heap, block);
    let faults = heap.report().faults;
    assert_eq!(faults[0].kind, FaultKind::DoubleFree);
    let again = (again as fn(&Profiler<Global>, _)) as *const ();
    assert!(place_of(again, faults[0].stack.addresses()).is_some());
}

/// Who asks for the libraries again keeps what it has, if there is nothing new.
#[test]
fn libraries_can_be_learnt_at_any_time() {
    let heap = Heap::new(Global).with_call_stacks(32).with_unwinder();
    learn_libraries();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..100).for_each(|_| learn_libraries());
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !stop.load(std::sync::atomic::Ordering::Relaxed) {
            deep(&heap, 3);
        }
    });
    assert!(!only_stack(&heap.profile()).is_empty());
}

/// Where the work could overflow a stack, none is taken.
#[test]
fn a_small_stack_is_left_alone() {
    let heap = Heap::new(Global).with_call_stacks(32).with_unwinder();
    let depth = |size: usize| {
        let builder = std::thread::Builder::new().stack_size(size);
        std::thread::scope(|scope| {
            let thread = builder.spawn_scoped(scope, || free(&heap, caller(&heap)));
            thread.unwrap().join().unwrap();
        });
        let profile = heap.profile();
        let newest = profile.sites.iter().map(|site| site.stack.len());
        newest.max().unwrap_or(0)
    };
    assert_eq!(depth(32 << 10), 0);
    assert!(depth(256 << 10) > 3);
}

/// Code that a program compiles for itself has no tables, and no frame pointer that anybody should follow.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_stack_ends_at_code_without_tables() {
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    unsafe extern "C" {
        fn mmap(
            _: *mut c_void,
            len: usize,
            may: c_int,
            how: c_int,
            file: c_int,
            at: i64,
        ) -> *mut c_void;
    }
    type Code = extern "C" fn(extern "C" fn(), *const [usize; 2]);
    static HEAP: Heap = Heap::new(Global).with_call_stacks(32).with_unwinder();
    static BLOCK: AtomicUsize = AtomicUsize::new(0);

    #[inline(never)]
    extern "C" fn called() {
        BLOCK.store(caller(&HEAP).expose_provenance().get(), Relaxed);
    }

    // push rbp; mov rbp, rsi; call rdi; pop rbp; ret: calls the first argument, with the second one in the register of
    // the frame pointer.
    let code = [0x55, 0x48, 0x89, 0xF5, 0xFF, 0xD7, 0x5D, 0xC3_u8];
    // Readable, writable and executable; private and of no file.
    // SAFETY: new memory.
    let page = unsafe { mmap(std::ptr::null_mut(), 4096, 7, 0x22, -1, 0) };
    assert_ne!(page.addr(), usize::MAX, "no memory that code may be in");
    // SAFETY: there is room for it.
    unsafe { page.cast::<[u8; 8]>().write(code) };
    // SAFETY: that is what it is.
    let compiled = unsafe { std::mem::transmute::<*mut c_void, Code>(page) };
    // What looks like a frame is none.
    let frame = black_box([0, 0x1234_5678_9ABC]);
    compiled(called, black_box(&raw const frame));

    let profile = HEAP.profile();
    let stack = only_stack(&profile);
    assert_eq!(stack.last(), Some(&(page.addr() + 6)), "{stack:#x?}");
    let block = std::ptr::with_exposed_provenance_mut(BLOCK.load(Relaxed));
    free(&HEAP, NonNull::new(block).unwrap());
}

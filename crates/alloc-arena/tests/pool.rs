//! Arenas lent to threads: what they allocate outlives them, and a steady phase takes no memory.
#![cfg(feature = "std")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use alloc_arena::{AllocError, Allocator, Arena, ArenaBuilder, ArenaPool, Layout};
use alloc_conformance::Upstream;
use alloc_core::{Global, vec::Vec};

const THREADS: usize = 4;
const VALUES: usize = if cfg!(miri) { 12 } else { 5000 };

/// What one thread does in a phase; the result outlives its guard.
fn share<A: Allocator + Clone>(pool: &ArenaPool<A>, start: usize) -> &mut [&mut str] {
    let arena = pool.get();
    let mut scratch = Vec::new_in(&*arena);
    scratch.extend(start..start + VALUES);
    arena.alloc_iter(
        scratch
            .iter()
            .map(|value| arena.alloc_fmt(format_args!("{value}"))),
    )
}

/// All threads do their share, each in an arena of its own.
fn phase<A: Allocator + Clone + Send>(pool: &ArenaPool<A>) -> usize {
    let barrier = Barrier::new(THREADS);
    let shares: std::vec::Vec<_> = thread::scope(|threads| {
        let tasks: std::vec::Vec<_> = (0..THREADS)
            .map(|task| {
                let barrier = &barrier;
                threads.spawn(move || {
                    let held = pool.get();
                    barrier.wait(); // every thread has one now
                    drop(held);
                    share(pool, 1000 * task)
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    // Written to by the threads, changed and read by this one.
    let mut total = 0;
    for (task, share) in shares.into_iter().enumerate() {
        for (value, text) in share.iter_mut().enumerate() {
            text.make_ascii_lowercase();
            assert_eq!(**text, (1000 * task + value).to_string());
            total += text.len();
        }
    }
    total
}

#[test]
fn values_outlive_their_threads() {
    let upstream = Upstream::new();
    let mut pool = ArenaPool::new_in(upstream.clone());
    let first = phase(&pool);
    assert!(pool.stats().used >= first);
    pool.reset();
    let stats = pool.stats();
    assert_eq!((stats.used, stats.chunks > 0), (0, true));
    assert_eq!(phase(&pool), first);
    pool.release();
    upstream.assert_all_returned();
    assert_eq!(phase(&pool), first);
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn an_arena_that_was_given_back_still_holds_its_values() {
    let pool = ArenaPool::new();
    let one = pool.get().alloc(1);
    let two = pool.get().alloc(2);
    assert_eq!(pool.stats().chunks, 1, "the same arena twice");
    mem::swap(one, two);
    let guards = [pool.get(), pool.get()];
    let (three, four) = (guards[0].alloc(3), guards[1].alloc(4));
    assert_eq!((*one, *two, *three, *four), (2, 1, 3, 4));
    drop(guards);
    assert_eq!(pool.stats().chunks, 2, "two arenas at once");
    assert_eq!((*one, *two, *three, *four), (2, 1, 3, 4));
}

#[test]
fn a_guard_may_move_and_be_sent() {
    let pool = ArenaPool::new();
    let arena = pool.get();
    let here = arena.alloc_str("here");
    let arena = Box::new(arena);
    let there = thread::scope(|threads| {
        let sent = move || arena.alloc_str("there");
        threads.spawn(sent).join().unwrap()
    });
    assert_eq!((&*here, &*there), ("here", "there"));
}

#[test]
fn a_steady_phase_takes_no_memory() {
    let upstream = Upstream::new();
    let mut pool = ArenaPool::new_in(upstream.clone());
    let mut guards: std::vec::Vec<_> = (0..THREADS).map(|_| pool.get()).collect();
    for guard in &guards {
        guard.alloc_slice_fill_copy(VALUES, 1_u64);
    }
    guards.clear();
    drop(guards);
    let warm = upstream.calls();
    for _ in 0..3 {
        pool.reset();
        let barrier = Barrier::new(THREADS);
        thread::scope(|threads| {
            for _ in 0..THREADS {
                threads.spawn(|| {
                    let arena = pool.get();
                    barrier.wait();
                    arena.alloc_slice_fill_copy(VALUES, 2_u64);
                });
            }
        });
        assert_eq!(upstream.calls(), warm);
    }
}

#[test]
fn a_panicking_thread_gives_its_arena_back() {
    let upstream = Upstream::new();
    let pool = ArenaPool::new_in(upstream.clone());
    let before = pool.get().alloc(1);
    let result = catch_unwind(AssertUnwindSafe(|| {
        let arena = pool.get();
        arena.alloc_with(|| -> u32 { panic!("on purpose") });
    }));
    assert!(result.is_err());
    let after = pool.get().alloc(2);
    assert_eq!((*before, *after, pool.stats().chunks), (1, 2, 1));
    drop(pool);
    upstream.assert_all_returned();
}

#[test]
fn a_scope_in_a_guard_takes_back_its_own() {
    let pool = ArenaPool::new();
    let mut arena = pool.get();
    let kept = arena.alloc_slice_copy(&[1_u64, 2]);
    for _ in 0..3 {
        let sum = arena.scope(|scope| {
            scope
                .alloc_slice_fill_with(100, |i| i)
                .iter()
                .sum::<usize>()
        });
        assert_eq!(sum, 4950);
    }
    assert_eq!((&*kept, arena.used()), (&[1, 2][..], 16));
    let after = arena.alloc(3_u64);
    assert_eq!((&*kept, *after), (&[1, 2][..], 3));
}

#[test]
fn refusals_are_errors() {
    let upstream = Upstream::new();
    let builder = ArenaBuilder::new().capacity(1000).limit(4096);
    let pool = ArenaPool::with_builder_in(builder, upstream.clone());
    let arena = pool.try_get().expect("there is memory");
    assert!(arena.try_alloc([0_u8; 5000]).is_err(), "beyond the limit");
    upstream.fail_from(0);
    assert!(pool.try_get().is_err());
    drop(arena);
    assert!(pool.try_get().is_ok(), "the one that is idle");
    upstream.heal();
    assert!(pool.try_get().is_ok());
}

#[test]
fn a_forgotten_guard_keeps_its_values_and_nothing_else() {
    // Takes back the memory of the pool's arena that is lost.
    let upstream = Arena::new();
    let mut pool = ArenaPool::new_in(&upstream);
    let arena = pool.get();
    let kept = arena.alloc(1);
    mem::forget(arena);
    let other = pool.get().alloc(2);
    assert_eq!((*kept, *other), (1, 2));
    pool.reset();
    assert_eq!((pool.stats().used, pool.stats().chunks), (0, 1));
}

/// The global allocator; a clone panics if told so.
#[derive(Default)]
struct Fragile<'a>(Option<&'a AtomicBool>);

impl Clone for Fragile<'_> {
    fn clone(&self) -> Self {
        assert!(
            !self.0.is_some_and(|panics| panics.load(Ordering::Relaxed)),
            "on purpose"
        );
        Self(self.0)
    }
}

// SAFETY: both methods are those of `Global`.
unsafe impl Allocator for Fragile<'_> {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise; the block came from `Global`.
        unsafe { Global.deallocate(ptr, layout) }
    }
}

#[test]
fn a_panicking_clone_of_the_upstream_does_no_harm() {
    let panics = AtomicBool::new(false);
    let pool = ArenaPool::new_in(Fragile(Some(&panics)));
    let arena = pool.get();
    panics.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pool.get()))).is_err());
    drop(arena);
    assert_eq!(*pool.get().alloc(1), 1);
    panics.store(false, Ordering::Relaxed);
    let both = [pool.get(), pool.get()];
    assert!(format!("{pool:?} {both:?}").contains("arenas: 2"));
}

#[test]
fn a_guarded_phase_takes_back_its_own_and_nothing_else() {
    let pool = ArenaPool::new();
    let kept = {
        let mut arena = pool.get();
        let kept = arena.alloc(1);
        let mut phase = arena.scope_guard();
        *kept += *phase.scope().alloc(2);
        drop(phase);
        assert_eq!(arena.used(), 8);
        kept
    };
    assert_eq!(*kept, 3);
}

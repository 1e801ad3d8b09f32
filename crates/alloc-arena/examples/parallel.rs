//! A parallel phase: every thread has an arena of its own, and what they made is read when they are done.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::ptr::NonNull;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use alloc_arena::ArenaPool;
use alloc_arena::alloc_core::{AllocError, Allocator, Global, Layout, vec::Vec};

/// The global allocator, with a count of the requests.
#[derive(Default)]
struct Counted {
    calls: AtomicUsize,
}

// SAFETY: both methods are those of `Global`.
unsafe impl Allocator for Counted {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise; the block came from `Global`.
        unsafe { Global.deallocate(ptr, layout) }
    }
}

/// A node of a syntax tree, say. It refers to others of the same phase, in whatever arena they are.
struct Line<'p> {
    text: &'p str,
    words: &'p [&'p str],
}

const FILES: [&str; 4] = [
    "to be or not to be\nthat is the question",
    "whether tis nobler\nin the mind to suffer",
    "the slings and arrows\nof outrageous fortune",
    "or to take arms\nagainst a sea of troubles",
];

/// Parses one file in an arena of its own. The lines outlive the guard, the scratch vector does not.
fn parse<'p>(file: &str, pool: &'p ArenaPool<&Counted>, all_here: &Barrier) -> &'p [Line<'p>] {
    let arena = pool.get();
    all_here.wait(); // so that every thread needs an arena, whatever the machine
    let mut lines = Vec::new_in(&*arena);
    for line in file.lines() {
        let text = arena.alloc_str(line);
        lines.push(Line {
            text,
            words: arena.alloc_iter(text.split(' ')),
        });
    }
    arena.alloc_iter(lines.drain(..))
}

fn main() {
    let upstream = Counted::default();
    let mut pool = ArenaPool::new_in(&upstream);
    for phase in 0..4 {
        let before = upstream.calls.load(Ordering::Relaxed);
        let all_here = Barrier::new(FILES.len());
        let parsed = thread::scope(|threads| {
            let tasks = FILES.map(|file| threads.spawn(|| parse(file, &pool, &all_here)));
            tasks.map(|task| task.join().expect("no parser panics"))
        });
        // The threads are gone, the lines are here.
        let words: usize = parsed
            .iter()
            .copied()
            .flatten()
            .map(|line| line.words.len())
            .sum();
        assert_eq!((words, parsed[3][0].text), (34, "or to take arms"));
        let calls = upstream.calls.load(Ordering::Relaxed) - before;
        println!(
            "phase {phase}: {words} words, {calls} upstream calls, {:?}",
            pool.stats()
        );
        assert_eq!(calls, if phase == 0 { FILES.len() } else { 0 });
        pool.reset(); // every chunk is kept for the next phase
    }
}

//! The table without a profiler around it, and with memory that runs out.

use super::*;

use core::cell::RefCell;
use std::vec::Vec;

const LAYOUT: Layout = Layout::new::<u64>();

/// Memory for so many requests and no more.
struct Rationed(AtomicUsize);

// SAFETY: the system's blocks, or none.
unsafe impl GlobalAlloc for &Rationed {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let left = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
        if left.is_err() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

fn table<M: GlobalAlloc + Copy>(memory: M) -> Table<M> {
    Table {
        shards: core::array::from_fn(|_| SpinLock::new(Shard::new(memory))),
        untracked: AtomicUsize::new(0),
        memory,
    }
}

fn record(sequence: u64) -> Record {
    Record::new(LAYOUT, 5, sequence, 1, Place::NOWHERE)
}

fn at(time: u64) -> Now {
    let place = Place::NOWHERE;
    Now { time, place }
}

/// Addresses of one shard.
fn addresses() -> impl Iterator<Item = usize> {
    (1..)
        .map(|i| i * 16)
        .filter(|&address| shard_of(address) == 3)
}

#[test]
fn a_block_is_taken_once_and_then_remembered() {
    let table = Table::new();
    assert_eq!(table.enter(16, record(1)), Entered::New);
    assert_eq!(table.enter(16, record(2)), Entered::Over(record(1)));
    assert!(matches!(
        table.take(16, Layout::new::<u32>(), at(9), Purpose::Free),
        Taken::Misfit(_)
    ));
    assert!(
        matches!(table.take(16, LAYOUT, at(9), Purpose::Free), Taken::Held(r) if r == record(2))
    );
    assert!(matches!(table.take(16, LAYOUT, at(9), Purpose::Free), Taken::Past(p) if p.end == 9));
    assert!(matches!(
        table.take(32, LAYOUT, at(9), Purpose::Free),
        Taken::Unknown
    ));
    assert_eq!(table.lifetimes().count(), 1);
}

#[test]
fn without_memory_blocks_are_untracked_and_not_unknown() {
    let memory = Rationed(AtomicUsize::new(0));
    let table = table(&memory);
    assert_eq!(table.enter(16, record(1)), Entered::Untracked);
    assert!(matches!(
        table.take(16, LAYOUT, at(9), Purpose::Resize),
        Taken::Untracked
    ));
    table.put_back_untracked(16);
    assert!(matches!(
        table.take(16, LAYOUT, at(9), Purpose::Free),
        Taken::Untracked
    ));
    assert!(matches!(
        table.take(16, LAYOUT, at(9), Purpose::Free),
        Taken::Unknown
    ));
}

#[test]
fn an_untracked_block_counts_once() {
    let memory = Rationed(AtomicUsize::new(0));
    let mut table = table(&memory);
    assert_eq!(table.enter(16, record(1)), Entered::Untracked);
    for address in [32, 16] {
        assert!(matches!(
            table.take(48 - address, LAYOUT, at(9), Purpose::Resize),
            Taken::Untracked
        ));
        let moved = table.enter_untracked(address, record(2));
        assert_eq!((moved, table.untracked()), (Entered::Untracked, 1));
    }
    assert_eq!(table.enter(64, record(3)), Entered::Untracked);
    assert_eq!(table.untracked(), 2);
    table.end_all(10, |_| ());
    assert_eq!(table.untracked(), 0);
}

#[test]
fn a_look_changes_nothing() {
    let table = Table::new();
    assert!(matches!(table.look(16), Seen::Nothing));
    table.enter(16, record(1));
    for _ in 0..2 {
        assert!(matches!(table.look(16), Seen::Live(r) if r == record(1)));
    }
    table.take(16, LAYOUT, at(9), Purpose::Free);
    for _ in 0..2 {
        assert!(matches!(table.look(16), Seen::Past(p) if p.end == 9));
    }
}

#[test]
fn a_place_is_kept_for_a_block_that_is_resized() {
    let memory = Rationed(AtomicUsize::new(2));
    let table = table(&memory);
    let mut fresh = addresses();
    let first = fresh.next().unwrap();
    assert_eq!(table.enter(first, record(0)), Entered::New);
    assert!(matches!(
        table.take(first, LAYOUT, at(9), Purpose::Resize),
        Taken::Held(_)
    ));
    // Fills the shard, whose table cannot grow, to the last place but the one that is kept.
    let entered = |address| table.enter(address, record(1)) == Entered::New;
    assert_eq!(
        fresh.take(60).filter(|&address| entered(address)).count(),
        47
    );
    table.put_back(first, record(0));
    assert!(matches!(table.look(first), Seen::Live(r) if r == record(0)));
}

/// Memory whose blocks are on a list as long as they are not freed.
struct Listed(RefCell<Vec<(*mut u8, Layout)>>);

// SAFETY: the system's blocks.
unsafe impl GlobalAlloc for &Listed {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        let block = unsafe { System.alloc(layout) };
        self.0.borrow_mut().push((block, layout));
        block
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        self.0.borrow_mut().retain(|&(block, _)| block != ptr);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[test]
fn a_shard_of_a_process_that_is_gone_begins_anew() {
    let memory = Listed(RefCell::default());
    let mut table = table(&memory);
    table.enter(16, record(1));
    table.shard(16).lock().recover();
    assert_eq!(table.lost(), 1);
    assert!(matches!(
        table.take(16, LAYOUT, at(9), Purpose::Free),
        Taken::Untracked
    ));
    table.end_all(10, |_| ());
    assert_eq!(table.lost(), 0);
    drop(table);
    // What may be torn was not freed: the slots and the history of one shard.
    let torn = memory.0.take();
    assert_eq!(torn.len(), 2);
    for (block, layout) in torn {
        // SAFETY: from `alloc` with this layout, and lost to the table that was dropped.
        unsafe { System.dealloc(block, layout) };
    }
}

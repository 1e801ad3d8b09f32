//! What debug builds catch: each case runs in a process of its own, which must abort with the right
//! words.
#![cfg(all(feature = "alloc", debug_assertions, not(loom), not(miri)))]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::process::Command;
use std::ptr::NonNull;

use alloc_core::{Allocator, Global, Layout};
use alloc_sync_pool::{InlineSyncPool, SyncPool};

const CASE: &str = "ALLOC_SYNC_POOL_MISUSE";
const BLOCK: Layout = Layout::new::<u64>();

/// Runs the named test in a new process if this is not that process; `true` there.
fn in_child(name: &str, words: &str) -> bool {
    if std::env::var(CASE).as_deref() == Ok(name) {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CASE, name)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "the misuse went unnoticed");
    assert!(text.contains(words), "{text}");
    assert!(text.contains("pool at 0x"), "{text}");
    false
}

fn free_twice(alloc: &impl Allocator) {
    let block: NonNull<u8> = alloc.allocate(BLOCK).unwrap().cast();
    // SAFETY: as the process aborts at the first broken promise, nothing follows it.
    unsafe { alloc.deallocate(block, BLOCK) };
    // SAFETY: as the process aborts at the first broken promise, nothing follows it.
    unsafe { alloc.deallocate(block, BLOCK) };
}

#[test]
fn pool_double_free() {
    if in_child("pool_double_free", "double free") {
        free_twice(&SyncPool::new(BLOCK));
    }
}

#[test]
fn local_double_free() {
    if in_child("local_double_free", "double free") {
        free_twice(&SyncPool::new(BLOCK).local());
    }
}

#[test]
fn local_and_pool_double_free() {
    if in_child("local_and_pool_double_free", "double free") {
        let pool = SyncPool::new(BLOCK);
        let local = pool.local();
        let block: NonNull<u8> = local.allocate(BLOCK).unwrap().cast();
        // SAFETY: as the process aborts at the first broken promise, nothing follows it.
        unsafe { pool.deallocate(block, BLOCK) };
        // SAFETY: as the process aborts at the first broken promise, nothing follows it.
        unsafe { local.deallocate(block, BLOCK) };
    }
}

#[test]
fn inline_double_free() {
    if in_child("inline_double_free", "double free") {
        free_twice(&&InlineSyncPool::<u64, 4>::new());
    }
}

#[test]
fn pool_foreign_pointer() {
    if in_child("pool_foreign_pointer", "foreign pointer") {
        let pool = SyncPool::new(BLOCK);
        pool.allocate(BLOCK).unwrap();
        let block = Global.allocate(BLOCK).unwrap();
        // SAFETY: as the process aborts at the first broken promise, nothing follows it.
        unsafe { pool.deallocate(block.cast(), BLOCK) };
    }
}

#[test]
fn local_foreign_pointer() {
    if in_child("local_foreign_pointer", "foreign pointer") {
        let pool = SyncPool::new(BLOCK);
        let block = Global.allocate(BLOCK).unwrap();
        // SAFETY: as the process aborts at the first broken promise, nothing follows it.
        unsafe { pool.local().deallocate(block.cast(), BLOCK) };
    }
}

#[test]
fn inline_pointer_into_a_block() {
    if in_child("inline_pointer_into_a_block", "foreign pointer") {
        let pool = InlineSyncPool::<u64, 4>::new();
        let block: NonNull<u8> = (&pool).allocate(BLOCK).unwrap().cast();
        // SAFETY: inside the block.
        let inside = unsafe { block.add(1) };
        // SAFETY: as the process aborts at the first broken promise, nothing follows it.
        unsafe { (&pool).deallocate(inside, BLOCK) };
    }
}

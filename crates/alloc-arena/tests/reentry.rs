//! An upstream that comes back to the very arena it serves: nothing is miscounted or lost.
#![cfg(feature = "alloc")]
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::cell::{Cell, RefCell};
use std::ptr::NonNull;
use std::rc::Rc;

use alloc_arena::{AllocError, Allocator, Arena, ArenaBuilder, Layout, TypedArena};
use alloc_core::Global;

/// What an upstream does on the side.
type Hook = Box<dyn Fn()>;

/// The global allocator, with a hook that runs once inside `allocate` or `deallocate`.
#[derive(Clone, Default)]
struct Reentrant {
    on_allocate: Rc<RefCell<Option<Hook>>>,
    on_free: Rc<RefCell<Option<Hook>>>,
}

fn fire(hook: &RefCell<Option<Hook>>) {
    let hook = hook.borrow_mut().take();
    if let Some(hook) = hook {
        hook();
    }
}

// SAFETY: every block is the global allocator's.
unsafe impl Allocator for Reentrant {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        fire(&self.on_allocate);
        Global.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { Global.deallocate(ptr, layout) };
        fire(&self.on_free);
    }
}

#[test]
fn the_limit_holds_all_the_same() {
    let upstream = Reentrant::default();
    let arena: Arena<Reentrant> = ArenaBuilder::new().limit(4096).build_in(upstream.clone());
    let arena = Rc::new(arena);
    let weak = Rc::downgrade(&arena);
    *upstream.on_allocate.borrow_mut() = Some(Box::new(move || {
        let arena = weak.upgrade().expect("the test holds the arena");
        arena.try_alloc(7_u8).expect("there is room for the first");
    }));
    // The inner request has taken all that the limit allows; the outer one gets what is left in it.
    let _ = arena.try_alloc(1_u64);
    assert!(arena.reserved() <= 4096, "{} bytes", arena.reserved());
}

#[test]
fn a_typed_arena_counts_what_came_in_between() {
    let upstream = Reentrant::default();
    let arena = Rc::new(TypedArena::new_in(upstream.clone()));
    let weak = Rc::downgrade(&arena);
    *upstream.on_allocate.borrow_mut() = Some(Box::new(move || {
        let arena: Rc<TypedArena<u64, Reentrant>> = weak.upgrade().expect("held by the test");
        arena.alloc(7);
    }));
    arena.alloc(1);
    let mut arena = Rc::into_inner(arena).expect("the hook is gone");
    assert_eq!(arena.len(), 2);
    assert_eq!(arena.iter_mut().count(), 2);
}

#[test]
fn every_destructor_runs_when_something_came_in_between() {
    thread_local!(static DROPPED: Cell<usize> = const { Cell::new(0) });
    struct Unit;
    impl Drop for Unit {
        fn drop(&mut self) {
            DROPPED.set(DROPPED.get() + 1);
        }
    }
    let upstream = Reentrant::default();
    let arena = Rc::new(TypedArena::new_in(upstream.clone()));
    let weak = Rc::downgrade(&arena);
    *upstream.on_free.borrow_mut() = Some(Box::new(move || {
        let arena: Rc<TypedArena<Unit, Reentrant>> = weak.upgrade().expect("held by the test");
        arena.alloc(Unit);
    }));
    arena.alloc_extend([Unit, Unit]);
    drop(arena);
    assert_eq!(DROPPED.get(), 3);
}

//! The one place that knows about loom and shuttle: atomics of `core`, or loom's under `--cfg loom`,
//! or shuttle's under `--cfg shuttle`.
//!
//! Everything above this module is the shipped code in all of these worlds. In models a word holds 2
//! blocks and a magazine 4, so that a model of a handful of blocks has several words, full words
//! and full magazines. loom also watches cells; shuttle leaves them as they are.

use core::mem::MaybeUninit;
pub(crate) use core::sync::atomic::Ordering;

#[cfg(not(any(loom, shuttle)))]
pub(crate) use core::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize},
};
#[cfg(any(loom, shuttle))]
pub(crate) use explorer::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize},
};
#[cfg(loom)]
pub(crate) use loom as explorer;
#[cfg(shuttle)]
pub(crate) use shuttle as explorer;

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
pub(crate) use core::sync::atomic::AtomicBool;
#[cfg(all(feature = "std", any(loom, shuttle)))]
pub(crate) use explorer::sync::atomic::AtomicBool;

/// Whether this is built for models.
const MODELS: bool = cfg!(any(loom, shuttle));

/// Blocks that one word of a bitmap stands for.
pub(crate) const BITS: usize = if MODELS { 2 } else { usize::BITS as usize };

/// Blocks that a [`Local`](crate::Local) holds at most.
pub(crate) const MAGAZINE: usize = if MODELS { 4 } else { 128 };

/// Seats of threads. Whoever comes when all are taken does without.
#[cfg(feature = "std")]
pub(crate) const SEATS: usize = match (MODELS, cfg!(shuttle)) {
    (true, false) => 2,
    (true, true) => 4,
    _ => 4096,
};

/// Pools that a thread finds its magazine of without the index.
#[cfg(feature = "std")]
pub(crate) const REMEMBERED: usize = if MODELS { 1 } else { 64 };

/// Seats of the first index.
#[cfg(feature = "std")]
pub(crate) const FIRST_INDEX: usize = if MODELS { 1 } else { 8 };

/// Reads a pointer that nobody else can reach. loom reports a race if somebody can.
pub(crate) fn load_exclusive<T>(pointer: &mut AtomicPtr<T>) -> *mut T {
    #[cfg(not(loom))]
    return *pointer.get_mut();
    #[cfg(loom)]
    return pointer.with_mut(|pointer| *pointer);
}

/// A value that is written before it is published, and then only read. loom reports a race if it is
/// read without being published to the reader.
#[derive(Debug)]
pub(crate) struct Frozen<T>(#[cfg(not(loom))] T, #[cfg(loom)] loom::cell::UnsafeCell<T>);

impl<T> Frozen<T> {
    /// Holds `value`.
    pub(crate) fn new(value: T) -> Self {
        #[cfg(not(loom))]
        return Self(value);
        #[cfg(loom)]
        return Self(loom::cell::UnsafeCell::new(value));
    }

    /// The value.
    #[inline]
    pub(crate) fn get(&self) -> &T {
        #[cfg(not(loom))]
        return &self.0;
        // SAFETY: nothing writes to the cell.
        #[cfg(loom)]
        return self.0.with(|value| unsafe { &*value });
    }
}

/// A value that one thread at a time uses. loom reports a race if several do.
#[derive(Debug)]
pub(crate) struct Place<T: Copy>(
    #[cfg(not(loom))] core::cell::Cell<MaybeUninit<T>>,
    #[cfg(loom)] loom::cell::UnsafeCell<MaybeUninit<T>>,
);

impl<T: Copy> Place<T> {
    /// Reads what there is.
    #[inline]
    pub(crate) fn get(&self) -> MaybeUninit<T> {
        #[cfg(not(loom))]
        return self.0.get();
        // SAFETY: loom has made sure that nobody writes to it meanwhile.
        #[cfg(loom)]
        return self.0.with(|place| unsafe { *place });
    }

    /// Writes a value.
    #[inline]
    pub(crate) fn set(&self, value: T) {
        let value = MaybeUninit::new(value);
        #[cfg(not(loom))]
        self.0.set(value);
        // SAFETY: loom has made sure that nobody uses it meanwhile.
        #[cfg(loom)]
        self.0.with_mut(|place| unsafe { *place = value });
    }
}

/// `N` places without values; a constant where cells can be constants.
#[cfg(not(loom))]
pub(crate) const fn places<T: Copy, const N: usize>() -> [Place<T>; N] {
    [const { Place(core::cell::Cell::new(MaybeUninit::uninit())) }; N]
}

/// `N` places without values; a constant where cells can be constants.
#[cfg(loom)]
pub(crate) fn places<T: Copy, const N: usize>() -> [Place<T>; N] {
    core::array::from_fn(|_| Place(loom::cell::UnsafeCell::new(MaybeUninit::uninit())))
}

/// `N` words of zero; a constant where atomics can be constants.
#[cfg(not(loom))]
pub(crate) const fn zero_words<const N: usize>() -> [AtomicUsize; N] {
    [const { AtomicUsize::new(0) }; N]
}

/// `N` words of zero; a constant where atomics can be constants.
#[cfg(loom)]
pub(crate) fn zero_words<const N: usize>() -> [AtomicUsize; N] {
    core::array::from_fn(|_| AtomicUsize::new(0))
}

/// Defines functions that are `const` except under loom, whose atomics have no `const` constructor.
macro_rules! const_fn {
    ($(
        $(#[$attribute:meta])*
        $vis:vis const fn $name:ident $(<$generic:ident>)? ($($arguments:tt)*) -> $result:ty $body:block
    )*) => { $(
        #[cfg(not(loom))]
        $(#[$attribute])*
        $vis const fn $name $(<$generic>)? ($($arguments)*) -> $result $body

        #[cfg(loom)]
        $(#[$attribute])*
        $vis fn $name $(<$generic>)? ($($arguments)*) -> $result $body
    )* };
}
pub(crate) use const_fn;

/// A value of the whole process, as [`global`] returns it.
#[cfg(all(feature = "std", not(any(loom, shuttle))))]
pub(crate) type Shared<T> = &'static T;

/// A value of the whole process, as [`global`] returns it. In models statics may be
/// dropped before the last thread's values, so that one keeps the other.
#[cfg(all(feature = "std", any(loom, shuttle)))]
pub(crate) type Shared<T> = std::sync::Arc<T>;

/// Defines a function that returns one value for the whole process; in a model, for an execution.
#[cfg(feature = "std")]
macro_rules! global {
    ($(#[$attribute:meta])* fn $name:ident() -> $type:ty = $value:expr;) => {
        $(#[$attribute])*
        fn $name() -> $crate::sync::Shared<$type> {
            #[cfg(not(any(loom, shuttle)))]
            static VALUE: $type = $value;
            #[cfg(not(any(loom, shuttle)))]
            return &VALUE;
            #[cfg(any(loom, shuttle))]
            $crate::sync::explorer::lazy_static! {
                static ref VALUE: $crate::sync::Shared<$type> = std::sync::Arc::new($value);
            }
            #[cfg(any(loom, shuttle))]
            return std::sync::Arc::clone(&VALUE);
        }
    };
}
#[cfg(feature = "std")]
pub(crate) use global;

/// Defines a value that each thread has of its own, and a constant at first.
#[cfg(feature = "std")]
macro_rules! per_thread {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        #[cfg(not(any(loom, shuttle)))]
        std::thread_local! {
            $(#[$attribute])*
            static $name: $type = const { $value };
        }
        #[cfg(any(loom, shuttle))]
        $crate::sync::explorer::thread_local! {
            $(#[$attribute])*
            static $name: $type = $value;
        }
    };
}
#[cfg(feature = "std")]
pub(crate) use per_thread;

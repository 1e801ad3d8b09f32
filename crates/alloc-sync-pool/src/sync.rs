//! The one place that knows about loom: atomics of `core`, or loom's under `--cfg loom`.
//!
//! Everything above this module is the shipped code in both worlds. Under loom a word holds 2
//! blocks and a magazine 4, so that a model of a handful of blocks has several words, full words
//! and full magazines.

pub(crate) use core::sync::atomic::Ordering;

#[cfg(not(loom))]
pub(crate) use core::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize},
};
#[cfg(loom)]
pub(crate) use loom::{
    hint::spin_loop,
    sync::atomic::{AtomicPtr, AtomicUsize},
};

/// Blocks that one word of a bitmap stands for.
pub(crate) const BITS: usize = if cfg!(loom) { 2 } else { usize::BITS as usize };

/// Blocks that a [`Local`](crate::Local) holds at most.
pub(crate) const MAGAZINE: usize = if cfg!(loom) { 4 } else { 64 };

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

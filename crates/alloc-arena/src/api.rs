//! The methods that put values into an arena, written once for all arenas.
//!
//! The first argument of both macros is the lifetime of what they return: that of the borrow, `'v`,
//! or that of a scope. The second one says how to come from `self` to the
//! [`Cursor`](crate::cursor::Cursor).

/// Methods that return an error.
macro_rules! fallible_api {
    ($life:lifetime, $this:ident => $cursor:expr) => {
        /// Moves `value` into the arena.
        ///
        /// # Errors
        ///
        /// If there is no room; the value is dropped then.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc<'v, T>(&'v self, value: T) -> Result<&$life mut T, AllocError> {
            let $this = self;
            $crate::values::try_alloc($cursor, value)
        }

        /// Puts the value that `f` returns into the arena; `f` runs once there is room.
        ///
        /// `f` may allocate here as well. If it panics, the room for its value stays unused until
        /// the memory is taken back.
        ///
        /// # Errors
        ///
        /// If there is no room; `f` does not run then.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_with<'v, T>(
            &'v self,
            f: impl FnOnce() -> T,
        ) -> Result<&$life mut T, AllocError> {
            let $this = self;
            $crate::values::try_alloc_with($cursor, f)
        }

        /// Takes room for `len` values.
        ///
        /// # Errors
        ///
        /// If there is no room, or there are no slices of that length.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_uninit_slice<'v, T>(
            &'v self,
            len: usize,
        ) -> Result<&$life mut [core::mem::MaybeUninit<T>], AllocError> {
            let $this = self;
            $crate::values::uninit_slice($cursor, len)
        }

        /// Copies a slice into the arena.
        ///
        /// # Errors
        ///
        /// If there is no room.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_slice_copy<'v, T: Copy>(
            &'v self,
            source: &[T],
        ) -> Result<&$life mut [T], AllocError> {
            let $this = self;
            $crate::values::copy_slice($cursor, source)
        }

        /// Clones a slice into the arena.
        ///
        /// If a `clone` panics, the clones made before are dropped.
        ///
        /// # Errors
        ///
        /// If there is no room; nothing is cloned then.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_slice_clone<'v, T: Clone>(
            &'v self,
            source: &[T],
        ) -> Result<&$life mut [T], AllocError> {
            let $this = self;
            $crate::values::fill_slice($cursor, source.len(), |index| source[index].clone())
        }

        /// Fills a slice of `len` values with `f(0)`, `f(1)`, and so on.
        ///
        /// `f` may allocate here as well. If it panics, the values made before are dropped.
        ///
        /// # Errors
        ///
        /// If there is no room; `f` does not run then.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_slice_fill_with<'v, T>(
            &'v self,
            len: usize,
            f: impl FnMut(usize) -> T,
        ) -> Result<&$life mut [T], AllocError> {
            let $this = self;
            $crate::values::fill_slice($cursor, len, f)
        }

        /// Fills a slice with `len` copies of `value`.
        ///
        /// # Errors
        ///
        /// If there is no room.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_slice_fill_copy<'v, T: Copy>(
            &'v self,
            len: usize,
            value: T,
        ) -> Result<&$life mut [T], AllocError> {
            let $this = self;
            $crate::values::fill_slice($cursor, len, |_| value)
        }

        /// Copies a string into the arena.
        ///
        /// # Errors
        ///
        /// If there is no room.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_str<'v>(&'v self, source: &str) -> Result<&$life mut str, AllocError> {
            let $this = self;
            $crate::values::copy_str($cursor, source)
        }

        /// Formats `args` into the arena: what `format_args!` returns.
        ///
        /// Grows in place while nothing else is allocated. An implementation of `Display` may
        /// allocate here as well, and then the text moves when it grows. An error or a panic leaves
        /// nothing behind but unused room.
        ///
        /// # Errors
        ///
        /// If there is no room, or if an implementation of `Display` errs on its own, which it is
        /// not meant to do.
        ///
        /// # Examples
        ///
        /// ```
        /// use alloc_arena::FixedArena;
        /// use core::mem::MaybeUninit;
        ///
        /// let mut buffer = [MaybeUninit::uninit(); 16];
        /// let arena = FixedArena::new(&mut buffer);
        /// assert_eq!(arena.try_alloc_fmt(format_args!("{}-{:02}", 2026, 7))?, "2026-07");
        /// assert!(arena.try_alloc_fmt(format_args!("{:>100}", "far")).is_err());
        /// # Ok::<(), alloc_arena::AllocError>(())
        /// ```
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_fmt<'v>(
            &'v self,
            args: core::fmt::Arguments<'_>,
        ) -> Result<&$life mut str, AllocError> {
            let $this = self;
            $crate::format::format($cursor, args).map_err(|_| AllocError)
        }

        /// Collects what `iter` yields into a slice.
        ///
        /// The slice grows in place while nothing else is allocated; `iter` may allocate here as
        /// well, and then the slice moves when it grows. If `iter` panics, the values taken before
        /// are dropped.
        ///
        /// # Errors
        ///
        /// If there is no room; the values taken before are dropped then.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn try_alloc_iter<'v, T>(
            &'v self,
            iter: impl IntoIterator<Item = T>,
        ) -> Result<&$life mut [T], AllocError> {
            let $this = self;
            $crate::values::collect($cursor, iter.into_iter())
        }
    };
}

/// The same methods for callers to whom exhaustion is as fatal as it is to `Vec::push`.
macro_rules! infallible_api {
    ($life:lifetime, $this:ident => $cursor:expr) => {
        /// Moves `value` into the arena. Its destructor does not run.
        ///
        /// # Panics
        ///
        /// If there is no room: by way of `handle_alloc_error`, or as a plain panic without the
        /// feature `alloc`. So do all methods here that have a `try_` twin.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// let (x, y) = (arena.alloc(1), arena.alloc(2));
        /// core::mem::swap(x, y);
        /// assert_eq!((*x, *y), (2, 1));
        /// ```
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc<'v, T>(&'v self, value: T) -> &$life mut T {
            let $this = self;
            $crate::values::alloc($cursor, value)
        }

        /// Puts the value that `f` returns into the arena, where a large one may be made in place.
        ///
        /// `f` may allocate here as well. If it panics, the room for its value stays unused until
        /// the memory is taken back.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_with<'v, T>(&'v self, f: impl FnOnce() -> T) -> &$life mut T {
            let $this = self;
            $crate::values::alloc_with($cursor, f)
        }

        /// Takes room for `len` values.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_uninit_slice<'v, T>(
            &'v self,
            len: usize,
        ) -> &$life mut [core::mem::MaybeUninit<T>] {
            let slice = self.try_alloc_uninit_slice(len);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Layout::array::<T>(len).ok()))
        }

        /// Copies a slice into the arena.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// let sorted = arena.alloc_slice_copy(&[3, 1, 2]);
        /// sorted.sort();
        /// assert_eq!(sorted, [1, 2, 3]);
        /// ```
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_slice_copy<'v, T: Copy>(&'v self, source: &[T]) -> &$life mut [T] {
            let slice = self.try_alloc_slice_copy(source);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Some(Layout::for_value(source))))
        }

        /// Clones a slice into the arena. The destructors of the clones do not run.
        ///
        /// If a `clone` panics, the clones made before are dropped.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_slice_clone<'v, T: Clone>(&'v self, source: &[T]) -> &$life mut [T] {
            let slice = self.try_alloc_slice_clone(source);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Some(Layout::for_value(source))))
        }

        /// Fills a slice of `len` values with `f(0)`, `f(1)`, and so on.
        ///
        /// `f` may allocate here as well. If it panics, the values made before are dropped.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// assert_eq!(arena.alloc_slice_fill_with(4, |i| i * i), [0, 1, 4, 9]);
        /// ```
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_slice_fill_with<'v, T>(
            &'v self,
            len: usize,
            f: impl FnMut(usize) -> T,
        ) -> &$life mut [T] {
            let slice = self.try_alloc_slice_fill_with(len, f);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Layout::array::<T>(len).ok()))
        }

        /// Fills a slice with `len` copies of `value`.
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_slice_fill_copy<'v, T: Copy>(
            &'v self,
            len: usize,
            value: T,
        ) -> &$life mut [T] {
            let slice = self.try_alloc_slice_fill_copy(len, value);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Layout::array::<T>(len).ok()))
        }

        /// Copies a string into the arena.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// let name = arena.alloc_str("ada");
        /// name[..1].make_ascii_uppercase();
        /// assert_eq!(name, "Ada");
        /// ```
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_str<'v>(&'v self, source: &str) -> &$life mut str {
            let copy = self.try_alloc_str(source);
            copy.unwrap_or_else(|_| $crate::values::exhausted(Some(Layout::for_value(source))))
        }

        /// Formats `args` into the arena; [`format!`](crate::format!) is the short way to write it.
        ///
        /// Grows in place while nothing else is allocated. An implementation of `Display` may
        /// allocate here as well, and then the text moves when it grows. A panic leaves nothing
        /// behind but unused room.
        ///
        /// # Panics
        ///
        /// As [`alloc`](Self::alloc) does, and like `std::format!` if an implementation of `Display`
        /// errs on its own.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// let label = arena.alloc_fmt(format_args!("object {}", 7));
        /// label.make_ascii_uppercase();
        /// assert_eq!(label, "OBJECT 7");
        /// ```
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_fmt<'v>(&'v self, args: core::fmt::Arguments<'_>) -> &$life mut str {
            let $this = self;
            $crate::format::format($cursor, args).unwrap_or_else(|error| error.end())
        }

        /// Collects what `iter` yields into a slice. The destructors of the values do not run.
        ///
        /// The slice grows in place while nothing else is allocated; `iter` may allocate here as
        /// well, and then the slice moves when it grows. If `iter` panics, the values taken before
        /// are dropped.
        ///
        /// # Examples
        ///
        /// ```
        /// # let arena = alloc_arena::Arena::new();
        /// let words = arena.alloc_iter("to be or not".split(' ').map(|word| arena.alloc_str(word)));
        /// assert_eq!(words.len(), 4);
        /// ```
        #[inline]
        #[allow(clippy::mut_from_ref, reason = "each call returns other memory")]
        pub fn alloc_iter<'v, T>(&'v self, iter: impl IntoIterator<Item = T>) -> &$life mut [T] {
            let slice = self.try_alloc_iter(iter);
            slice.unwrap_or_else(|_| $crate::values::exhausted(Some(Layout::new::<T>())))
        }
    };
}

pub(crate) use {fallible_api, infallible_api};

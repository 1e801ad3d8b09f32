//! Programs that must not compile, each with a twin that does and differs by one line.

mod guard;
#[cfg(feature = "std")]
mod pool;

/// No reference lives across a reset.
///
/// ```compile_fail,E0502
/// let mut arena = alloc_arena::Arena::new();
/// let value = arena.alloc(1);
/// arena.reset();
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let value = arena.alloc(1);
/// assert_eq!(*value, 1);
/// arena.reset();
/// ```
struct UseAfterReset;

/// No container lives across a reset.
///
/// ```compile_fail,E0502
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// let mut values = Vec::new_in(&arena);
/// values.push(1);
/// arena.reset();
/// drop(values);
/// ```
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// let mut values = Vec::new_in(&arena);
/// values.push(1);
/// drop(values);
/// arena.reset();
/// ```
struct ContainerAcrossReset;

/// A buffer is declared before its arena, in every build: for memory checkers the arena has a destructor.
///
/// ```compile_fail,E0597
/// use core::mem::MaybeUninit;
/// let arena;
/// let mut buffer = [MaybeUninit::uninit(); 16];
/// arena = alloc_arena::FixedArena::new(&mut buffer);
/// assert!(arena.try_alloc(1_u8).is_ok());
/// ```
///
/// ```
/// use core::mem::MaybeUninit;
/// let mut buffer = [MaybeUninit::uninit(); 16];
/// let arena;
/// arena = alloc_arena::FixedArena::new(&mut buffer);
/// assert!(arena.try_alloc(1_u8).is_ok());
/// ```
struct BufferAfterArena;

/// An arena is not shared between threads.
///
/// ```compile_fail,E0277
/// let arena = alloc_arena::Arena::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| *arena.alloc(1) += 1);
/// });
/// ```
///
/// It may move to another one.
///
/// ```
/// let arena = alloc_arena::Arena::new();
/// std::thread::scope(|threads| {
///     threads.spawn(move || *arena.alloc(1) += 1);
/// });
/// ```
struct SyncShare;

/// A vector of references to arenas is not sent to another thread (bumpalo #72).
///
/// ```compile_fail,E0277
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// fn assert_send<T: Send>(_: T) {}
/// let arena = Arena::new();
/// let values = Vec::<u8, _>::new_in(&arena);
/// assert_send(values);
/// ```
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// fn assert_send<T: Send>(_: T) {}
/// let arena = Arena::new();
/// let values = Vec::<u8, _>::new_in(arena);
/// assert_send(values);
/// ```
struct SentReference;

/// A vector in an arena is not shared between threads, whatever its values are (bumpalo #72).
///
/// ```compile_fail,E0277
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// fn assert_sync<T: Sync>(_: &T) {}
/// let arena = Arena::new();
/// let mut values = Vec::new_in(&arena);
/// values.push(&*arena.alloc(1));
/// assert_sync(&values);
/// ```
///
/// What it holds may be, as a slice.
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// fn assert_sync<T: Sync + ?Sized>(_: &T) {}
/// let arena = Arena::new();
/// let mut values = Vec::new_in(&arena);
/// values.push(&*arena.alloc(1));
/// assert_sync(values.as_slice());
/// ```
struct SharedVector;

/// No block outlives its arena.
///
/// ```compile_fail,E0597
/// let value;
/// {
///     let arena = alloc_arena::Arena::new();
///     value = arena.alloc(1);
/// }
/// assert_eq!(*value, 1);
/// ```
///
/// ```
/// let value;
/// let arena = alloc_arena::Arena::new();
/// {
///     value = arena.alloc(1);
/// }
/// assert_eq!(*value, 1);
/// ```
struct Outlives;

/// No block outlives the buffer of a fixed arena.
///
/// ```compile_fail,E0505
/// let mut buffer = [core::mem::MaybeUninit::uninit(); 64];
/// let arena = alloc_arena::FixedArena::<8>::with_min_align(&mut buffer);
/// let value = arena.try_alloc(1);
/// drop(arena);
/// assert_eq!(value.map(|value| *value), Ok(1));
/// ```
///
/// ```
/// let mut buffer = [core::mem::MaybeUninit::uninit(); 64];
/// let arena = alloc_arena::FixedArena::<8>::with_min_align(&mut buffer);
/// let value = arena.try_alloc(1);
/// assert_eq!(value.map(|value| *value), Ok(1));
/// drop(arena);
/// ```
struct OutlivesFixed;

/// No value is returned out of its scope.
///
/// ```compile_fail
/// let mut arena = alloc_arena::Arena::new();
/// let value = arena.scope(|scope| scope.alloc(1));
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let value = arena.scope(|scope| *scope.alloc(1));
/// ```
struct ReturnedFromScope;

/// No value is put into a variable outside its scope.
///
/// ```compile_fail,E0521
/// let mut arena = alloc_arena::Arena::new();
/// let mut outside = &mut 0;
/// arena.scope(|scope| outside = scope.alloc(1));
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// let mut outside = &mut 0;
/// arena.scope(|scope| *outside = *scope.alloc(1));
/// ```
struct AssignedFromScope;

/// No value of an inner scope is put into an outer one.
///
/// ```compile_fail
/// let mut arena = alloc_arena::Arena::new();
/// arena.scope(|outer| {
///     let list = outer.alloc([&0]);
///     outer.scope(|inner| list[0] = inner.alloc(1));
///     assert_eq!(*list[0], 1);
/// });
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// arena.scope(|outer| {
///     let (list, value) = (outer.alloc([&0]), outer.alloc(1));
///     outer.scope(|inner| list[0] = value);
///     assert_eq!(*list[0], 1);
/// });
/// ```
struct InnerInOuter;

/// A container of an outer scope does not grow in an inner one (GHSA-xhx6-q96x-pf9c).
///
/// ```compile_fail,E0502
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// arena.scope(|outer| {
///     let mut values = Vec::new_in(&*outer);
///     outer.scope(|_| values.push(1));
///     assert_eq!(values, [1]);
/// });
/// ```
///
/// ```
/// use alloc_arena::{Arena, alloc_core::vec::Vec};
/// let mut arena = Arena::new();
/// arena.scope(|outer| {
///     let mut values = Vec::new(); // on the heap
///     outer.scope(|_| values.push(1));
///     assert_eq!(values, [1]);
/// });
/// ```
struct OuterGrowsInInner;

/// A block of the outer scope is not allocated while an inner one runs.
///
/// ```compile_fail,E0502
/// let mut arena = alloc_arena::Arena::new();
/// arena.scope(|outer| {
///     outer.scope(|_| *outer.alloc(1));
/// });
/// ```
///
/// ```
/// let mut arena = alloc_arena::Arena::new();
/// arena.scope(|outer| {
///     outer.scope(|inner| *inner.alloc(1));
/// });
/// ```
struct OuterUsedInInner;

/// Two scopes have different types, and cannot be swapped.
///
/// ```compile_fail
/// let (mut one, mut two) = (alloc_arena::Arena::new(), alloc_arena::Arena::new());
/// one.scope(|a| two.scope(|b| core::mem::swap(a, b)));
/// ```
///
/// ```
/// let (mut one, mut two) = (alloc_arena::Arena::new(), alloc_arena::Arena::new());
/// one.scope(|a| two.scope(|b| core::mem::swap(a.alloc(1), b.alloc(2))));
/// ```
struct SwappedScopes;

/// A typed arena has no iterator that would alias the references it gave out.
///
/// ```compile_fail,E0502
/// let mut arena = alloc_arena::TypedArena::new();
/// let one = arena.alloc(1);
/// for value in arena.iter_mut() {
///     *value += *one;
/// }
/// ```
///
/// ```
/// let mut arena = alloc_arena::TypedArena::new();
/// let one = *arena.alloc(1);
/// for value in arena.iter_mut() {
///     *value += one;
/// }
/// ```
struct TypedAliasing;

/// No reference to a value lives while values are taken out of their arena.
///
/// ```compile_fail,E0505
/// let arena = alloc_arena::TypedArena::new();
/// let one = arena.alloc(1);
/// let all: Vec<i32> = arena.into_iter().collect();
/// assert_eq!(*one, all[0]);
/// ```
///
/// ```
/// let arena = alloc_arena::TypedArena::new();
/// let one = *arena.alloc(1);
/// let all: Vec<i32> = arena.into_iter().collect();
/// assert_eq!(one, all[0]);
/// ```
struct TypedTaken;

/// What the values of a typed arena borrow outlives it, as their destructors may read it.
///
/// This also holds the arena invariant in `T`: otherwise `alloc` would take a value of a shorter
/// life through `&arena`.
///
/// ```compile_fail,E0597
/// struct Reader<'a>(&'a String);
/// impl Drop for Reader<'_> {
///     fn drop(&mut self) {
///         assert_eq!(self.0.len(), 4);
///     }
/// }
/// let arena = alloc_arena::TypedArena::new();
/// let text = String::from("text"); // dropped before `arena`
/// arena.alloc(Reader(&text));
/// ```
///
/// ```
/// struct Reader<'a>(&'a String);
/// impl Drop for Reader<'_> {
///     fn drop(&mut self) {
///         assert_eq!(self.0.len(), 4);
///     }
/// }
/// let text = String::from("text");
/// let arena = alloc_arena::TypedArena::new();
/// arena.alloc(Reader(&text));
/// ```
struct ReaderOutlives;

/// A minimum alignment is a power of two.
///
/// ```compile_fail,E0080
/// let arena = alloc_arena::Arena::<_, 12>::with_min_align_in(alloc_arena::alloc_core::Global);
/// ```
///
/// ```
/// let arena = alloc_arena::Arena::<_, 16>::with_min_align_in(alloc_arena::alloc_core::Global);
/// ```
struct MinAlign;

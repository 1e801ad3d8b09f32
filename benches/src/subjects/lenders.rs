//! The macro for subjects that hold one allocator and lend it by reference.

/// Defines subjects: the name in a table, the type, the allocator it holds, and how one is made.
macro_rules! lenders {
    ($($(#[$attribute:meta])* $name:literal $type:ident: $inner:ty = $fresh:expr;)*) => {$(
        $(#[$attribute])*
        pub struct $type($inner);

        impl $crate::subjects::Subject for $type {
            const NAME: &'static str = $name;

            fn fresh() -> Self {
                Self($fresh)
            }
        }

        impl $crate::subjects::Lend for $type {
            type Handle<'a> = &'a $inner;

            #[inline]
            fn lend(&self) -> &$inner {
                &self.0
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($name)
            }
        }
    )*};
}

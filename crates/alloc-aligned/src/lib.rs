//! Raises the alignment of every request of any container to a compile-time power of two.

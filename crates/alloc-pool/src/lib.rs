//! Fixed-size blocks from a free list behind the Allocator trait, growable or bounded, with or without a heap.

//! A lock-free concurrent pool of fixed-size blocks behind the Allocator trait: any thread frees what any other allocated.

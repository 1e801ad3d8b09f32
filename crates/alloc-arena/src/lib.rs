//! Chunked bump allocation behind the Allocator trait: allocate for a phase, free all of it at once.

//! Counts and records every block that any allocator hands out: totals, peaks, lifetimes, leaks, double frees.

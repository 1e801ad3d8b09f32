//! Allocators made of allocators: Null, Fallback, Segregate, Limit.

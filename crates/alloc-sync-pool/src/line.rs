//! A value that shares its cache line with nothing else.

/// Aligns a value to what two processors exchange at once, and pads it to a multiple of that.
///
/// 128 bytes where the prefetcher fetches lines in pairs (x86-64) or lines are that long (some of
/// ARM and POWER), 256 on s390x, else 64. A test compares it with `CachePadded` of crossbeam-utils,
/// whose table this is, rounded up.
#[cfg_attr(
    any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "arm64ec",
        target_arch = "powerpc64"
    ),
    repr(align(128))
)]
#[cfg_attr(target_arch = "s390x", repr(align(256)))]
#[cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "arm64ec",
        target_arch = "powerpc64",
        target_arch = "s390x"
    )),
    repr(align(64))
)]
#[derive(Debug)]
pub(crate) struct OwnLine<T>(pub(crate) T);

/// Bytes of that line.
pub(crate) const LINE: usize = align_of::<OwnLine<u8>>();

#[cfg(test)]
mod layout {
    use super::OwnLine;
    use crossbeam_utils::CachePadded;

    const _: () = assert!(align_of::<OwnLine<u8>>() >= align_of::<CachePadded<u8>>());
    const _: () = assert!(size_of::<OwnLine<u8>>() >= size_of::<CachePadded<u8>>());
}

//! The peak resident set of this process, where the system tells it.

use std::fs;

/// Begins a new peak at what is resident now; tells whether the system could.
#[cfg(target_os = "linux")]
pub fn begin_peak() -> bool {
    // The file and the value are those of proc_pid_clear_refs(5).
    fs::write("/proc/self/clear_refs", "5").is_ok()
}

/// Begins a new peak at what is resident now; tells whether the system could.
#[cfg(not(target_os = "linux"))]
pub fn begin_peak() -> bool {
    false
}

/// The peak since it was begun, in bytes.
pub fn peak() -> Option<u64> {
    of_status(&fs::read_to_string("/proc/self/status").ok()?, "VmHWM:")
}

/// What is resident now, in bytes.
pub fn now() -> Option<u64> {
    of_status(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
}

/// A line of `/proc/self/status`, which counts in KiB.
fn of_status(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let status = "Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t  12 kB\n";
        assert_eq!(of_status(status, "VmHWM:"), Some(2 << 20));
        assert_eq!(of_status(status, "VmRSS:"), Some(12 << 10));
        assert_eq!(of_status(status, "VmSwap:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_touched_block_raises_the_peak() {
        if !begin_peak() {
            // Some sandboxes have no such file; then there is nothing to measure with.
            return;
        }
        let before = now().unwrap();
        let block = std::hint::black_box(vec![1_u8; 64 << 20]);
        drop(block);
        let grown = peak().unwrap().saturating_sub(before);
        assert!(grown > 48 << 20, "{grown}");
    }
}

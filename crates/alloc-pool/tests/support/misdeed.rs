//! Runs a test program again to see it end.

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

const MISDEED: &str = "ALLOC_POOL_MISDEED";

/// Commits the misdeed if this is the second run, and else checks what a second run says.
pub(crate) fn check(name: &str, expected: &[&str], misdeed: impl FnOnce()) {
    if env::var(MISDEED).as_deref() == Ok(name) {
        // Were it to unwind, the test would end well here, and the one that reads would notice.
        let _ = catch_unwind(AssertUnwindSafe(misdeed));
        return;
    }
    let program = env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .env(MISDEED, name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{name} went unnoticed: {said}");
    for part in expected {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
}

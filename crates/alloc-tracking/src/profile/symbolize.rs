//! Finds the source of addresses in this process.

use core::ptr;
use std::string::ToString;
use std::vec::Vec;

use backtrace::Symbol;

use super::{Frame, Profile};

impl Profile {
    /// Looks up every address of the stacks that was not looked up yet. To be called in the process
    /// that was recorded, and best at its end: it reads the program's debug information, which takes
    /// time and memory.
    ///
    /// Addresses are return addresses, so it is the call before each that is found. Without debug
    /// information there are names of functions at most.
    ///
    /// # Complexity
    ///
    /// O(addresses), after the debug information was read once.
    pub fn symbolize(&mut self) {
        for site in &self.sites {
            for &address in &site.stack {
                self.frames
                    .entry(address)
                    .or_insert_with(|| frames_of(address));
            }
        }
    }
}

fn frames_of(address: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    backtrace::resolve(ptr::without_provenance_mut(address), |symbol| {
        frames.push(frame(symbol));
    });
    frames.retain(|frame| *frame != Frame::default());
    frames
}

fn frame(symbol: &Symbol) -> Frame {
    Frame {
        // The alternate form leaves out the hash.
        function: symbol.name().map(|name| std::format!("{name:#}")),
        file: symbol
            .filename()
            .map(|path| path.to_string_lossy().to_string()),
        line: symbol.lineno(),
        column: symbol.colno(),
    }
}

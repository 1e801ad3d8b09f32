//! The job `pipeline`: threads that pass on lines of text in boxed blocks.
//!
//! ```text
//! reader ── packets ──▶ workers ── packets ──▶ sink
//! makes each block      change it in place     frees it
//! ```
//!
//! No block is freed where it was made: this is what a concurrent pool is for, and what makes heaps
//! with per-thread caches suffer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use alloc_core::Layout;
use alloc_core::boxed::Box;
use crossbeam_utils::sync::WaitGroup;
use crossbeam_utils::{Backoff, CachePadded};

use super::Store;
use super::desk::{Desk, Shared};
use crate::input::Input;
use crate::words::hash;

/// How many bytes of text a block has; with the rest of it, two cache lines.
const TEXT: usize = 111;
/// How many blocks travel together.
const PACKET: usize = 64;
/// How many packets are on their way at one time.
const IN_FLIGHT: usize = 64;
/// How many threads work on the text. A constant, so that each machine computes alike.
const WORKERS: usize = 2;
/// How many threads there are in all: one reads, and one frees.
pub const THREADS: usize = WORKERS + 2;

/// A packet: a list of blocks.
type Packet<'s, S> = Option<Box<Block<'s, S>, &'s S>>;

/// A line of text, or a piece of a long one.
struct Block<'s, S: Store> {
    next: Packet<'s, S>,
    len: u8,
    text: [u8; TEXT],
}

/// The layout of a block, which is the same for every store.
pub fn layout() -> Layout {
    Layout::new::<Block<'static, alloc_core::System>>()
}

/// Runs the job.
///
/// # Panics
///
/// If one of its threads does.
pub fn run<S: Shared>(input: &Input, store: &mut S) -> u64 {
    let store = &*store;
    let freed = CachePadded::new(AtomicUsize::new(0));
    let ready = WaitGroup::new();
    thread::scope(|scope| {
        let (to_sink, from_workers) = mpsc::channel();
        let to_workers = [(); WORKERS].map(|()| {
            let (to_worker, from_reader) = mpsc::channel();
            let (to_sink, ready) = (to_sink.clone(), ready.clone());
            scope.spawn(move || {
                drop(ready);
                work::<S>(&from_reader, &to_sink);
            });
            to_worker
        });
        drop(to_sink);
        let sink = scope.spawn(|| sink(from_workers, store, &freed));
        ready.wait();
        read(input, store, &to_workers, &freed);
        drop(to_workers);
        sink.join().expect("the sink does not panic")
    })
}

/// Cuts the text into blocks and sends them to the workers in turn.
fn read<'s, S: Shared>(
    input: &Input,
    store: &'s S,
    workers: &[Sender<Packet<'s, S>>],
    freed: &AtomicUsize,
) {
    let desk = Desk::new(store);
    let mut pieces = input
        .files
        .iter()
        .flat_map(|file| file.text.lines())
        .flat_map(|line| line.as_bytes().chunks(TEXT));
    for (sent, worker) in workers.iter().cycle().enumerate() {
        let packet = pack(&desk, &mut pieces);
        if packet.is_none() {
            break;
        }
        worker.send(packet).expect("the worker waits for packets");
        let backoff = Backoff::new();
        // Relaxed: the number alone is of interest; the packets are handed over by the channels.
        while sent + 1 - freed.load(Ordering::Relaxed) >= IN_FLIGHT {
            backoff.snooze();
        }
    }
}

/// Makes blocks of the next pieces.
fn pack<'s, 't, S: Shared>(
    desk: &Desk<'s, S>,
    pieces: &mut impl Iterator<Item = &'t [u8]>,
) -> Packet<'s, S> {
    let mut packet = None;
    for piece in pieces.take(PACKET) {
        let mut text = [0; TEXT];
        text[..piece.len()].copy_from_slice(piece);
        #[expect(clippy::cast_possible_truncation, reason = "at most `TEXT`")]
        let len = piece.len() as u8;
        packet = Some(desk.make(Block {
            next: packet,
            len,
            text,
        }));
    }
    packet
}

/// Lowers the letters of each block.
fn work<'s, S: Shared>(packets: &Receiver<Packet<'s, S>>, sink: &Sender<Packet<'s, S>>) {
    for mut packet in packets {
        let mut link = packet.as_mut();
        while let Some(block) = link {
            block.text.make_ascii_lowercase();
            link = block.next.as_mut();
        }
        sink.send(packet).expect("the sink waits for packets");
    }
}

/// Sums up and frees each block. The sum does not depend on the order of the packets.
fn sink<'s, S: Shared>(packets: Receiver<Packet<'s, S>>, store: &'s S, freed: &AtomicUsize) -> u64 {
    let desk = Desk::new(store);
    let mut sum = 0_u64;
    for mut packet in packets {
        while let Some(mut block) = packet {
            sum = sum.wrapping_add(hash(&block.text[..usize::from(block.len)]));
            packet = block.next.take();
            desk.free(block);
        }
        freed.fetch_add(1, Ordering::Relaxed);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_core::System;

    // Two cache lines, whatever the store.
    const _: () = assert!(size_of::<Block<'static, System>>() == 128);

    #[test]
    fn the_answer_is_the_sum_over_all_pieces() {
        let long = "x".repeat(TEXT + 5);
        let text = format!("Ab\n\n{long}\n");
        let pieces = ["ab", &long[..TEXT], &long[..5]];
        let expected = pieces
            .iter()
            .fold(0_u64, |sum, piece| sum.wrapping_add(hash(piece.as_bytes())));
        assert_eq!(
            run(&Input::of_texts([text.as_str()]), &mut System),
            expected
        );
    }
}

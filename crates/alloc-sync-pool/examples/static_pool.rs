//! A pool in a `static`: shared by all threads, bounded, and without a heap.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::thread;

use alloc_core::{AllocError, Allocator, Layout, boxed::Box};
use alloc_sync_pool::InlineSyncPool;

type Packet = [u8; 1500];

static PACKETS: InlineSyncPool<Packet, 8> = InlineSyncPool::new();

fn main() -> Result<(), AllocError> {
    let mut packets = Vec::new();
    for n in 0..8_u8 {
        packets.push(Box::try_new_in([n; 1500], &PACKETS)?);
    }
    println!(
        "{} of {} packets in use",
        PACKETS.in_use(),
        PACKETS.capacity()
    );

    let refused = (&PACKETS).allocate(Layout::new::<Packet>()).is_err();
    assert!(refused);
    println!("a ninth is refused: {refused}");

    // `&'static` handles go wherever they are needed.
    let worker = thread::spawn(move || {
        packets
            .iter()
            .map(|packet| usize::from(packet[0]))
            .sum::<usize>()
    });
    let sum = worker.join().map_err(|_| AllocError)?;
    assert_eq!((sum, PACKETS.in_use()), (28, 0));
    println!(
        "sum of the first bytes: {sum}; packets in use: {}",
        PACKETS.in_use()
    );
    Ok(())
}

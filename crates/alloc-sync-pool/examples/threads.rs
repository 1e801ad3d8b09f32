//! Messages that one thread allocates and another one frees, all in one pool.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::sync::mpsc;
use std::thread;

use alloc_core::{ArcHandle, Owns, boxed::Box};
use alloc_sync_pool::{Layout, SyncPool};

struct Message {
    from: usize,
    text: [u8; 32],
}

const PRODUCERS: usize = 3;
const MESSAGES: usize = 1_000;

fn main() {
    let pool = ArcHandle::new(SyncPool::for_value::<Message>());
    let (sender, receiver) = mpsc::sync_channel(32);

    let producers: Vec<_> = (0..PRODUCERS)
        .map(|from| {
            let (pool, sender) = (pool.clone(), sender.clone());
            thread::spawn(move || {
                for _ in 0..MESSAGES {
                    let message = Box::new_in(
                        Message {
                            from,
                            text: [b'.'; 32],
                        },
                        pool.clone(),
                    );
                    sender.send(message).expect("the receiver waits for all");
                }
            })
        })
        .collect();
    drop(sender);

    let mut counts = [0; PRODUCERS];
    for message in receiver {
        let address = std::ptr::NonNull::from(&*message).cast();
        assert!(
            pool.owns(address, Layout::new::<Message>()),
            "it lives in the pool"
        );
        assert_eq!(message.text[0], b'.');
        counts[message.from] += 1;
    } // freed here, by the thread that did not allocate it
    for producer in producers {
        producer.join().expect("a producer panicked");
    }

    assert_eq!(counts, [MESSAGES; PRODUCERS]);
    assert_eq!(pool.in_use(), 0);
    assert!(pool.capacity() < MESSAGES, "blocks were used again");
    println!(
        "{} messages of {} bytes went through",
        counts.iter().sum::<usize>(),
        size_of::<Message>()
    );
    println!("blocks in use at the end: {}", pool.in_use());
    println!("blocks in memory: fewer than {MESSAGES}");

    // Where a thread allocates and frees a lot, a handle of its own keeps it from meeting the
    // others.
    let local = pool.local();
    for from in 0..MESSAGES {
        drop(Box::new_in(
            Message {
                from,
                text: [0; 32],
            },
            &local,
        ));
    }
    println!("at hand for this thread: {} blocks", local.cached());
    drop(local);
    assert_eq!(pool.in_use(), 0);
}

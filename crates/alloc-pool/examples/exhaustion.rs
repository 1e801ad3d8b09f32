//! A fixed pool runs out: the error is an answer, and the program goes on.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use alloc_pool::alloc_core::{boxed::Box, vec::Vec};
use alloc_pool::{AllocError, Layout, Pool};

/// A connection with its buffer.
struct Connection {
    id: u32,
    buffer: [u8; 60],
}

fn main() -> Result<(), AllocError> {
    let pool = Pool::fixed(Layout::new::<Connection>(), 4);
    // Memory now, not at the first connection.
    pool.reserve(4)?;

    let mut open = Vec::new();
    let mut refused = 0;
    for id in 0..6 {
        match Box::try_new_in(
            Connection {
                id,
                buffer: [0; 60],
            },
            &pool,
        ) {
            Ok(mut connection) => {
                connection.buffer[0] = 1;
                open.push(connection);
                println!(
                    "connection {id}: {} of {} blocks",
                    pool.in_use(),
                    pool.capacity()
                );
            }
            Err(error) => {
                refused += 1;
                println!("connection {id}: refused ({error})");
            }
        }
    }
    assert_eq!((open.len(), refused, pool.available()), (4, 2, 0));

    let closed = open.swap_remove(1);
    println!("connection {} closes", closed.id);
    drop(closed);
    let again = Box::try_new_in(
        Connection {
            id: 6,
            buffer: [0; 60],
        },
        &pool,
    )?;
    println!(
        "connection {}: {} of {} blocks",
        again.id,
        pool.in_use(),
        pool.capacity()
    );
    assert_eq!(pool.in_use(), 4);
    Ok(())
}

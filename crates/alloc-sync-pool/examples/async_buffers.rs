//! Buffers of the tasks of an async runtime: they live across awaits, go from task to task and from
//! thread to thread, and come back also from tasks that are cancelled.
#![cfg_attr(feature = "nightly", feature(allocator_api))]

use std::future;
use std::thread::{self, ThreadId};

use alloc_core::{ArcHandle, Layout, vec::Vec as PoolVec};
use alloc_sync_pool::SyncPool;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::{self, JoinHandle};

const BUFFER: usize = 512;
const CONNECTIONS: u8 = 8;
const PACKETS: usize = 250;

type Pool = ArcHandle<SyncPool>;

/// What a connection reads: always a whole block.
type Buffer = PoolVec<u8, Pool>;

/// A packet, and the thread that took its block.
struct Packet {
    bytes: Buffer,
    made_by: ThreadId,
}

fn buffer(pool: &Pool) -> Buffer {
    PoolVec::with_capacity_in(BUFFER, pool.clone())
}

/// Fills buffers, a piece at a time, as data would arrive.
async fn receive(connection: u8, pool: Pool, packets: mpsc::Sender<Packet>) {
    for _ in 0..PACKETS {
        let (mut bytes, made_by) = (buffer(&pool), thread::current().id());
        for _ in 0..4 {
            bytes.resize(bytes.len() + BUFFER / 4, connection);
            // From here on it may be another thread that goes on.
            task::yield_now().await;
        }
        let packet = Packet { bytes, made_by };
        packets.send(packet).await.expect("the counter takes all");
    }
}

/// Counts bytes of each connection, and packets that are freed where they were not made.
async fn count(mut packets: mpsc::Receiver<Packet>) -> ([usize; CONNECTIONS as usize], usize) {
    let (mut counts, mut elsewhere) = ([0; CONNECTIONS as usize], 0);
    while let Some(packet) = packets.recv().await {
        let connection = packet.bytes[0];
        assert!(packet.bytes.iter().all(|byte| *byte == connection));
        counts[usize::from(connection)] += packet.bytes.len();
        elsewhere += usize::from(packet.made_by != thread::current().id());
    }
    (counts, elsewhere)
}

/// Has a buffer, and waits for what never comes.
async fn stall(pool: Pool) {
    let bytes = buffer(&pool);
    future::pending::<()>().await;
    drop(bytes);
}

async fn serve(pool: Pool) {
    let stalled: Vec<JoinHandle<()>> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(stall(pool.clone())))
        .collect();
    let (sender, receiver) = mpsc::channel(16);
    let counter = tokio::spawn(count(receiver));
    for n in 0..CONNECTIONS {
        tokio::spawn(receive(n, pool.clone(), sender.clone()));
    }
    drop(sender);

    let (counts, elsewhere) = counter.await.expect("the counter panicked");
    assert_eq!(counts, [PACKETS * BUFFER; CONNECTIONS as usize]);
    let packets = usize::from(CONNECTIONS) * PACKETS;
    println!("{packets} packets, {elsewhere} of them freed by another thread than took them");

    println!("{} buffers in tasks that wait", pool.in_use());
    for task in stalled {
        task.abort();
        let error = task.await.expect_err("it cannot end by itself");
        assert!(error.is_cancelled());
    }
}

fn main() -> std::io::Result<()> {
    let pool = Pool::new(SyncPool::new(Layout::new::<[u8; BUFFER]>()));
    let runtime = Builder::new_multi_thread().worker_threads(4).build()?;
    runtime.block_on(serve(pool.clone()));
    // Joins the threads: tasks that have sent all they had may still be on the way to their ends.
    drop(runtime);

    println!(
        "blocks in use at the end: {} of {}",
        pool.in_use(),
        pool.capacity()
    );
    assert_eq!(pool.in_use(), 0);
    let packets = usize::from(CONNECTIONS) * PACKETS;
    assert!(pool.capacity() < packets, "blocks were used again");
    assert!(pool.try_into_inner().is_ok(), "every handle is gone");
    Ok(())
}

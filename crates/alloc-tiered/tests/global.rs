//! The allocator of this program is `GlobalTiered`.
//!
//! Not under Miri: what is told to it of a block that is nobody's any more is a write, and the standard library frees
//! boxes while they are arguments, of which Miri then believes that nobody else may write there.
#![cfg(all(feature = "std", not(miri)))]

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, mpsc};
use std::thread;

use alloc_tiered::GlobalTiered;

#[global_allocator]
static HEAP: GlobalTiered = GlobalTiered::new();

/// So many rounds.
const ROUNDS: usize = 5_000;

#[test]
fn containers_of_all_sizes() {
    let mut map = HashMap::new();
    let mut tree = BTreeMap::new();
    for number in 0..ROUNDS {
        let text = "x".repeat(number % 300);
        map.insert(number, text.clone());
        tree.insert(text, number);
        if number % 3 == 0 {
            map.remove(&(number / 2));
        }
    }
    assert!(map.iter().all(|(number, text)| text.len() == number % 300));
    assert_eq!(tree.len(), ROUNDS.min(300));
    let small = HEAP.classes().find(|class| class.block.size() == 24);
    assert!(small.is_some_and(|class| class.capacity > 0));
}

#[test]
fn aligned_and_zeroed_values() {
    #[repr(align(4096))]
    struct Page([u8; 4096]);
    #[repr(align(64))]
    struct Line(#[expect(dead_code, reason = "of some size")] [u8; 64]);
    for size in [1_usize, 100, 9_000, 1 << 20] {
        drop(vec![1_u8; size]);
        assert!(vec![0_u8; size].iter().all(|&byte| byte == 0));
    }
    let page = Box::new(Page([3; 4096]));
    assert!(std::ptr::from_ref(&*page).is_aligned() && page.0.iter().all(|&byte| byte == 3));
    let lines: Vec<_> = (0..9).map(|n| Box::new(Line([n; 64]))).collect();
    assert!(
        lines
            .iter()
            .all(|line| std::ptr::from_ref(&**line).is_aligned())
    );
}

#[test]
fn a_vector_keeps_its_numbers_while_it_grows_and_shrinks() {
    let mut numbers = Vec::new();
    for number in 0..ROUNDS {
        numbers.push(number);
    }
    numbers.truncate(7);
    numbers.shrink_to_fit();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn threads_come_and_go_with_what_others_made() {
    let (sender, receiver) = mpsc::channel::<Arc<str>>();
    let threads = 50;
    let all: Vec<_> = (0..threads)
        .map(|number| {
            let sender = sender.clone();
            thread::spawn(move || {
                for _ in 0..100 {
                    sender.send(format!("from thread {number}").into()).unwrap();
                }
            })
        })
        .collect();
    drop(sender);
    let texts: Vec<_> = receiver.iter().collect();
    for thread in all {
        thread.join().unwrap();
    }
    assert_eq!(texts.len(), threads * 100);
    assert!(texts.iter().all(|text| text.starts_with("from thread ")));
}

/// A value of a thread that allocates when the thread has few others left.
struct Late(Vec<String>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0.push("late".repeat(30));
        assert!(self.0.iter().all(|text| text.len() > 3));
    }
}

thread_local! {
    static LATE: std::cell::RefCell<Late> = const { std::cell::RefCell::new(Late(Vec::new())) };
}

#[test]
fn destructors_of_thread_locals_allocate() {
    for _ in 0..100 {
        let thread = thread::spawn(|| {
            LATE.with_borrow_mut(|late| late.0.push("early".into()));
            drop(vec![String::from("before"); 20]);
        });
        thread.join().unwrap();
    }
}

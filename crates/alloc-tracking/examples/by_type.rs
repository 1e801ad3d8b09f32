//! How much of the heap each type takes, and how many there are of it.
//!
//! `cargo run -p alloc-tracking --features std --example by_type`
#![cfg_attr(feature = "nightly", feature(allocator_api))]

#[cfg(feature = "std")]
fn main() {
    use alloc_tracking::SiteProfiler;
    use alloc_tracking::alloc_core::{Global, vec::Vec as VecIn};
    use alloc_tracking::profile::Metric;

    struct Order {
        customer: u32,
        price: f64,
    }

    let heap = SiteProfiler::new(Global);
    let mut orders = VecIn::new_in(heap.of::<Order>());
    let mut prices = VecIn::new_in(heap.of::<f64>());
    for customer in 0..1000 {
        let price = f64::from(customer % 17);
        orders.push(Order { customer, price });
        prices.push(price);
    }
    orders.retain(|order| order.customer % 10 == 0 && order.price > 1.0);
    orders.shrink_to_fit();

    let profile = heap.profile();
    println!("{profile}");
    let mut by_type = profile.by_type();
    by_type.sort_by(Metric::EndBytes);
    let counts = by_type.sites.iter().map(|site| {
        let element = site.element.as_ref();
        element.map_or(0, |element| element.count(site.at_end))
    });
    assert!(counts.eq([1024, orders.len() as u64]));
}

#[cfg(not(feature = "std"))]
fn main() {
    println!("the profiler needs the feature `std`");
}

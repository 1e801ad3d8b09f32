//! x
use alloc_benches::registry::cases;
fn main() {
    for c in cases() {
        let mut r = c.start();
        r(3);
        let n = 1000;
        let d = r(n);
        println!("{c:?} {:.3} ns", d.as_nanos() as f64 / (n * c.ops) as f64);
    }
}

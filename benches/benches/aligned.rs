//! Measures the group `aligned` of the registry.

mod driver;

fn main() {
    driver::run("aligned");
}

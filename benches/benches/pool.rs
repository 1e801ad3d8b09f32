//! Measures the group `pool` of the registry.

mod driver;

fn main() {
    driver::run("pool");
}

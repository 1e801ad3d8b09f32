//! Measures the group `sync_pool` of the registry.

mod driver;

fn main() {
    driver::run("sync_pool");
}

//! Measures the group `compose` of the registry.

mod driver;

fn main() {
    driver::run("compose");
}

//! Measures the group `tracking` of the registry.

mod driver;

fn main() {
    driver::run("tracking");
}

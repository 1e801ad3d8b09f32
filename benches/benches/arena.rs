//! Measures the group `arena` of the registry.

mod driver;

fn main() {
    driver::run("arena");
}

//! What the blocks of a site hold.

use core::fmt;
use std::string::String;

use super::place::one_line;
use super::{Amount, Profile};

/// The type of what is in the blocks of a [`Site`](super::Site), if the program told it: with
/// [`SiteProfiler::of`](crate::SiteProfiler::of).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Element {
    /// Its name, as [`type_name`](core::any::type_name) gives it.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

impl Element {
    /// The type with a name and a size in bytes.
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        Self {
            name: name.into(),
            size,
        }
    }

    /// How many of them there is room for in the bytes of `amount`: the elements of arrays. 0 if they
    /// have no size. Where a container keeps something beside them, it is less than that.
    pub const fn count(&self, amount: Amount) -> u64 {
        match amount.bytes.checked_div(self.size) {
            Some(count) => count,
            None => 0,
        }
    }
}

/// Its name and size: `app::Order (40 bytes)`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.size == 1 { "" } else { "s" };
        write!(f, "{} ({} byte{plural})", one_line(&self.name), self.size)
    }
}

impl Profile {
    /// The same profile with a site for each [type](super::Site::element) instead of each place, and one for
    /// all that has none: how much of what there is, and how many. It can be written as any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use alloc_tracking::profile::{Element, Metric, Profile, Site};
    ///
    /// let mut profile = Profile::default();
    /// let order = Element::new("Order", 40);
    /// profile.sites.push(Site::new([1]).at_end(1, 400).element(order.clone()));
    /// profile.sites.push(Site::new([2]).at_end(1, 80).element(order));
    /// profile.sites.push(Site::new([2]).at_end(1, 7));
    ///
    /// let mut by_type = profile.by_type();
    /// by_type.sort_by(Metric::EndBytes);
    /// let orders = &by_type.sites[0];
    /// let element = orders.element.as_ref();
    /// assert_eq!(element.map(|element| element.count(orders.at_end)), Some(12));
    /// ```
    #[must_use]
    pub fn by_type(&self) -> Self {
        let mut profile = Self::new(self.run.clone());
        profile.sites.clone_from(&self.sites);
        profile.series.clone_from(&self.series);
        for site in &mut profile.sites {
            site.stack.clear();
            (site.tag, site.thread) = (None, None);
        }
        profile.merge_sites();
        profile
    }
}

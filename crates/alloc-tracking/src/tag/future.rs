//! A future with a tag.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::Tag;

/// A future that has a [`Tag`] whenever it is polled. Made by [`Tag::wrap`].
///
/// When it is dropped, what it holds is dropped without the tag; that changes nothing, as a block
/// belongs to the tag under which it was allocated.
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct Tagged<F> {
    tag: Tag,
    /// Pinned if the whole is: it is never moved out, there is no `Drop`, and `Unpin` is as the compiler
    /// derives it.
    future: F,
}

impl<F> Tagged<F> {
    pub(super) const fn new(tag: Tag, future: F) -> Self {
        Self { tag, future }
    }

    /// The tag.
    pub const fn tag(&self) -> Tag {
        self.tag
    }
}

impl<F: Future> Future for Tagged<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let _guard = self.tag.enter();
        // SAFETY: `future` is pinned if the whole is, as said there.
        let future = unsafe { self.map_unchecked_mut(|tagged| &mut tagged.future) };
        future.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::future::poll_fn;
    use core::pin::pin;
    use core::task::Waker;

    #[test]
    fn a_future_has_its_tag_at_each_poll_and_across_await_points() {
        let tag = Tag::new("tests: future");
        let mut polls = 0;
        let mut once = pin!(tag.wrap(async {
            let before = Tag::current();
            poll_fn(|_| {
                polls += 1;
                if polls == 1 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            (before, Tag::current())
        }));
        let mut context = Context::from_waker(Waker::noop());
        assert!(once.as_mut().poll(&mut context).is_pending());
        assert_eq!(Tag::current(), Tag::NONE);
        let other = Tag::new("tests: other").enter();
        assert_eq!(once.as_mut().poll(&mut context), Poll::Ready((tag, tag)));
        assert_eq!(Tag::current().name(), "tests: other");
        drop(other);
    }
}

// What a mutant's file ends with, if a read-modify-write in it is to be a load and a store.
#[allow(dead_code, missing_docs, unreachable_pub)]
mod torn {
    use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};

    fn acquiring(order: Ordering) -> Ordering {
        match order {
            Ordering::Acquire | Ordering::AcqRel => Ordering::Acquire,
            Ordering::SeqCst => Ordering::SeqCst,
            _ => Ordering::Relaxed,
        }
    }

    fn releasing(order: Ordering) -> Ordering {
        match order {
            Ordering::Release | Ordering::AcqRel => Ordering::Release,
            Ordering::SeqCst => Ordering::SeqCst,
            _ => Ordering::Relaxed,
        }
    }

    pub(super) trait Torn {
        type Value: Copy + PartialEq;

        fn get(&self, order: Ordering) -> Self::Value;
        fn set(&self, value: Self::Value, order: Ordering);

        fn torn_fetch_update(
            &self,
            set: Ordering,
            fetch: Ordering,
            mut new: impl FnMut(Self::Value) -> Option<Self::Value>,
        ) -> Result<Self::Value, Self::Value> {
            let old = self.get(fetch);
            let new = new(old).ok_or(old)?;
            self.set(new, releasing(set));
            Ok(old)
        }

        fn torn_swap(&self, value: Self::Value, order: Ordering) -> Self::Value {
            let old = self.get(acquiring(order));
            self.set(value, releasing(order));
            old
        }

        fn torn_compare_exchange(
            &self,
            current: Self::Value,
            new: Self::Value,
            success: Ordering,
            _failure: Ordering,
        ) -> Result<Self::Value, Self::Value> {
            let old = self.get(acquiring(success));
            if old != current {
                return Err(old);
            }
            self.set(new, releasing(success));
            Ok(old)
        }

        fn torn_compare_exchange_weak(
            &self,
            current: Self::Value,
            new: Self::Value,
            success: Ordering,
            failure: Ordering,
        ) -> Result<Self::Value, Self::Value> {
            self.torn_compare_exchange(current, new, success, failure)
        }
    }

    pub(super) trait TornNumber: Torn {
        fn torn_fetch_add(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_sub(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_max(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_min(&self, value: Self::Value, order: Ordering) -> Self::Value;
    }

    pub(super) trait TornBits: Torn {
        fn torn_fetch_and(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_or(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_xor(&self, value: Self::Value, order: Ordering) -> Self::Value;
        fn torn_fetch_nand(&self, value: Self::Value, order: Ordering) -> Self::Value;
    }

    macro_rules! torn {
        ($type:ty, $($method:ident: |$old:ident, $value:ident| $new:expr;)*) => { $(
            fn $method(&self, $value: $type, order: Ordering) -> $type {
                let $old = self.get(acquiring(order));
                self.set($new, releasing(order));
                $old
            }
        )* };
    }

    macro_rules! word {
        ([$($generic:ident)?] $atomic:ty, $type:ty) => {
            impl<$($generic)?> Torn for $atomic {
                type Value = $type;
                fn get(&self, order: Ordering) -> $type {
                    self.load(order)
                }
                fn set(&self, value: $type, order: Ordering) {
                    self.store(value, order);
                }
            }
        };
    }

    macro_rules! bits {
        ($atomic:ty, $type:ty) => {
            impl TornBits for $atomic {
                torn! { $type,
                    torn_fetch_and: |old, value| old & value;
                    torn_fetch_or: |old, value| old | value;
                    torn_fetch_xor: |old, value| old ^ value;
                    torn_fetch_nand: |old, value| !(old & value);
                }
            }
        };
    }

    macro_rules! number {
        ($atomic:ty, $type:ty) => {
            word!([] $atomic, $type);
            bits!($atomic, $type);
            impl TornNumber for $atomic {
                torn! { $type,
                    torn_fetch_add: |old, value| old.wrapping_add(value);
                    torn_fetch_sub: |old, value| old.wrapping_sub(value);
                    torn_fetch_max: |old, value| old.max(value);
                    torn_fetch_min: |old, value| old.min(value);
                }
            }
        };
    }

    number!(AtomicUsize, usize);
    number!(AtomicU32, u32);
    number!(AtomicU64, u64);
    word!([] AtomicBool, bool);
    bits!(AtomicBool, bool);
    word!([T] AtomicPtr<T>, *mut T);
}
#[allow(unused_imports)]
use torn::{Torn as _, TornBits as _, TornNumber as _};

//! The allocator, and when it gives memory back to the system.

use std::ffi::{c_int, c_long};

use mimalloc::MiMalloc;

/// Reading documents is mostly asking for memory: a fifth less time than with that of the C library.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mi_option_purge_delay` of mimalloc 2: milliseconds until what was freed is given back.
const PURGE_DELAY: c_int = 15;

/// Gives back at once what is freed from now on, where a process lives long and is mostly idle: twice the memory would
/// otherwise stay with it until somebody asks for more.
#[allow(unsafe_code, reason = "options of the allocator are set by a function of C, which takes any number")]
pub(crate) fn give_back_at_once() {
    unsafe extern "C" {
        fn mi_option_set(option: c_int, value: c_long);
    }
    unsafe { mi_option_set(PURGE_DELAY, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(unsafe_code, reason = "as above")]
    fn the_option_is_the_one_that_is_meant() {
        unsafe extern "C" {
            fn mi_option_get(option: c_int) -> c_long;
        }
        // Ten milliseconds are its default.
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, 10);
        give_back_at_once();
        assert_eq!(unsafe { mi_option_get(PURGE_DELAY) }, 0);
    }
}

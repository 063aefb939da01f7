//! The allocator of the command: [mimalloc](https://github.com/microsoft/mimalloc), told what suits a program that runs for
//! seconds and then ends.
//!
//! mimalloc is for servers: what has been freed it gives back to the system after some milliseconds. A plan of 50,000 resources gave
//! back and took anew half of its memory, and to take a page costs as much as to fill it. So a run that turns out to be large gives
//! nothing back any more (the memory at its highest stays what it was). And beyond the memory that a run of a few thousand resources
//! takes, pages are large ones: 2 MiB in one go instead of 512 times 4 KiB. Below that they stay small, because a large page counts
//! as taken when a part of it is.
//!
//! This is the only crate of the workspace that calls what the compiler cannot check.

use std::ffi::c_int;
use std::ffi::c_long;
use std::ffi::c_ulonglong;
use std::ffi::c_void;

/// The global allocator of the command.
pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of mimalloc 2: milliseconds until freed memory is given back; negative for never.
const PURGE_DELAY: c_int = 15;

/// Beats of a thread's heart after which the run is a large one. The heart beats with what is allocated: 50 to 100 times for a plan of
/// 1,000 resources, 400 times for one of 1,000 heavy expressions.
const LARGE: c_ulonglong = 512;

/// What the allocator calls at every beat: whether it is short of memory, how many beats there were in this thread, and what was
/// given to it.
type OnBeat = extern "C" fn(bool, c_ulonglong, *mut c_void);

// mimalloc 2, `include/mimalloc.h`.
unsafe extern "C" {
    /// Sets an option unless the environment has set it (`MIMALLOC_…`).
    safe fn mi_option_set_default(option: c_int, value: c_long);
    /// Has a function called at every beat.
    fn mi_register_deferred_free(on_beat: OnBeat, given: *mut c_void);
}

/// Tells the allocator, and the kernel, what suits this program. To be called once, before anything large is made.
///
/// What the environment says of mimalloc's options (`MIMALLOC_PURGE_DELAY`) holds.
pub fn settle() {
    // SAFETY: the function lives as long as the program, and neither allocates nor unwinds nor looks at what is given to it.
    unsafe { mi_register_deferred_free(on_beat, std::ptr::null_mut()) };
    #[cfg(target_os = "linux")]
    large_pages::allow();
}

extern "C" fn on_beat(_short: bool, beats: c_ulonglong, _given: *mut c_void) {
    if beats == LARGE {
        mi_option_set_default(PURGE_DELAY, -1);
    }
}

#[cfg(target_os = "linux")]
mod large_pages {
    use std::ffi::c_int;
    use std::ffi::c_void;

    use rustix::mm::Advice;

    /// Bytes of the allocator's first area whose pages stay small. It hands out its memory in pieces of 32 MiB, one a thread, from the
    /// beginning.
    const SMALL: usize = 128 << 20;

    /// The first area: 1 GiB of addresses, which the allocator takes before `main`.
    const FIRST: c_int = 1;

    // mimalloc 2, `include/mimalloc.h`.
    unsafe extern "C" {
        /// Where an area begins, and its length; null where there is none.
        fn mi_arena_area(arena: c_int, size: *mut usize) -> *mut c_void;
    }

    /// Asks for large pages beyond the first [`SMALL`] bytes. Where that fails, pages stay small, and nothing else is different.
    pub(super) fn allow() {
        let mut size = 0;
        // SAFETY: it reads a table of the allocator, and `size` is there to be written.
        let start = unsafe { mi_arena_area(FIRST, &raw mut size) };
        if start.is_null() || size <= SMALL {
            return;
        }
        // SAFETY: the area is mapped as a whole, belongs to the allocator for as long as the process runs, and `SMALL` lies within it. The
        // advice changes what pages it is made of, never what is in them.
        let advised = unsafe {
            rustix::mm::madvise(
                start.wrapping_byte_add(SMALL),
                size - SMALL,
                Advice::LinuxHugepage,
            )
        };
        if advised.is_ok() {
            // As mimalloc is built here it shuts large pages out of the process at its start, also where the kernel gives them unasked.
            let _ = rustix::thread::disable_transparent_huge_pages(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[global_allocator]
    static ALLOCATOR: Allocator = Allocator;

    unsafe extern "C" {
        safe fn mi_option_get(option: c_int) -> c_long;
    }

    const AGAIN: &str = "STREAMFORM_ALLOCATOR_TEST";

    /// Whether this is such a process.
    fn is_alone() -> bool {
        std::env::var_os(AGAIN).is_some()
    }

    /// Takes so many MiB in small pieces, and counts them.
    fn allocated(mib: usize) -> usize {
        let pieces: Vec<Box<[u8; 1024]>> = (0..mib * 1024).map(|_| Box::new([1; 1024])).collect();
        pieces.len() / 1024
    }

    /// Runs one test of this file in a process of its own.
    fn alone(test: &str, delay: Option<&str>) {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", &format!("tests::{test}"), "--ignored"])
            .env(AGAIN, "yes");
        match delay {
            Some(delay) => command.env("MIMALLOC_PURGE_DELAY", delay),
            None => command.env_remove("MIMALLOC_PURGE_DELAY"),
        };
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && told.contains("1 passed"), "{told}");
    }

    #[test]
    #[ignore = "a part of the next one, in a process of its own"]
    fn with_a_delay_from_outside() {
        if !is_alone() {
            return;
        }
        // The number of the option is the one that mimalloc knows by this name.
        assert_eq!(mi_option_get(PURGE_DELAY), 4242);
        settle();
        assert_eq!(allocated(200), 200);
        assert_eq!(mi_option_get(PURGE_DELAY), 4242);
    }

    #[test]
    fn the_environment_has_the_last_word() {
        alone("with_a_delay_from_outside", Some("4242"));
    }

    #[test]
    #[ignore = "a part of the next one, in a process of its own"]
    fn without_a_delay_from_outside() {
        if !is_alone() {
            return;
        }
        settle();
        assert_eq!(allocated(5), 5);
        assert!(mi_option_get(PURGE_DELAY) >= 0);
        assert_eq!(allocated(200), 200);
        assert_eq!(mi_option_get(PURGE_DELAY), -1);
    }

    #[test]
    fn a_large_run_gives_nothing_back() {
        alone("without_a_delay_from_outside", None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[ignore = "a part of the next one, in a process of its own"]
    fn large_pages_alone() {
        if !is_alone() {
            return;
        }
        // Mappings whose pages the kernel was told to make large.
        let advised = || {
            let all = std::fs::read_to_string("/proc/self/smaps").unwrap();
            let flags = all.lines().filter_map(|line| line.strip_prefix("VmFlags:"));
            flags
                .filter(|flags| flags.split_whitespace().any(|flag| flag == "hg"))
                .count()
        };
        assert_eq!(advised(), 0);
        settle();
        assert_eq!(advised(), 1);
        assert!(!rustix::thread::transparent_huge_pages_are_disabled().unwrap());
        // The memory is what it was: 160 MB of it.
        let many: Vec<Vec<u64>> = (0..2000).map(|n| vec![n; 10_000]).collect();
        assert!(
            many.iter()
                .zip(0..)
                .all(|(one, n)| one[0] == n && one[9_999] == n)
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn large_pages_come_after_the_small_ones() {
        if std::path::Path::new("/sys/kernel/mm/transparent_hugepage").is_dir() {
            alone("large_pages_alone", None);
        }
    }
}

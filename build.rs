//! How the command is linked.

use std::process::Command;

/// The first glibc whose loader reads packed relocations. Tables of schemas and of functions are full of addresses: 40,000 of
/// them take 1 MB unpacked, all of it read at every start, and 30 kB packed.
const PACKED_RELOCATIONS: (u32, u32) = (2, 36);

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    // What is built here for another system may not have such a loader.
    let native = of("TARGET") == of("HOST") && of("TARGET").ends_with("-linux-gnu");
    if native && glibc().is_some_and(|version| version >= PACKED_RELOCATIONS) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this system's C library.
fn glibc() -> Option<(u32, u32)> {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

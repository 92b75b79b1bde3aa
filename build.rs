//! Compiles `preload/`, the library that programs on trial preload, which the program then carries as bytes.
//!
//! Only where it can work: Linux on x86-64 and aarch64, with the feature `warp`. Elsewhere, and where the compiler cannot make it,
//! the package builds without virtual time for other programs. It is no package of its own, so that a file of this package
//! has all of it, and `unsafe` remains forbidden everywhere else.

use std::env;
use std::path::PathBuf;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=preload");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(warp)");
    let said = |name: &str| env::var(name).unwrap_or_default();
    let can_work = said("CARGO_CFG_TARGET_OS") == "linux"
        && ["x86_64", "aarch64"].contains(&said("CARGO_CFG_TARGET_ARCH").as_str())
        && said("CARGO_CFG_TARGET_ENV") == "gnu";
    if !can_work || env::var_os("CARGO_FEATURE_WARP").is_none() {
        return;
    }
    let out = PathBuf::from(said("OUT_DIR")).join("preload.so");
    let mut rustc = Command::new(said("RUSTC"));
    rustc.args(["--edition", "2024", "--crate-name", "pollbench_preload", "--crate-type", "cdylib"]);
    rustc.args(["-C", "panic=abort", "-C", "opt-level=2", "-C", "strip=symbols", "-C", "lto=fat"]);
    // It starts before all else in a program, libc included: what calls before it is there could be stopped by the filter of
    // the program before, with nobody to handle it.
    rustc.args(["-C", "link-arg=-lc", "-C", "link-arg=-Wl,-z,defs,-z,initfirst"]);
    rustc.args(["--target", &said("TARGET")]);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.to_string_lossy()));
    }
    let made = rustc.arg("preload/lib.rs").arg("-o").arg(&out).status();
    if made.as_ref().is_ok_and(std::process::ExitStatus::success) {
        println!("cargo::rustc-cfg=warp");
    } else {
        println!("cargo::warning=virtual time for other programs is left out: preload/ does not compile ({made:?})");
    }
}

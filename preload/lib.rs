//! Virtual time inside a program that knows nothing of it: the library that `pollbench` preloads into programs on trial.
//!
//! It shares a page of memory with the coordinator (`src/net/warp`). Clocks tell the instant in that page. Every wait with a
//! time limit announces its end there and then blocks without one; the coordinator moves the instant, and wakes who is due
//! with SIGSYS. Reading a clock needs no system call and is interposed by name; everything else is caught by a seccomp
//! filter, which stops system calls of libc with SIGSYS, so that calls inside libc and through `syscall()` are met too.
//!
//! It stands apart from the package since nothing else may have `unsafe`: `build.rs` compiles it, and the program carries it
//! as bytes. It has no dependency but libc, whose functions it hardly calls: its own system calls are made here, outside of
//! the range that the filter stops.
#![no_std]
#![deny(unsafe_op_in_unsafe_fn)]
#![warn(clippy::undocumented_unsafe_blocks)]

#[cfg_attr(target_arch = "x86_64", path = "arch/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "arch/aarch64.rs")]
mod arch;
mod calls;
mod clocks;
mod filter;
mod layout;
mod page;
mod random;
mod signals;
mod sites;
mod sockets;
mod start;
mod sys;
mod timers;
mod uptime;
mod waits;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::exit(page::EXIT)
}

/// What the compiled parts of `core` name for unwinding, of which there is none here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

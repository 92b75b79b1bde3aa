//! Texts from outside, mutated by bytes and by tokens: no text makes a reader panic, and every error says where or what.
//!
//! Each reader has a folder of starting points under `corpus`. What once made one fail belongs there too.

mod cases;
mod distributions;
mod mutated;
mod scenarios;

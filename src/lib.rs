//! Asks a chat-completions service what a recording sounds like.

pub mod caption;
pub mod error;
mod platform;
mod text;
pub mod watch;

pub mod audio;
pub mod service;

pub mod input;
pub mod output;

pub mod batch;
pub mod captioner;

//! One test binary, one file a subject.

#![allow(clippy::print_stdout, reason = "a skipped test says why")]
#![cfg_attr(
    not(target_os = "linux"),
    allow(unused_imports, dead_code, reason = "some tests are of Linux")
)]
#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "the sounds of tests are short"
)]

mod accounting;
mod api_key;
mod audit;
mod batch;
mod billed_responses;
mod ci_examples;
mod completions;
mod config_file;
#[cfg(windows)]
mod console_events;
mod conversion;
mod cut_recordings;
mod damaged_files;
mod descriptors;
mod dialects;
mod doc_commands;
mod docs;
mod downloads;
mod encodings;
mod evidence;
mod faults;
mod fleet_examples;
mod folders_and_lists;
mod formats;
mod fuzz_cases;
#[path = "../fuzz/functions.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets call it from another crate")]
mod fuzz_functions;
mod harness;
mod held_files;
mod hostile_audio;
mod hostile_batch;
mod html_access;
mod html_report;
mod ignored;
mod ineffective_options;
mod inputs;
mod kept_files;
mod lfs;
mod library;
mod limits;
mod links;
mod manifest;
mod manifest_changes;
#[cfg(unix)]
mod many_inputs;
mod measurements;
mod memory_limits;
mod messages;
mod named_files;
mod operands;
mod outages;
mod output_checks;
mod output_injection;
mod outputs;
mod portable_paths;
mod process_monitor;
#[cfg(unix)]
mod progress_log;
mod project_limits;
mod properties;
mod proxies;
#[cfg(unix)]
mod readers;
mod reasons;
mod record_schema;
mod repeated_failures;
mod report_safety;
mod reports;
mod request;
mod resampling;
mod responses;
mod retries;
mod rule_paths;
mod sandbox;
mod sentences;
mod service_errors;
mod settled_dialect;
mod sidecar_states;
#[cfg(unix)]
mod signals;
mod skipped_tests;
mod slow_requests;
mod snapshots;
mod spending;
mod spending_limits;
mod stops;
mod streaming;
#[cfg(target_os = "linux")]
mod temporary_folder;
#[cfg(unix)]
mod terminal;
mod terminal_escapes;
mod tls;
mod token_check;
mod torn_manifests;
mod tracks;
mod unaltered_text;
mod url_names;
mod webdriver;
mod windows;

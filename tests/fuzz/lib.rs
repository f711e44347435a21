//! Environment of the fuzz targets.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::Once;

pub mod functions;

thread_local! {
    static IS_IN_DEPENDENCY: Cell<bool> = const { Cell::new(false) };
}

/// Calls a function. A panic of a dependency is ignored: the program runs decoders where a panic
/// fails only its own input.
pub fn run(function: fn(&[u8]), content: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(set_panic_hook);
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| function(content)))
        && !IS_IN_DEPENDENCY.get()
    {
        resume_unwind(panic);
    }
}

/// Replaces the hook of libFuzzer, which aborts even where a panic is caught.
fn set_panic_hook() {
    let abort = take_hook();
    set_hook(Box::new(move |info| {
        let is_dependency =
            info.location().is_some_and(|place| place.file().contains("/registry/src/"));
        IS_IN_DEPENDENCY.set(is_dependency);
        if !is_dependency {
            abort(info);
        }
    }));
}

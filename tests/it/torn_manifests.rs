//! A manifest that a crash has torn.

use std::fs;

use crate::harness::{Caption, answer, caption, finish};
use support::stand_in::StandIn;

/// Creates a manifest of three captions of `x`, and returns its lines.
fn three_lines(stand_in: &StandIn) -> (Caption, Vec<Vec<u8>>) {
    let mut run = caption(stand_in).clips("x", 3).args(["-q", "-j1", "--manifest", "m.jsonl", "x"]);
    finish(run.spawn()).ended(0);
    let text = fs::read(run.folder().join("m.jsonl")).unwrap();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    assert_eq!(lines.len(), 3);
    (run, lines)
}

/// Returns the number of requests for the three clips with this manifest, and with what they add.
#[track_caller]
fn resent(stand_in: &StandIn, run: &Caption, manifest: &[u8]) -> usize {
    fs::write(run.folder().join("m.jsonl"), manifest).unwrap();
    let before = stand_in.requests().len();
    for round in 0..2 {
        let mut again = caption(stand_in).args(["-q", "-j1", "--manifest", "m.jsonl", "x"]);
        again.command().current_dir(run.folder());
        let ended = again.run();
        let text = String::from_utf8_lossy(manifest);
        assert_eq!(ended.code, 0, "round {round}: {}\nmanifest: {text:?}", ended.stderr);
        assert_eq!(ended.stdout.matches("==> ").count(), 3);
    }
    stand_in.requests().len() - before
}

#[test]
fn a_line_torn_within_a_character_costs_that_line_alone() {
    let stand_in = StandIn::always(|| answer("Regen fällt auf ein Dach — 雨 🌧."));
    let (run, lines) = three_lines(&stand_in);
    for torn in 0..3 {
        let line = &lines[torn];
        // Cuts after the first byte of every letter that has several.
        let cuts = (0..line.len() - 1).filter(|at| line[*at] >= 0xc0).map(|at| at + 1);
        for cut in cuts {
            for ending in [&b"\n"[..], b""] {
                let mut lines = lines.clone();
                lines[torn].truncate(cut);
                lines[torn].extend(ending);
                let sent = resent(&stand_in, &run, &lines.concat());
                assert_eq!(sent, 1, "line {torn} cut at {cut}, then {ending:?}");
            }
        }
    }
}

#[test]
fn a_line_torn_anywhere_and_joined_to_the_next_costs_that_line_alone() {
    let stand_in = StandIn::always(|| answer("A \"door\" {closes}."));
    let (run, lines) = three_lines(&stand_in);
    let len = lines[1].len();
    for cut in [1, 2, 9, len / 3, len / 2, len - 3, len - 2, len - 1] {
        let glued = [&lines[0][..], &lines[1][..cut], &lines[2]].concat();
        let expected = usize::from(cut < len - 1);
        assert_eq!(resent(&stand_in, &run, &glued), expected, "cut at {cut}");
    }
}

#[test]
fn a_manifest_of_torn_lines_alone_is_a_manifest_without_captions() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let (run, lines) = three_lines(&stand_in);
    let first = |len: usize| [&lines[0][..len], b"\n"].concat();
    for (manifest, what) in [
        (first(20), "one with a line end"),
        ([first(20), lines[1][..30].to_vec()].concat(), "two"),
        ([first(1), first(2), first(40)].concat(), "three"),
        // File systems leave zeros for data that was never written.
        (vec![0; 300], "zeros"),
        ([vec![0; 300], b"\n".to_vec()].concat(), "zeros and a line end"),
    ] {
        assert_eq!(resent(&stand_in, &run, &manifest), 3, "{what}");
    }
}

#[test]
fn zeros_left_by_a_crash_cost_no_other_line() {
    let stand_in = StandIn::always(|| answer("Rain."));
    let (run, lines) = three_lines(&stand_in);
    let zeros = vec![0; 300];
    for (manifest, expected) in [
        ([&lines[0][..], &zeros, &lines[1], &lines[2]].concat(), 0),
        ([&zeros[..], &lines[0], &lines[1], &lines[2]].concat(), 0),
        ([&lines[0][..], &lines[1], &lines[2][..20], &zeros].concat(), 1),
    ] {
        assert_eq!(resent(&stand_in, &run, &manifest), expected);
    }
}

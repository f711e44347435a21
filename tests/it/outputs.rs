//! Output files: complete or not written, and no others.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Caption, answer, assert_says, caption, file_names, finish, json_reply};
use support::stand_in::{Gate, Reply, StandIn};

#[test]
fn jsonl_has_a_record_for_every_input_failures_included() {
    let error = json!({ "message": "no", "requestId": "r-1" });
    let stand_in = StandIn::scripted([answer("Rain."), json_reply(400, &error)]);
    let run = caption(&stand_in).clips("x", 2).file("x/z.wav", "text");
    let run = run.args(["-j1", "-f", "jsonl", "x"]).run();
    assert_eq!(run.code, 3);
    let records = run.records();
    assert_eq!(records[0]["input"], "x/000.wav");
    assert_eq!(records[0]["caption"], "Rain.");
    assert_eq!(records[0].get("error"), None);
    assert_eq!(records[0].get("usd"), None, "what is not known is left out");
    assert_eq!(
        records[1],
        json!({ "input": "x/001.wav", "error": {
            "kind": "rejected", "message": "the service rejected the request (400, \"no\")",
            "hint": "check the audio and --model", "status": 400, "request_id": "r-1",
            "retryable": false,
        } })
    );
    assert_eq!(records[2]["error"]["kind"], "input");
    assert_eq!(records[2]["error"]["status"], Value::Null);
}

#[test]
fn csv_has_a_header_and_quotes_fields() {
    let stand_in = StandIn::scripted([answer("Rain, \"wind\"\nand more.")]);
    let run = caption(&stand_in).clips("x", 1).file("x/z.wav", "text");
    let printed = run.args(["-q", "-f", "csv", "x"]).run().ended(3);
    let mut lines = printed.lines();
    assert_eq!(
        lines.next().unwrap(),
        "input,sha256,seconds,caption,model,finish_reason,prompt_tokens,completion_tokens,usd,request_id,error_kind,error,findings"
    );
    assert_says(
        &printed,
        &["\"x/000.wav\",", ",0.25,\"Rain, \"\"wind\"\"\nand more.\",\"alibaba/"],
    );
    assert_says(&printed, &["\"x/z.wav\",", ",\"input\",\"not audio but text\",\"\"\n"]);
}

#[test]
fn prepend_and_append_do_not_change_the_manifest() {
    let stand_in = StandIn::start();
    let run = caption(&stand_in).data_file("tone.wav").args([
        "--prepend",
        "ohwx, ",
        "--append",
        " (end)",
    ]);
    let mut run = run.args(["tone.wav", "--manifest", "m", "--stream"]);
    let manifest = run.folder().join("m");
    let printed = finish(run.spawn()).captioned();
    assert!(printed.starts_with("ohwx, Stand-in") && printed.ends_with(" (end)\n"), "{printed}");
    assert_says(&fs::read_to_string(manifest).unwrap(), &["\"caption\":\"Stand-in"]);
    let run = caption(&stand_in).data_file("tone.wav").args([
        "--prepend",
        "a ",
        "-f",
        "jsonl",
        "tone.wav",
    ]);
    assert!(run.run().records()[0]["caption"].as_str().unwrap().starts_with("a Stand-in"));
}

#[test]
fn several_formats_need_sidecars() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["-f", "text", "-f", "csv", "tone.wav"]);
    assert_says(&run.run().failed(2), &["several formats", "--sidecar"]);
}

#[test]
fn a_sidecar_is_written_beside_its_input() {
    let stand_in = StandIn::start();
    let mut run =
        caption(&stand_in).clips("x/y", 1).args(["--sidecar", "-f", "text", "-f", "jsonl", "x"]);
    let folder = run.folder().to_owned();
    assert_eq!(finish(run.spawn()).ended(0), "");
    assert_says(&read(&folder, "x/y/000.txt"), &["near 1000 Hz"]);
    assert_says(&read(&folder, "x/y/000.jsonl"), &["{\"input\":\"x/y/000.wav\""]);
    assert_eq!(file_names(&folder.join("x/y")), ["000.jsonl", "000.txt", "000.wav"]);
}

#[test]
fn a_pattern_sets_the_names_of_sidecars() {
    let stand_in = StandIn::start();
    for (pattern, name) in [
        ("--sidecar={stem}.caption", "tone.caption"),
        ("--sidecar={name}.{ext}", "tone.wav.txt"),
        ("--sidecar={stem}.caption.txt", "tone.caption.txt"),
        ("--sidecar=captions/{stem}", "captions/tone"),
    ] {
        let mut run = caption(&stand_in).data_file("tone.wav").args([pattern, "tone.wav"]);
        let folder = run.folder().to_owned();
        finish(run.spawn()).ended(0);
        assert_says(&read(&folder, name), &["near 1000 Hz"]);
    }
    for bad in ["--sidecar={steam}.txt", "--sidecar=all.txt"] {
        let stderr =
            caption(&stand_in).data_file("tone.wav").args([bad, "tone.wav"]).run().failed(2);
        assert_says(&stderr, &["not a usable pattern"]);
    }
}

#[test]
fn a_sidecar_that_exists_is_kept_and_its_input_skipped_unless_forced() {
    let stand_in = StandIn::always(|| answer("new"));
    let start = || caption(&stand_in).clips("x", 2).file("x/000.txt", "mine");
    let mut run = start().args(["--sidecar", "x"]);
    let ended = finish(run.spawn());
    assert_says(&ended.stderr, &["1 captioned · 1 skipped"]);
    assert_eq!(ended.code, 0);
    assert_eq!(read(run.folder(), "x/000.txt"), "mine");
    assert_eq!(read(run.folder(), "x/001.txt"), "new\n");
    assert_eq!(stand_in.requests().len(), 1);
    let mut run = start().args(["--sidecar", "--force", "x"]);
    finish(run.spawn()).ended(0);
    assert_eq!(read(run.folder(), "x/000.txt"), "new\n");
}

#[test]
fn an_output_folder_mirrors_the_tree() {
    let stand_in = StandIn::start();
    let mut run = caption(&stand_in).clips("x/y", 1).clips("x", 1).data_file("tone.mp3");
    run = run.args(["--output-dir", "out/captions", "x", "tone.mp3"]);
    finish(run.spawn()).ended(0);
    let out = run.folder().join("out/captions");
    for name in ["000.txt", "y/000.txt", "tone.txt"] {
        assert_says(&read(&out, name), &["Stand-in"]);
    }
}

#[test]
fn parent_folders_in_names_stay_inside_the_output_folder() {
    let stand_in = StandIn::start();
    let mut run = caption(&stand_in).data_file("tone.wav").clips("x", 1);
    let inner = run.folder().join("x");
    run.command().current_dir(&inner);
    run = run.args(["--output-dir", "out", "../tone.wav"]);
    finish(run.spawn()).ended(0);
    assert_says(&read(&inner, "out/tone.txt"), &["Stand-in"]);
}

#[test]
fn two_inputs_for_one_sidecar_are_an_error_before_the_first_request() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").data_file("tone.mp3").args(["--sidecar", "."]);
    let stderr = run.run().failed(2);
    assert_says(&stderr, &["tone.mp3 and tone.wav would both be written to tone.txt", "{name}"]);
    let run = caption(&stand_in).data_file("tone.wav").data_file("tone.mp3");
    let stderr = run.args(["--sidecar", "./tone.wav", "tone.mp3"]).run().failed(2);
    assert_says(&stderr, &["./tone.wav and tone.mp3 would both be written to tone.txt"]);
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_sidecar_never_overwrites_audio() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["--sidecar={name}", "--force", "tone.wav"]);
    assert_says(&run.run().failed(2), &["would overwrite audio: tone.wav"]);
    // The same for audio that is no input, and for another spelling of its path.
    for args in [
        &["--sidecar={stem}.wav", "--force", "tone.mp3"][..],
        &["--sidecar={name}", "--output-dir", ".", "--force", "tone.wav"],
        &["-o", "tone.wav", "tone.mp3"],
        &["--manifest", "tone.wav", "tone.mp3"],
        &["-o", "./odd", "odd"],
    ] {
        let run = caption(&stand_in)
            .data_file("tone.wav")
            .data_file("tone.mp3")
            .file("odd", "x")
            .args(args)
            .run();
        assert_says(&run.failed(2), &["would overwrite audio"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_before_the_first_request() {
    let stand_in = StandIn::start();
    for args in [
        &["-o", "no/such/folder/x.txt"][..],
        &["-o", "."],
        &["--output-dir", "tone.wav"],
        &["--manifest", "no/such/folder/m.jsonl"],
    ] {
        let run = caption(&stand_in).data_file("tone.wav").args(args).arg("tone.wav").run();
        let stderr = run.failed(2);
        assert!(stderr.contains("could not"), "{stderr}");
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn an_output_file_is_replaced_when_it_is_complete() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("one"), answer("two").held_by(&gate)]);
    let mut run = caption(&stand_in).clips("x", 2).file("out.txt", "old");
    run = run.args(["-q", "-j1", "-o", "out.txt", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(2);
    assert_eq!(read(run.folder(), "out.txt"), "old");
    gate.open();
    assert_eq!(finish(child).captioned(), "");
    assert_eq!(read(run.folder(), "out.txt"), "==> x/000.wav <==\none\n\n==> x/001.wav <==\ntwo\n");
    assert_eq!(file_names(run.folder()), ["out.txt", "x"]);
}

#[test]
fn an_output_that_cannot_be_renamed_is_a_failure() {
    let gate = Gate::closed();
    let stand_in = StandIn::scripted([answer("Rain.").held_by(&gate)]);
    let mut run = caption(&stand_in).data_file("tone.wav").clips("out", 0);
    run = run.args(["-o", "out/x.txt", "tone.wav"]);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    fs::remove_dir_all(run.folder().join("out")).unwrap();
    gate.open();
    assert_says(&finish(child).failed(3), &["could not write the output"]);
}

#[test]
fn sidecars_that_cannot_be_written_stop_the_run_and_count_as_failed() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let stand_in = StandIn::always(move || answer("Rain.").held_by(&behind));
    let mut run = caption(&stand_in).clips("x", 30).args(["-j1", "--output-dir", "out", "x"]);
    let child = run.spawn();
    stand_in.wait_for_requests(1);
    fs::remove_dir_all(run.folder().join("out")).unwrap();
    fs::write(run.folder().join("out"), "in the way").unwrap();
    gate.open();
    let ended = finish(child);
    assert_eq!(ended.code, 3);
    assert_says(&ended.stderr, &["could not write out", "x/000.wav", "0 captioned · "]);
    assert!(stand_in.requests().len() <= 3, "{}", stand_in.requests().len());
}

#[test]
fn the_output_cannot_be_the_manifest() {
    let stand_in = StandIn::start();
    let run =
        caption(&stand_in).data_file("tone.wav").args(["-o", "m", "--manifest", "m", "tone.wav"]);
    assert_says(&run.run().failed(2), &["would both be written to"]);
}

#[test]
fn a_dash_as_output_is_standard_output() {
    let stand_in = StandIn::scripted([answer("Rain.")]);
    assert_eq!(crate::harness::caption_tone(&stand_in, &["-o", "-"]).captioned(), "Rain.\n");
}

#[test]
fn a_run_without_output_keeps_the_old_file() {
    let stand_in = StandIn::scripted([Reply::status(400)]);
    let mut run = caption(&stand_in).data_file("tone.wav").file("out.txt", "old");
    run = run.args(["-o", "out.txt", "tone.wav"]);
    finish(run.spawn()).failed(3);
    assert_eq!(read(run.folder(), "out.txt"), "old");
    assert_eq!(file_names(run.folder()), ["out.txt", "tone.wav"]);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let stand_in = StandIn::start();
    let mode = |run: &Caption| {
        fs::metadata(run.folder().join("out.txt")).unwrap().permissions().mode() & 0o777
    };
    let mut run = caption(&stand_in).data_file("tone.wav").args(["-o", "out.txt", "tone.wav"]);
    finish(run.spawn()).ended(0);
    let usual = run.folder().join("usual");
    fs::File::create(&usual).unwrap();
    assert_eq!(mode(&run), fs::metadata(usual).unwrap().permissions().mode() & 0o777);
    let mut run = caption(&stand_in)
        .data_file("tone.wav")
        .file("out.txt", "")
        .args(["-o", "out.txt", "tone.wav"]);
    fs::set_permissions(run.folder().join("out.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    finish(run.spawn()).ended(0);
    assert_eq!(mode(&run), 0o640);
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn a_broken_stream_keeps_the_old_output_file() {
    let piece = json!({ "choices": [{ "delta": { "content": "half a cap" } }] });
    let reply = Reply::status(200).pieces("text/event-stream", [format!("data: {piece}\n\n")]);
    let stand_in = StandIn::scripted([reply.disconnect()]);
    let run = caption(&stand_in).data_file("tone.wav").file("out.txt", "old");
    let path = run.folder().join("out.txt");
    let mut run = run.args(["--stream", "-o", "out.txt", "tone.wav"]);
    finish(run.spawn()).failed(3);
    assert_eq!(fs::read_to_string(path).unwrap(), "old");
}

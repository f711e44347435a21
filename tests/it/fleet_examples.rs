//! Runs the scripts of `examples/fleet`, which share the work among machines.

#![cfg(unix)]

use std::collections::{HashMap, HashSet};
use std::fs;
use std::process::Child;

use serde_json::Value;

use crate::harness::{Caption, caption, finish};
use support::stand_in::{KEY, StandIn};

const SHARDS: usize = 8;
const CLIPS: usize = 120;

const SLURM: &str = include_str!("../../examples/fleet/slurm.sh");
const KUBERNETES: &str = include_str!("../../examples/fleet/kubernetes.yml");

/// Returns the script inside the YAML of the job.
fn script_of_job() -> String {
    let (_, block) = KUBERNETES.split_once("            - |\n").unwrap();
    let lines = block.lines().map_while(|line| line.strip_prefix("              "));
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs all shards at the same time, each as if on its own machine.
fn run(script: &str, variable: &str, first: usize) {
    // The script requests the default model, here from the stand-in.
    let script = script.replace("Qwen/Qwen3-Omni-30B-A3B-Captioner", "any/model");
    let stand_in = StandIn::start();
    let recordings = caption(&stand_in).clips("sfx", CLIPS);
    let shards: Vec<(Caption, Child)> = (0..SHARDS)
        .map(|shard| {
            let program = std::path::Path::new(env!("CARGO_BIN_EXE_caption")).parent().unwrap();
            let run = caption(&stand_in).env(variable, (first + shard).to_string());
            let run = run.env("ENGINE", stand_in.base_url()).env("ENGINE_KEY", KEY);
            let run = run.env_remove("AIMLAPI_BASE_URL");
            let script = format!(
                "PATH={}:$PATH\ncd {}\nset -- sfx/\n{script}",
                program.display(),
                recordings.folder().display()
            );
            let mut run = run.in_shell(&script);
            let child = run.spawn();
            (run, child)
        })
        .collect();
    for (_, child) in shards {
        assert_eq!(finish(child).code, 0);
    }
    // One of them sends each clip once.
    let mut requested = HashMap::new();
    for request in stand_in.requests() {
        *requested.entry(request.body).or_insert(0) += 1;
    }
    assert_eq!(requested.len(), CLIPS);
    assert!(requested.values().all(|count| *count == 1));
    // Together their manifests hold all captions.
    let manifests = (1..=SHARDS).map(|shard| format!("captions-{shard}.jsonl"));
    let manifests: Vec<_> =
        manifests.map(|name| fs::read_to_string(recordings.folder().join(name)).unwrap()).collect();
    assert!(manifests.iter().all(|manifest| manifest.lines().count() < CLIPS / 3));
    let joined = manifests.concat();
    let names: HashSet<_> = joined
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["input"].to_string())
        .collect();
    assert_eq!(names.len(), CLIPS);
    let cached = recordings.file("captions.jsonl", joined);
    let args =
        ["-q", "--offline", "-m", "any/model", "--manifest", "captions.jsonl", "-f", "jsonl"];
    assert_eq!(cached.args(args).arg("sfx").run().captioned().lines().count(), CLIPS);
}

#[test]
fn eight_tasks_of_an_array_caption_every_clip_exactly_once() {
    run(SLURM, "SLURM_ARRAY_TASK_ID", 1);
}

#[test]
fn eight_pods_of_a_job_caption_every_clip_exactly_once() {
    let script = script_of_job();
    assert!(script.contains("caption --base-url"), "{script}");
    run(&script, "JOB_COMPLETION_INDEX", 0);
}

//! Who is timed: the program, the floor, and what people would use instead.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a contestant is started for a sound; `None` where it is not installed.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) command: Box<dyn Fn() -> Command>,
}

/// The service's own example, but for the file's name and the address.
const REQUESTS: &str = "\
import base64, os, requests, sys
data = base64.b64encode(open(sys.argv[1], 'rb').read()).decode()
part = {'type': 'input_audio', 'input_audio': {'data': 'data:;base64,' + data}}
r = requests.post(os.environ['URL'], headers={'Authorization': 'Bearer k'},
                  json={'model': 'm', 'messages': [{'role': 'user', 'content': [part]}]})
print(r.json()['choices'][0]['message']['content'])";

const OPENAI: &str = "\
import base64, os, openai, sys
data = base64.b64encode(open(sys.argv[1], 'rb').read()).decode()
part = {'type': 'input_audio', 'input_audio': {'data': 'data:;base64,' + data}}
client = openai.OpenAI(api_key='k', base_url=os.environ['URL'].removesuffix('/chat/completions'))
r = client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': [part]}])
print(r.choices[0].message.content)";

const SHELL: &str = "\
base64 -w0 \"$1\" | jq -Rs '{model: \"m\", messages: [{role: \"user\", content: [{type: \"input_audio\", \
input_audio: {data: (\"data:;base64,\" + .)}}]}]}' | curl -q -s -H 'content-type: application/json' \
-H 'authorization: Bearer k' --data-binary @- \"$URL\" | jq -r '.choices[0].message.content'";

/// Where a request goes.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) program: PathBuf,
    pub(crate) port: u16,
}

impl Target {
    /// The program, with nothing in its environment that is not ours.
    pub(crate) fn caption(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("AIMLAPI_KEY", "k");
        command.env("AIMLAPI_BASE_URL", format!("http://127.0.0.1:{}/v1", self.port));
        command.current_dir(std::env::temp_dir());
        command
    }

    /// `curl` that sends a body as it is, straight from the file: it does no work.
    pub(crate) fn curl(&self, body: &Path) -> Command {
        let mut command = only_path("curl");
        command.args(["-q", "-s", "-X", "POST", "-H", "content-type: application/json"]);
        command.args(["-H", "authorization: Bearer k", "-T"]).arg(body).arg(self.url());
        command
    }

    fn other(&self, program: &str, arguments: &[&str], sound: &Path) -> Command {
        let mut command = only_path(program);
        command.args(arguments).arg(sound).env("URL", self.url());
        command
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1/chat/completions", self.port)
    }
}

/// A command that finds programs and knows of no proxy and no settings.
pub(crate) fn only_path(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    command
}

/// The floor and the program with these arguments; and all the others where they are wanted.
pub(crate) fn contestants(
    target: &Target,
    sound: &Path,
    body: &Path,
    arguments: &'static [&'static str],
    with_peers: bool,
) -> Vec<Contestant> {
    let (floor, program) = (target.clone(), target.clone());
    let (body, file) = (body.to_owned(), sound.to_owned());
    let mut contestants = vec![
        Contestant { name: "curl", command: Box::new(move || floor.curl(&body)) },
        Contestant {
            name: "caption",
            command: Box::new(move || {
                let mut command = program.caption(arguments);
                command.arg(&file);
                command
            }),
        },
    ];
    let peers: [(&str, &str, &'static [&'static str]); 3] = [
        ("base64 | jq | curl", "sh", &["-c", SHELL, "sh"]),
        ("Python requests", "python3", &["-c", REQUESTS]),
        ("Python openai", "python3", &["-c", OPENAI]),
    ];
    for (name, program, arguments) in peers.into_iter().filter(|_| with_peers) {
        let (target, file) = (target.clone(), sound.to_owned());
        let command = Box::new(move || target.other(program, arguments, &file));
        contestants.push(Contestant { name, command });
    }
    contestants
}

/// What is not installed, and who does without it.
pub(crate) fn missing() -> Vec<&'static str> {
    let checks: [(&str, &str, &[&str]); 4] = [
        ("curl", "curl", &["--version"]),
        ("base64 | jq | curl", "jq", &["--version"]),
        ("Python requests", "python3", &["-c", "import requests"]),
        ("Python openai", "python3", &["-c", "import openai"]),
    ];
    let is_there = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let missing =
        checks.into_iter().filter(|(_, program, arguments)| !is_there(program, arguments));
    missing.map(|(name, ..)| name).collect()
}

//! The tools to compare: the program, the baseline, and the alternatives that people use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tool and its command for one clip.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) command: Box<dyn Fn() -> Command>,
}

/// The service's own example, with another file name and address.
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

/// The program and the port of the server.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) program: PathBuf,
    pub(crate) port: u16,
}

impl Target {
    /// Returns a command of the program with a clean environment.
    pub(crate) fn caption(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.configure(command.args(arguments));
        command
    }

    /// Returns a shell with the environment of the program, whose path is `$0`.
    pub(crate) fn in_shell(&self, script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        self.configure(command.args(["-c", script]).arg(&self.program));
        command
    }

    fn configure(&self, command: &mut Command) {
        command.env_clear().env("AIMLAPI_KEY", "k");
        command.env("AIMLAPI_BASE_URL", format!("http://127.0.0.1:{}/v1", self.port));
        command.current_dir(std::env::temp_dir());
    }

    /// Returns a `curl` command that sends a prebuilt body from a file: the baseline.
    pub(crate) fn curl(&self, body: &Path) -> Command {
        let mut command = clean_command("curl");
        command.args(["-q", "-s", "-X", "POST", "-H", "content-type: application/json"]);
        command.args(["-H", "authorization: Bearer k", "-T"]).arg(body).arg(self.url());
        command
    }

    fn other(&self, program: &str, arguments: &[&str], audio: &Path) -> Command {
        let mut command = clean_command(program);
        command.args(arguments).arg(audio).env("URL", self.url());
        command
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1/chat/completions", self.port)
    }
}

/// Returns a command with `PATH` and `HOME` only: no proxy, no settings.
pub(crate) fn clean_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.envs(std::env::var_os("HOME").map(|home| ("HOME", home)));
    command
}

/// Returns the baseline, the program with these arguments and, on demand, the alternatives.
pub(crate) fn tools(
    target: &Target,
    audio: &Path,
    body: &Path,
    arguments: &'static [&'static str],
    with_alternatives: bool,
) -> Vec<Tool> {
    let (baseline, program) = (target.clone(), target.clone());
    let (body, file) = (body.to_owned(), audio.to_owned());
    let mut tools = vec![
        Tool { name: "curl", command: Box::new(move || baseline.curl(&body)) },
        Tool {
            name: "caption",
            command: Box::new(move || {
                let mut command = program.caption(arguments);
                command.arg(&file);
                command
            }),
        },
    ];
    let alternatives: [(&str, &str, &'static [&'static str]); 3] = [
        ("base64 | jq | curl", "sh", &["-c", SHELL, "sh"]),
        ("Python requests", "python3", &["-c", REQUESTS]),
        ("Python openai", "python3", &["-c", OPENAI]),
    ];
    for (name, program, arguments) in alternatives.into_iter().filter(|_| with_alternatives) {
        let (target, file) = (target.clone(), audio.to_owned());
        let command = Box::new(move || target.other(program, arguments, &file));
        tools.push(Tool { name, command });
    }
    tools
}

/// Returns the names of the tools that are not installed.
pub(crate) fn missing() -> Vec<&'static str> {
    let checks: [(&str, &str, &[&str]); 4] = [
        ("curl", "curl", &["--version"]),
        ("base64 | jq | curl", "jq", &["--version"]),
        ("Python requests", "python3", &["-c", "import requests"]),
        ("Python openai", "python3", &["-c", "import openai"]),
    ];
    let is_installed = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let missing =
        checks.into_iter().filter(|(_, program, arguments)| !is_installed(program, arguments));
    missing.map(|(name, ..)| name).collect()
}

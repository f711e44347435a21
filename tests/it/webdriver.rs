//! A real browser, controlled with W3C `WebDriver`.

use crate::skipped_tests::skip;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Maximum duration of a step.
const TIMEOUT: Duration = Duration::from_mins(1);

/// `WebDriver` codes of keys without a character.
pub(crate) const ESCAPE: &str = "\u{e00c}";
pub(crate) const RIGHT: &str = "\u{e014}";
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const DOWN: &str = "\u{e015}";

/// Arguments for a headless, silent browser without network.
const ARGUMENTS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--mute-audio",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
];

/// A browser that shows a page.
pub(crate) struct Browser {
    driver: Child,
    runtime: Runtime,
    client: reqwest::Client,
    /// URL of the session.
    session: String,
    profile: tempfile::TempDir,
}

impl Browser {
    /// Opens a page, or skips the test.
    pub(crate) fn open(page: &Path) -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = driver else {
            skip("chromedriver is not installed");
            return None;
        };
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let port = stdout.lines().map_while(Result::ok).find_map(|line| {
            let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Another test may have installed it; `WebDriver` uses no TLS anyway.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build().unwrap();
        let profile = tempfile::tempdir().unwrap();
        let address = format!("http://127.0.0.1:{}/session", port.expect("a port"));
        let mut browser = Self { driver, runtime, client, session: address, profile };
        let folder = format!("--user-data-dir={}", browser.profile.path().display());
        let arguments: Vec<_> = ARGUMENTS.into_iter().chain([folder.as_str()]).collect();
        let options = json!({ "goog:chromeOptions": { "args": arguments } });
        let started = browser.post("", &json!({ "capabilities": { "alwaysMatch": options } }));
        let Some(id) = started["sessionId"].as_str() else {
            skip(&format!("chromedriver starts no browser: {started}"));
            return None;
        };
        browser.session = [&browser.session, "/", id].concat();
        let url = url::Url::from_file_path(page).unwrap();
        browser.post("/url", &json!({ "url": url.as_str() }));
        Some(browser)
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.session));
        let request = request.header("content-type", "application/json").body(body.to_string());
        let text = self.runtime.block_on(async { request.send().await?.text().await }).unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        answer["value"].take()
    }

    /// Evaluates an expression in the page.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        let value = self.post("/execute/sync", &json!({ "script": script, "args": [] }));
        assert!(value.get("error").is_none(), "{expression}: {value}");
        value
    }

    /// Waits until an expression is true in the page.
    #[track_caller]
    pub(crate) fn wait_for(&self, expression: &str) {
        let script = format!(
            "const done = arguments[arguments.length - 1];
            const look = () => ({expression}) ? done(true) : requestAnimationFrame(look);
            look();"
        );
        let value = self.post("/execute/async", &json!({ "script": script, "args": [] }));
        assert_eq!(value, true, "{expression} never held: {value}");
    }

    /// Presses keys one after the other.
    pub(crate) fn press(&self, keys: &str) {
        let presses = keys.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
        });
        let presses: Vec<_> = presses.collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": presses });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Sets the color scheme of the system, `light` or `dark`.
    pub(crate) fn emulate_color_scheme(&self, scheme: &str) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": feature }));
    }

    /// Shows the page as on paper, or as on a screen again.
    pub(crate) fn emulate_paper(&self, is_paper: bool) {
        let media = if is_paper { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", &json!({ "media": media }));
    }

    /// Sets the size of the window in CSS pixels.
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    fn devtools(&self, command: &str, parameters: &Value) {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Clicks the first element that matches a selector.
    pub(crate) fn click(&self, selector: &str) {
        let by = json!({ "using": "css selector", "value": selector });
        let found = self.post("/element", &by);
        let element = found.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        let clicked = self.post(&format!("/element/{element}/click"), &json!({}));
        assert!(clicked.is_null(), "{selector}: {clicked}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends only with its session, not with the driver.
        let end = async { self.client.delete(&self.session).send().await };
        let _ = self.runtime.block_on(end);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

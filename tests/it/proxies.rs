//! Proxies, and additional CA certificates.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::harness::{Caption, assert_says, data_path, unconfigured};
use support::stand_in::{KEY, Reply, StandIn};

/// A proxy that forwards all connections to this machine and records their requests.
struct Proxy {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts listening, for as long as the tests run.
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = requests.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let log = log.clone();
                std::thread::spawn(move || forward(client, &log));
            }
        });
        Self { port, requests }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn forward(mut client: TcpStream, log: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && client.read_exact(&mut byte).is_ok() {
        request.extend(byte);
    }
    let request = String::from_utf8(request).unwrap();
    let target = request.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(request);
    // Every name means this machine.
    let Some((_, port)) = target.rsplit_once(':') else { return };
    let Ok(server) = TcpStream::connect(format!("127.0.0.1:{port}")) else { return };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut from, mut caption_via_tls) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || io::copy(&mut from, &mut caption_via_tls));
    let _ = io::copy(&mut &server, &mut client);
}

/// Prepares a run against a service whose CA certificate is unknown.
fn caption_via_tls(stand_in: &StandIn) -> Caption {
    unconfigured()
        .env("AIMLAPI_KEY", KEY)
        .args(["--base-url", &stand_in.base_url()])
        .arg(data_path("tone.wav"))
}

fn service() -> StandIn {
    StandIn::with_tls("localhost", Reply::measured)
}

#[test]
fn cacert_adds_a_ca_certificate() {
    let stand_in = service();
    let run = caption_via_tls(&stand_in).arg("--cacert").arg(data_path("tls/ca.pem")).run();
    assert_says(&run.captioned(), &["near 1000 Hz"]);
    assert_says(&caption_via_tls(&stand_in).run().failed(3), &["is not trusted", "--cacert"]);
    for certificate in ["expired", "elsewhere", "self-signed"] {
        let stand_in = StandIn::with_tls(certificate, Reply::measured);
        let run = caption_via_tls(&stand_in).arg("--cacert").arg(data_path("tls/ca.pem")).run();
        assert_says(&run.failed(3), &["is not trusted"]);
    }
}

#[test]
fn a_ca_file_without_certificates_is_wrong_usage() {
    let stand_in = service();
    for (file, content, words) in [
        ("nowhere.pem", None, "entity not found"),
        #[cfg(unix)]
        ("/dev/zero", None, "not a file"),
        #[cfg(windows)]
        ("NUL", None, "not a file"),
        (".", None, "not a file"),
        ("empty.pem", Some(""), "no certificate in it"),
        ("text.pem", Some("hello"), "no certificate in it"),
        ("torn.pem", Some("-----BEGIN CERTIFICATE-----\nMIIB"), ""),
        ("odd.pem", Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), ""),
    ] {
        let run = caption_via_tls(&stand_in);
        let run = match content {
            Some(content) => run.file(file, content),
            None => run,
        };
        let stderr = run.args(["--cacert", file]).run().failed(2);
        assert_says(&stderr, &["no certificates to trust", words, "PEM"]);
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn option_and_environment_set_proxy_and_exceptions() {
    let stand_in = service();
    let trusting = || caption_via_tls(&stand_in).arg("--cacert").arg(data_path("tls/ca.pem"));
    for (by, is_used) in
        [("option", true), ("HTTPS_PROXY", true), ("ALL_PROXY", true), ("HTTP_PROXY", false)]
    {
        let proxy = Proxy::start();
        let run = if by == "option" {
            trusting().args(["--proxy", &proxy.url()])
        } else {
            trusting().env(by, proxy.url())
        };
        assert_says(&run.run().captioned(), &["near 1000 Hz"]);
        assert_eq!(proxy.requests().len(), usize::from(is_used), "{by}");
        for head in proxy.requests() {
            assert_says(&head, &["CONNECT localhost:"]);
            assert!(!head.contains(KEY), "{head}");
        }
    }
    for by in ["option", "environment"] {
        let proxy = Proxy::start();
        let run = trusting().env("NO_PROXY", "example.com,localhost");
        let run = if by == "option" {
            run.args(["--proxy", &proxy.url()])
        } else {
            run.env("HTTPS_PROXY", proxy.url())
        };
        run.run().captioned();
        assert_eq!(proxy.requests().len(), 0, "{by}");
    }
}

#[test]
fn proxy_credentials_are_sent_only_to_the_proxy() {
    let (stand_in, proxy) = (service(), Proxy::start());
    let url = proxy.url().replace("http://", "http://bob:hunter2@");
    let run = caption_via_tls(&stand_in)
        .arg("--cacert")
        .arg(data_path("tls/ca.pem"))
        .args(["-v", "--proxy", &url])
        .run();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
    let head = proxy.requests()[0].to_lowercase();
    // `bob:hunter2` in base64.
    assert_says(&head, &["proxy-authorization: basic ym9iomh1bnrlcji="]);
    assert_eq!(stand_in.request().header("proxy-authorization"), None);
}

#[test]
fn an_invalid_proxy_is_wrong_usage_and_not_shown() {
    let stand_in = service();
    for url in ["bob:hunter2", "socks5://hunter2", "http://", "ftp://bob:hunter2@x"] {
        let stderr = caption_via_tls(&stand_in).args(["--proxy", url]).run().failed(2);
        assert_says(&stderr, &["not a usable proxy", "http://proxy.example.com:3128"]);
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_project_cannot_set_proxy_or_ca_certificates() {
    for setting in ["proxy = 'http://127.0.0.1:9'", "cacert = 'ca.pem'"] {
        let run =
            unconfigured().env("AIMLAPI_KEY", KEY).file("caption.toml", setting).arg("a.wav").run();
        assert_says(&run.failed(2), &["a project's file cannot set"]);
    }
}

#[test]
fn an_unsupported_proxy_in_the_environment_is_an_error() {
    let stand_in = service();
    for (name, value) in [
        ("HTTPS_PROXY", "http://proxy:80 80"),
        ("https_proxy", "nonsense://hunter2"),
        ("ALL_PROXY", "socks5://127.0.0.1:9"),
    ] {
        let stderr = caption_via_tls(&stand_in).env(name, value).run().failed(2);
        // Names of variables have no case on Windows.
        let names = if cfg!(windows) { name.to_uppercase() } else { name.to_owned() };
        assert_says(&stderr, &["not a usable proxy", &names]);
        assert_eq!(stderr.contains("a SOCKS proxy"), value.starts_with("socks"), "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    assert_eq!(stand_in.connections(), 0);
}

#[test]
fn a_proxy_needs_no_scheme_and_may_be_empty() {
    let (stand_in, proxy) = (service(), Proxy::start());
    let trusting = || caption_via_tls(&stand_in).arg("--cacert").arg(data_path("tls/ca.pem"));
    let bare_url = proxy.url().replace("http://", "");
    trusting().args(["--proxy", &bare_url]).run().captioned();
    assert_eq!(proxy.requests().len(), 1);
    trusting().env("HTTPS_PROXY", proxy.url()).args(["--proxy", ""]).run().captioned();
    assert_eq!(proxy.requests().len(), 1);
}

#[test]
fn an_unreachable_proxy_is_reported_as_the_proxy() {
    let run =
        caption_via_tls(&service()).args(["--proxy", "127.0.0.1:9", "--max-retries", "0"]).run();
    assert_says(&run.failed(3), &["could not connect to localhost:", "through the proxy"]);
}

#[test]
fn an_unsupported_proxy_that_is_not_used_is_no_error() {
    let (stand_in, proxy) = (service(), Proxy::start());
    let socks = || {
        let run = caption_via_tls(&stand_in).arg("--cacert").arg(data_path("tls/ca.pem"));
        run.env("ALL_PROXY", "socks5://127.0.0.1:9")
    };
    socks().env("HTTPS_PROXY", proxy.url()).run().captioned();
    assert_eq!(proxy.requests().len(), 1);
    for exceptions in ["*", "localhost", "example.com, localhost"] {
        socks().env("NO_PROXY", exceptions).run().captioned();
    }
    for exceptions in ["example.com", "host", "localhost.example.com", ","] {
        let stderr = socks().env("NO_PROXY", exceptions).run().failed(2);
        assert_says(&stderr, &["ALL_PROXY", "a SOCKS proxy"]);
    }
    assert_eq!(proxy.requests().len(), 1);
}

/// Starts a proxy that answers all requests with a status.
fn refusing_proxy(status: u16) -> StandIn {
    StandIn::always(move || {
        Reply::raw(format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"))
    })
}

#[test]
fn a_proxy_that_wants_a_password_is_asked_once() {
    for (credentials, words) in [
        ("", "the proxy wants a user name and a password (407)"),
        ("bob:hunter2@", "the proxy refused the user name or the password (407)"),
    ] {
        for base in ["https://sounds.invalid/v1", "http://sounds.invalid/v1"] {
            let proxy = refusing_proxy(407);
            let url = proxy.url("").replace("http://", &format!("http://{credentials}"));
            let run = unconfigured().env("AIMLAPI_KEY", KEY).clips("x", 40);
            let run = run.env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url);
            let run = run.args(["--allow-http", "--base-url", base, "-q", "-j", "1", "x"]).run();
            assert_eq!(run.code, 3, "{}", run.stderr);
            let hint = "set HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT";
            assert_says(&run.stderr, &[words, ": x/000.wav; ", hint, "; 39 not tried"]);
            assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
            assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
            assert_eq!(proxy.connections(), 1, "{base}");
        }
    }
}

//! TLS: untrusted certificates, and additional CA certificates.

#![cfg(target_os = "linux")] // where the environment can name authorities

use crate::harness::{assert_says, data_path, unconfigured};
use support::stand_in::{KEY, Reply, StandIn};

#[test]
fn an_untrusted_certificate_is_reported_and_not_retried() {
    for (certificate, reason) in [
        ("self-signed", "CaUsedAsEndEntity"),
        ("expired", "expired"),
        ("elsewhere", "not valid for name"),
    ] {
        let stand_in = StandIn::with_tls(certificate, Reply::measured);
        let url = stand_in.base_url();
        let run = unconfigured().env("AIMLAPI_KEY", "sk-marked").args(["--base-url", &url]);
        let run =
            run.env("SSL_CERT_FILE", data_path("tls/ca.pem")).arg(data_path("tone.wav")).run();
        let host = url.trim_start_matches("https://").trim_end_matches("/v1");
        let stderr = run.failed(3);
        assert_says(&stderr, &[&format!("the certificate of {host} is not trusted (")]);
        assert_says(&stderr, &[reason, "tone.wav", "SSL_CERT_FILE"]);
        assert_eq!((stand_in.connections(), stand_in.requests().len()), (1, 0), "{certificate}");
    }
}

#[test]
fn ssl_cert_file_adds_a_ca_certificate() {
    let stand_in = StandIn::with_tls("localhost", Reply::measured);
    let run = unconfigured().env("AIMLAPI_KEY", KEY).args(["--base-url", &stand_in.base_url()]);
    let run = run.env("SSL_CERT_FILE", data_path("tls/ca.pem")).arg(data_path("tone.wav")).run();
    assert_says(&run.captioned(), &["near 1000 Hz"]);
}

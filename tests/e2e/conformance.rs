//! Every frame as RFC 6455 has it: Autobahn's cases, run by a program that nobody here wrote.

use std::path::Path;
use std::time::Duration;

use chalkwire_tests::gateway::Setup;
use chalkwire_tests::peer::installed;

/// All cases but those of compression (12 and 13), which the gateway does not offer.
const CASES: usize = 301;

/// Some cases echo hundreds of messages of 64 KiB and more.
const DEADLINE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn autobahns_cases_pass_and_every_connection_ends_cleanly() {
    let gateway = Setup::default().start().await;
    let reports = tempfile::tempdir().unwrap();
    let mut suite = installed("kosoku");
    suite
        .args(["-x", "12.*", "-x", "13.*", "-p", "2", "-o"])
        .arg(reports.path())
        .arg(format!("ws://{}/diag/echo", gateway.address()))
        .kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, suite.output()).await;
    let output = output.expect("the suite ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let cases = cases(reports.path());
    assert_eq!(cases.len(), CASES);
    for (case, behavior, close) in cases {
        // A case that the RFC leaves open is informational or not strict; none has failed.
        let passed = ["OK", "NON-STRICT", "INFORMATIONAL"];
        assert!(passed.contains(&behavior.as_str()), "{case}: {behavior}");
        assert!(passed.contains(&close.as_str()), "{case}: closed {close}");
    }
}

/// The number of each case, how the gateway behaved, and how the connection ended.
fn cases(reports: &Path) -> Vec<(String, String, String)> {
    let index = std::fs::read_to_string(reports.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let agents = index.as_object().unwrap().values();
    let cases = agents.flat_map(|agent| agent.as_object().unwrap());
    cases
        .map(|(case, result)| {
            let text = |key: &str| result[key].as_str().unwrap_or_default().to_owned();
            (case.clone(), text("behavior"), text("behaviorClose"))
        })
        .collect()
}

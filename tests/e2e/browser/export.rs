//! The log as a file to take away.

use chalkwire_tests::browser::{Size, browse};
use chalkwire_tests::gateway::Gateway;
use serde_json::Value;

use super::{says, url};

/// What a spreadsheet would run.
const FORMULA: &str = "=HYPERLINK(\"http://192.0.2.1/\",\"a, \"\"b\"\"\")";

/// Reads CSV by RFC 4180.
fn read(csv: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = csv.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            c => field.push(c),
        }
    }
    rows
}

#[tokio::test]
async fn the_log_downloads_as_json_with_every_byte_and_as_csv_without_formulas() {
    let target = says(FORMULA.as_bytes()).await;
    let gateway = Gateway::with_target("formulas", &target.url).await;
    browse(&url(&gateway), Size::WIDE, async |page| {
        page.send("@SUM(1+1)").await;
        page.row("received", "HYPERLINK").await;
        page.row("closed", "").await;
        let rows = page.rows().await;

        page.press("Export").await;
        page.press("JSON").await;
        let json: Value = serde_json::from_str(&page.downloaded(".json").await).unwrap();
        assert_eq!(json["format"], "chalkwire-log/1");
        let entries = json["entries"].as_array().unwrap();
        assert_eq!(entries.len(), rows.len());
        let of = |what: &str| entries.iter().find(|it| it["what"] == what).unwrap();
        assert_eq!(of("sent")["text"], "@SUM(1+1)\r\n");
        assert_eq!(of("received")["text"], FORMULA);
        let hex: String = FORMULA.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(of("received")["hex"], hex);
        // The page closes at the server's FIN, unless the server was quicker.
        let reason = of("closed")["reason"].as_str().unwrap();
        assert!(
            ["finished", "closed_by_client"].contains(&reason),
            "{reason}"
        );
        let at = of("sent")["at"].as_str().unwrap();
        assert!(
            at.len() == 27 && at.starts_with("20") && at.ends_with('Z'),
            "{at}"
        );

        page.press("Export").await;
        page.press("CSV").await;
        let csv = read(&page.downloaded(".csv").await);
        assert_eq!(csv.len(), rows.len() + 1);
        let (head, rows) = csv.split_first().unwrap();
        assert!(rows.iter().all(|row| row.len() == head.len()));
        let formulas = ['=', '+', '-', '@', '\t', '\r', '\n'];
        for field in rows.iter().flatten() {
            assert!(!field.starts_with(formulas), "{field:?} is a formula");
        }
        let column = |name: &str| head.iter().position(|it| it == name).unwrap();
        let (what, escaped) = (column("what"), column("escaped"));
        let received = rows.iter().find(|row| row[what] == "received").unwrap();
        assert_eq!(received[escaped], format!("'{FORMULA}"));
    })
    .await;
}

//! Which figures of a run become pictures.

use std::path::Path;

use crate::bars::{Bar, Bars, Kind};
use crate::goals::{CPU, EXCHANGES, Found};
use crate::way::Way;

/// Draws what the run has measured, into this folder.
pub(crate) fn draw(found: &Found, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let on = "64 connections, 64 bytes there and back; load, bridge and server share 2 cores.";
    let exchanges = Bars {
        title: "Exchanges a second through each bridge".to_owned(),
        about: format!("{on} More is better."),
        digits: 0,
        rows: rows(found, "exchanges-64", EXCHANGES),
    };
    let cpu = Bars {
        title: "CPU seconds of each bridge for 100,000 exchanges".to_owned(),
        about: format!("{on} Less is better."),
        digits: 2,
        rows: rows(found, "exchanges-64", CPU),
    };
    let memory = found.table("idle").and_then(|it| it.columns().next());
    let memory = memory.map(|column| Bars {
        title: "KiB of memory for each open connection".to_owned(),
        about: format!("{column}, after an exchange on each. Less is better.")
            .replace("KiB each of", "Connections:"),
        digits: 1,
        rows: rows(found, "idle", column),
    });
    let pictures = [
        ("bench-exchanges.svg", Some(exchanges)),
        ("bench-cpu.svg", Some(cpu)),
        ("bench-memory.svg", memory),
    ];
    for (name, bars) in pictures {
        if let Some(mut bars) = bars.filter(|it| !it.rows.is_empty()) {
            let more_is_better = name == "bench-exchanges.svg";
            bars.rows.sort_by(|a, b| match more_is_better {
                true => b.value.total_cmp(&a.value),
                false => a.value.total_cmp(&b.value),
            });
            std::fs::write(folder.join(name), bars.svg()?)?;
        }
    }
    Ok(())
}

fn rows(found: &Found, table: &str, column: &str) -> Vec<Bar> {
    let ways = Way::ALL.into_iter();
    let ways = ways.filter(|it| !it.is_old() && !matches!(it, Way::Direct | Way::OneLink));
    let bar = |way: Way| {
        let value = found.table(table)?.figure(&way.name(), column)?;
        let kind = match way {
            Way::Relay => Kind::Limit,
            _ if way.is_ours() => Kind::Ours,
            _ => Kind::Other,
        };
        let name = way.name().replace(['*', '`'], "");
        Some(Bar { name, value, kind })
    };
    ways.filter_map(bar).collect()
}

//! Measures overload: what the gateway carries, and what becomes of twice as much.

#[allow(dead_code, reason = "the other benches use the rest")]
mod machine;

use std::time::{Duration, Instant};

use chalkwire_tests::arrivals::{Clients, Door, Tally, within_ms};
use machine::{Program, cpu_seconds, rss_kib};

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.iter().any(|a| a == "--echo-server") {
        return serve();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let secs: u64 = std::env::var("SECS").ok().map_or(5, |s| s.parse().unwrap());
    let times: f64 = std::env::var("TIMES")
        .ok()
        .map_or(2.0, |s| s.parse().unwrap());
    runtime.block_on(async {
        let echo = Program::echo()?;
        for door in Door::ALL { if std::env::var("DOOR").is_ok_and(|d| d != format!("{door:?}")) { continue }
            let gateway = Program::overload(&echo.address)?; println!("{}", gateway.address);
            let address = gateway.address.parse()?;
            let before = cpu_seconds(gateway.pid)?;
            let mine = cpu_seconds(std::process::id())?;
            let closed = Clients::at(address, door).await.closed(64, Duration::from_secs(3)).await;
            let capacity = closed.per_second(closed.served_us.len());
            println!("{} capacity {capacity:.0}/s p99 {:.1} ms, failed {}, gateway cpu/100k {:.2} mine {:.2}", door.name(), within_ms(&closed.served_us, 0.99), closed.failed,
              (cpu_seconds(gateway.pid)? - before) * 1e5 / closed.served_us.len() as f64, (cpu_seconds(std::process::id())? - mine) * 1e5 / closed.served_us.len() as f64);
            let mem = rss_kib(gateway.pid)?;
            let before = cpu_seconds(gateway.pid)?;
            let mine = cpu_seconds(std::process::id())?;
            let clients = Clients::at(address, door).await;
            let load = tokio::spawn(clients.open(capacity * times, Duration::from_secs(secs), usize::MAX));
            let mut peak = 0;
            while !load.is_finished() { peak = peak.max(rss_kib(gateway.pid).unwrap_or(0)); tokio::time::sleep(Duration::from_millis(100)).await; }
            let t: Tally = load.await?;
            let since = Instant::now();
            println!("  cpu target {:.2}", cpu_seconds(echo.pid)? );
            println!("  {times}x: served {:.0}/s p50 {:.1} p99 {:.1} max {:.1} ms; refused {:.0}/s p50 {:.1} p99 {:.1} ms; failed {}; load late p50 {:.1} p99 {:.1}; offered {:.0}/s; cpu gw {:.2} mine {:.2}", t.per_second(t.served_us.len()), within_ms(&t.served_us, 0.5), within_ms(&t.served_us, 0.99), within_ms(&t.served_us, 1.0),
               t.per_second(t.refused_us.len()), within_ms(&t.refused_us, 0.5), within_ms(&t.refused_us, 0.99), t.failed, within_ms(&t.late_us, 0.5), within_ms(&t.late_us, 0.99), t.per_second(t.late_us.len()),
               cpu_seconds(gateway.pid)? - before, cpu_seconds(std::process::id())? - mine);
            let again = Clients::at(address, door).await;
            let mut normal = None;
            while since.elapsed() < Duration::from_secs(15) {
                let (came, us) = again.one().await;
                if came == chalkwire_tests::arrivals::Came::Served && us < 50_000 { normal = Some(since.elapsed()); break; }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            println!("  memory {mem} KiB, peak {peak}, after {}; normal after {normal:?}", rss_kib(gateway.pid)?);
        }
        Ok(())
    })
}

fn serve() -> anyhow::Result<()> {
    use std::io::Write;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse()?)?;
        let listener = socket.listen(4096)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", listener.local_addr()?)?;
        out.flush()?;
        let parent = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        tokio::select! {
            _ = parent => {}
            () = chalkwire_tests::arrivals::answer(listener) => {}
        }
        Ok(())
    })
}

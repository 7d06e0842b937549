//! Every experiment's programs, each client run with the server of its language.

use chalkwire_shared::job::Script;
use chalkwire_shared::target::{Kind, TargetUrl};
use chalkwire_tests::target::closed_port;
use chalkwire_web::experiment::{ALL as EXPERIMENTS, Experiment, Settings};
use chalkwire_web::take_home::Program;
use chalkwire_web::take_home::recipe::{Client, Recipe, Step, recipes_of};
use tokio::task::JoinSet;

use super::{Bench, By, end};

/// Programs that run at the same time: most of their time they wait.
const AT_ONCE: usize = 6;

/// Runs a recipe's client by the side of the recipe's server: what the client printed.
async fn pair(by: By, mut recipe: Recipe) -> String {
    let bench = Bench::new();
    if recipe.server.is_none() {
        recipe.address = nowhere(&bench, recipe.kind());
        // A shell's line ends badly then, and says so.
        let (command, text) = bench.client_program(by, &recipe).await;
        let output = end(command, &text).await;
        return String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    }
    let _server = bench.serve(by, &mut recipe).await;
    bench.client(by, &recipe).await
}

/// An address where nothing listens.
fn nowhere(bench: &Bench, kind: Kind) -> TargetUrl {
    match kind.is_unix() {
        true => TargetUrl::Path {
            kind,
            path: bench.path().join("nothing").display().to_string(),
        },
        false => TargetUrl::Inet {
            kind,
            host: "127.0.0.1".to_owned(),
            port: closed_port().port(),
        },
    }
}

/// Every recipe of every experiment, as it starts.
fn recipes() -> Vec<(&'static Experiment, Recipe)> {
    let of = |it: &'static Experiment| {
        let recipes = recipes_of(it, &Settings::of(it));
        assert!(!recipes.is_empty(), "{} has no programs", it.slug);
        recipes.into_iter().map(move |recipe| (it, recipe))
    };
    EXPERIMENTS.into_iter().flat_map(of).collect()
}

/// What the client of a recipe must have printed: the reply to what it sent, wherever there is one.
fn check(by: By, experiment: &Experiment, recipe: &Recipe, printed: &str) {
    let what = format!("{} by {by:?}:\n{printed}", recipe.title);
    assert!(!printed.contains("Traceback"), "{what}");
    if recipe.server.is_none() {
        // An unconnected socket is told nothing.
        let silent = matches!(
            recipe.client,
            Client::Calls {
                script: Script::UdpUnconnected,
                ..
            }
        );
        let refused = printed.contains("refused") || printed.contains("ECONNREFUSED");
        assert_ne!(refused, silent, "{what}");
        return;
    }
    match &recipe.client {
        Client::Load(load) => {
            assert_eq!(
                printed.matches("client ").count(),
                usize::from(load.clients),
                "{what}"
            );
            // Of listeners that do not accept no reply is to be had in time.
            let server = recipe.server.as_ref().unwrap();
            assert!(
                printed.contains("reply") || by == By::Shell || server.accept_after_ms > 0,
                "{what}"
            );
        }
        Client::Calls { .. } => assert!(printed.contains("hello") || by != By::Shell, "{what}"),
        Client::Steps(steps) => {
            let sends = steps
                .iter()
                .any(|it| matches!(it, Step::Send(_) | Step::SendWithRetry { .. }));
            assert!(!sends || printed.contains('['), "{what}");
            assert_ne!(experiment.slug, "", "{what}");
        }
    }
}

/// Runs every recipe's pair in this language.
async fn all(by: By) {
    let mut running = JoinSet::new();
    for (experiment, recipe) in recipes() {
        while running.len() >= AT_ONCE {
            running.join_next().await.unwrap().unwrap();
        }
        running.spawn(async move {
            let printed = pair(by, recipe.clone()).await;
            check(by, experiment, &recipe, &printed);
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn each_experiments_python_programs_speak_with_each_other() {
    all(By::Python).await;
}

#[tokio::test]
async fn each_experiments_socat_lines_speak_with_each_other() {
    all(By::Shell).await;
}

#[tokio::test]
async fn each_experiments_rust_programs_compile_and_speak_with_each_other() {
    all(By::Rust).await;
}

#[test]
fn programs_are_told_apart_and_short_enough_to_read() {
    for experiment in EXPERIMENTS {
        let recipes = recipes_of(experiment, &Settings::of(experiment));
        for (at, recipe) in recipes.iter().enumerate() {
            let same = recipes[..at].iter().any(|it| it.name == recipe.name);
            assert!(
                !same,
                "{} has two programs named {}",
                experiment.slug, recipe.name
            );
            for program in Program::ALL {
                let Some(text) = program.text(recipe) else {
                    continue;
                };
                let lines = text.lines().count();
                assert!(
                    lines <= 190,
                    "{} {}: {lines} lines",
                    recipe.title,
                    program.label()
                );
                for line in text.lines() {
                    assert!(line.chars().count() <= 110, "{line}");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_server_shows_what_experiment_two_is_about() {
    let stream = Experiment::find("stream").unwrap();
    let settings = Settings::of(stream);
    for by in [By::Python, By::Rust] {
        let bench = Bench::new();
        let mut recipe = recipes_of(stream, &settings).remove(0);
        let server = bench.serve(by, &mut recipe).await;
        let printed = bench.client(by, &recipe).await;
        assert_eq!(printed.matches("sent 1000 bytes").count(), 3, "{printed}");
        server.says("recv 952 bytes").await;
        let said = server.said();
        assert_eq!(said.matches("recv 1024 bytes").count(), 2, "{said}");
    }
}

#[tokio::test]
async fn the_server_shows_what_experiment_three_is_about() {
    let datagram = Experiment::find("datagram").unwrap();
    let bench = Bench::new();
    let mut recipe = recipes_of(datagram, &Settings::of(datagram)).remove(0);
    let server = bench.serve(By::Python, &mut recipe).await;
    bench.client(By::Python, &recipe).await;
    server.says("recv 4 bytes: one datagram").await;
    let said = server.said();
    assert!(
        said.contains("recv 1024 bytes: one datagram, and its tail is gone"),
        "{said}"
    );
}

//! Every experiment's programs, each client run with the server of its language.

use std::time::Duration;

use chalkwire_shared::target::{Kind, TargetUrl};
use chalkwire_tests::target::closed_port;
use chalkwire_web::experiment::{ALL as EXPERIMENTS, Experiment, Settings};
use chalkwire_web::take_home::Program;
use chalkwire_web::take_home::recipe::{Client, Recipe, Step, recipes_of};
use tokio::task::JoinSet;

use super::{ALL, Bench, By, finish};

/// Programs that run at the same time: most of their time they wait.
const AT_ONCE: usize = 6;

/// Runs a recipe's client by the side of the recipe's server: what the client printed.
async fn pair(by: By, mut recipe: Recipe) -> String {
    let bench = Bench::new();
    if recipe.server.is_none() {
        recipe.address = nowhere(&bench, recipe.kind());
        return bench.client(by, &recipe).await;
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

#[test]
fn show() {
    for (e, r) in recipes() {
        println!(
            "== {} [{}] {:?} {:?} faults {:?}",
            r.title, r.name, r.server, r.client, r.faults
        );
        let _ = e;
    }
}

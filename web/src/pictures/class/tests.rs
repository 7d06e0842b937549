use super::made_up::{AT_US, after, at_once, iterative};
use super::*;
use crate::pictures::golden::{golden, sound};
use crate::pictures::shape::Width;
use crate::pictures::svg;
use crate::state::settings::Theme;

fn whole(it: &Seen) -> Class {
    it.class(AT_US + 60_000_000, Order::Served)
}

fn says(class: &Class) -> String {
    let it = headline(class, 0, true);
    let mut all = vec![it.title() + "."];
    all.extend(it.says.clone());
    all.extend(it.hold.clone());
    all.join(" ")
}

fn drawn(name: &str, class: &Class) {
    golden(name, &story(class), |width| draw(class, Sheet::of(width)).0);
}

#[test]
fn a_class_at_an_iterative_server_is_a_staircase() {
    let class = whole(&iterative(20, None));
    drawn("class-iterative", &class);
    println!("{}", says(&class));
}

#[test]
fn who_says_nothing_holds_the_server_and_all_see_for_how_long() {
    let class = whole(&iterative(20, Some(2)));
    println!("{}", says(&class));
    drawn("class-idler", &class);
}

/// Writes pictures of classes of all sizes to `target/pictures/`, to be looked at.
#[test]
fn classes_of_every_size_stay_inside_their_picture() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pictures");
    std::fs::create_dir_all(dir).unwrap();
    for (name, it) in [
        ("6", iterative(6, None)),
        ("20", iterative(20, None)),
        ("20-idler", iterative(20, Some(2))),
        ("60-idler", iterative(60, Some(4))),
        ("500", iterative(500, None)),
        ("500-idler", iterative(500, Some(4))),
        (
            "60-threaded",
            at_once("threaded", Serving::Threaded, 60, Some(3)),
        ),
        (
            "12-process",
            at_once("process", Serving::Process, 12, Some(3)),
        ),
        (
            "500-evented",
            at_once("evented", Serving::Evented, 500, None),
        ),
        ("30-udp", at_once("udp", Serving::Datagrams, 30, None)),
    ] {
        let class = whole(&it);
        println!("{name}: {}", says(&class));
        let story = story(&class);
        for width in Width::ALL {
            let (picture, rows) = draw(&class, Sheet::of(width));
            sound(&picture, &story);
            assert_eq!(rows.count, class.rows.len());
            for theme in [Theme::Light, Theme::Dark, Theme::Projector] {
                let svg = svg::document(&picture, &story, theme);
                let width = if width == Width::Wide { "" } else { "-narrow" };
                let path = format!("{dir}/class-of-{name}{width}-{}.svg", theme.key());
                std::fs::write(path, svg).unwrap();
            }
        }
    }
}

#[test]
fn what_is_not_told_yet_grows_with_time() {
    for (name, it, ms) in [
        ("live-20-early", iterative(20, Some(2)), 1_700),
        ("live-20", iterative(20, Some(2)), 5_120),
        ("live-200", iterative(200, None), 1_180),
    ] {
        let (it, now) = after(it, ms);
        let class = it.class(now, Order::Served);
        println!("{name}: {}", says(&class));
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/pictures");
        let (picture, _) = draw(&class, Sheet::of(Width::Wide));
        let svg = svg::document(&picture, &story(&class), Theme::Light);
        std::fs::write(format!("{dir}/class-of-{name}-light.svg"), svg).unwrap();
    }
}

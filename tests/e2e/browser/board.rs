//! What a class sees of itself: on the wall, and on the teacher's page.

use std::time::Duration;

use bytes::Bytes;
use chalkwire_shared::room::{Command, MemberId, Plan, RunId};
use chalkwire_tests::browser::{Size, axe, browse};
use chalkwire_tests::gateway::Setup;
use chalkwire_tests::room::OpenRoom;
use chalkwire_tests::room::crowd::{Delays, Member};
use chalkwire_tests::room::guest::Guest;
use serde_json::json;

use super::looks::look;

fn plan(idler: Option<MemberId>) -> Plan {
    Plan {
        target: "iterative".to_owned(),
        message: "hello\r\n".to_owned(),
        faults: Vec::new(),
        seed: 7,
        idler,
        experiment: None,
    }
}

#[tokio::test]
async fn the_wall_shows_who_says_nothing_while_all_others_wait() {
    let gateway = Setup::default().builtin().start().await;
    let address = gateway.address();
    let request = json!({ "title": "Networks 1, Tuesday" });
    let opened = OpenRoom::open_with(address, &request).await;
    let mut teacher = Guest::teacher(address, &opened, "Ada").await;
    let names = ["otter", "heron", "lynx", "wren", "ibex", "moth", "seal"];
    let mut class = Vec::new();
    for (client, name) in (1..).zip(names) {
        let key = opened.code();
        let member = Member::enter(address, key, name, client, &Delays::none()).await;
        class.push(member.expect("a place"));
    }
    let idler = class[0].you.member.expect("a member");
    let view = opened.json["view"].as_str().expect("a link");
    let (_, fragment) = view.split_once('#').expect("a fragment");
    let mut found = Vec::new();
    browse(
        &format!("http://{address}/#{fragment}"),
        Size::WALL,
        async |page| {
            page.js(&axe(), json!([])).await;
            let says = async |text: &str| {
                let there =
                    "return document.querySelector('.wall')?.textContent.includes(arguments[0])";
                page.until(&format!("“{text}”"), there, json!([text])).await;
            };
            says("7 here").await;
            says("connected · in memory only").await;
            look(page, "board-waits", &mut found).await;

            let (plan, in_ms) = (plan(Some(idler)), 1_500);
            teacher
                .does(Command::Arm { plan, in_ms })
                .await
                .expect("a run");
            says("Everyone sends to iterative").await;
            // The members' pages wait for the instant; theirs is the gateway's clock.
            tokio::time::sleep(Duration::from_millis(in_ms.into())).await;
            let run = Some(RunId(1));
            class[0].open("iterative", run).await;
            tokio::time::sleep(Duration::from_millis(40)).await;
            for member in &mut class[1..] {
                member
                    .exchange("iterative", &Bytes::from("hello\r\n"), run)
                    .await;
            }
            // While it lasts, not after it.
            says("otter, as planned, connected, says nothing and holds the server").await;
            says("6 others wait for it").await;
            look(page, "board-live", &mut found).await;
            let bars = "return document.querySelectorAll('.class-chart rect').length > 7";
            page.until("bars", bars, json!([])).await;

            teacher
                .does(Command::HideNames { on: true })
                .await
                .expect("hidden");
            says("member 2, as planned").await;
            let named = "return document.querySelector('.wall').textContent.includes('otter')";
            assert_eq!(page.js(named, json!([])).await, json!(false));

            says("said nothing and held the server for").await;
            says("the last of 6 replies came after").await;
            look(page, "board-over", &mut found).await;
            page.resize(Size::PHONE).await;
            look(page, "board-phone", &mut found).await;
            let wide = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(page.js(wide, json!([])).await, json!(true));
            assert!(found.is_empty(), "barriers:\n{}", found.join("\n"));
        },
    )
    .await;
}

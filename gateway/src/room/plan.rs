//! Whether what everyone is told to send can be sent at all, to the targets that there are.

use chalkwire_shared::fault::{Asked, Fault, check_list};
use chalkwire_shared::room::{Plan, Refusal};

use crate::target::Targets;

/// Makes a plan fit its target: nobody is told to say nothing where the server would wait for it
/// longer than a run lasts.
///
/// # Errors
/// [`Refusal`] where there is no such target, or the faults can't be done to its sockets.
pub fn fit(plan: &mut Plan, targets: &Targets) -> Result<(), Refusal> {
    let faults = plan.faults.iter().map(Asked::read);
    let faults: Vec<Fault> = faults
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::BadRequest)?;
    if plan.experiment.is_some() {
        plan.idler = None;
        return Ok(());
    }
    let target = targets
        .get(&plan.target)
        .map_err(|_| Refusal::NoSuchTarget)?;
    let datagram = target.kind().is_datagram();
    check_list(&faults, datagram).map_err(|_| Refusal::BadRequest)?;
    plan.idler = plan.idler.filter(|_| target.info.hangs_up());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;
    use chalkwire_shared::room::MemberId;
    use chalkwire_shared::target::TargetInfo;

    fn targets() -> Targets {
        let target = |name: &str, url: &str, builtin| Target {
            info: TargetInfo {
                name: name.to_owned(),
                kind: url
                    .parse::<chalkwire_shared::target::TargetUrl>()
                    .unwrap()
                    .kind(),
                url: None,
                about: String::new(),
                builtin,
            },
            url: url.parse().unwrap(),
        };
        let all = vec![
            target("iterative", "tcp://127.0.0.1:1", true),
            target("session", "tcp://127.0.0.1:2", true),
            target("udp", "udp://127.0.0.1:3", true),
            target("own", "tcp://127.0.0.1:4", false),
        ];
        Targets::new(all, Vec::new(), std::env::temp_dir())
    }

    fn fitted(target: &str, faults: &str) -> Result<Option<MemberId>, Refusal> {
        let mut plan = Plan {
            target: target.to_owned(),
            message: "hello".to_owned(),
            faults: serde_json::from_str(faults).unwrap(),
            seed: 0,
            idler: Some(MemberId(2)),
            experiment: None,
        };
        fit(&mut plan, &targets())?;
        Ok(plan.idler)
    }

    #[test]
    fn what_the_targets_sockets_cannot_do_is_refused_before_everyone_tries() {
        assert_eq!(fitted("nowhere", "[]"), Err(Refusal::NoSuchTarget));
        assert!(fitted("iterative", r#"[{"kind":"refuse"}]"#).is_ok());
        for wrong in [
            r#"[{"kind":"loss","percent":5}]"#,
            r#"[{"kind":"nonsense"}]"#,
        ] {
            assert_eq!(fitted("iterative", wrong), Err(Refusal::BadRequest));
        }
        assert!(fitted("udp", r#"[{"kind":"loss","percent":5}]"#).is_ok());
    }

    #[test]
    fn nobody_says_nothing_where_the_server_waits_for_ever() {
        let idler = Some(MemberId(2));
        for (target, idles) in [
            ("iterative", idler),
            ("own", idler),
            ("session", None),
            ("udp", None),
        ] {
            assert_eq!(fitted(target, "[]"), Ok(idles), "{target}");
        }
    }
}

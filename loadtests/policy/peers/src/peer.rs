//! What is asked of each peer, and how far it is taken.

use std::time::Duration;

use anyhow::{Result, ensure};
use veto_bench::{Case, Form, Load, Peers, Plan, Row, once, scenario};

/// Beyond this, a load is not tried or a decision not sampled; the table says so.
const LONGEST_LOAD: Duration = Duration::from_mins(1);
const LONGEST_DECISION: Duration = Duration::from_millis(5);

/// An engine, and a way of using it.
pub(crate) trait Peer: Sized {
    /// What the table calls it.
    const NAME: &'static str;

    /// Loads the scenario's rules.
    fn load(rules: usize) -> Result<Self>;

    /// Takes arguments as the engine wants them: the figures for parsed arguments begin after this.
    fn prepare(&mut self, arguments: &'static str) -> Result<()>;

    /// Decides on the prepared arguments.
    fn decide(&mut self) -> Result<bool>;

    /// Decides on arguments from their text.
    fn decide_text(&mut self, arguments: &'static str) -> Result<bool>;
}

/// Measures a peer at all sizes.
pub(crate) fn measure<P: Peer>(sizes: &[usize], plan: Plan, peers: &mut Peers) -> Result<()> {
    let mut before: Option<(usize, Duration)> = None;
    for &rules in sizes {
        let mut load = |milliseconds: Option<f64>, note: Option<String>| {
            peers.loads.push(Load {
                engine: P::NAME.to_owned(),
                rules,
                milliseconds,
                note,
            });
        };
        // Loading costs at least as much per rule as it did for fewer.
        let expected =
            before.map(|(fewer, cpu)| cpu * u32::try_from(rules / fewer).unwrap_or(u32::MAX));
        if let Some(expected) = expected.filter(|expected| *expected > LONGEST_LOAD) {
            load(
                None,
                Some(format!(
                    "not tried: loading would take {expected:.0?} or more"
                )),
            );
            continue;
        }
        let (peer, cpu, _) = once(|| P::load(rules));
        let mut peer = match peer {
            Ok(peer) => peer,
            Err(error) => {
                load(None, Some(format!("does not load: {error:#}")));
                continue;
            }
        };
        before = Some((rules, cpu));
        peer.prepare(scenario::arguments(Case::Allow))?;
        // The first decision may prepare what later ones use.
        peer.decide()?;
        let (answer, one, _) = once(|| peer.decide());
        ensure!(answer?, "{} denies what the scenario allows", P::NAME);
        let slow = one > LONGEST_DECISION;
        let note = slow.then(|| format!("one decision takes {one:.1?}: sampled once"));
        load(Some(cpu.as_secs_f64() * 1e3), note);
        let plan = if slow { Plan::ONCE } else { plan };
        rows(&mut peer, rules, plan, &mut peers.rows)?;
    }
    Ok(())
}

fn rows<P: Peer>(peer: &mut P, rules: usize, plan: Plan, rows: &mut Vec<Row>) -> Result<()> {
    for case in Case::ALL {
        let wanted = case == Case::Allow;
        let arguments = scenario::arguments(case);
        peer.prepare(arguments)?;
        ensure!(
            peer.decide()? == wanted,
            "{}: {case:?} is answered wrong",
            P::NAME
        );
        ensure!(
            peer.decide_text(arguments)? == wanted,
            "{}: {case:?} from text is answered wrong",
            P::NAME
        );
        let mut failed = None;
        let mut note = |answer: Result<bool>| {
            if let Err(error) = std::hint::black_box(answer) {
                failed = Some(error);
            }
        };
        rows.push(Row::measure(
            P::NAME,
            rules,
            Form::Parsed,
            case,
            plan,
            || note(peer.decide()),
        ));
        rows.push(Row::measure(P::NAME, rules, Form::Text, case, plan, || {
            note(peer.decide_text(arguments))
        }));
        if let Some(error) = failed {
            return Err(error);
        }
    }
    Ok(())
}

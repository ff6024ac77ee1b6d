//! Whether one cell is at least as strict as another one for every call.
//!
//! A call gets a stricter outcome than before when the branch that decided it and the branch that decides it
//! now say so; the proof looks at every such pair of branches and shows that no call meets both, or that one
//! that comes earlier decides. What cannot be shown is taken for no.

use super::facts::{Guard, contradicts, implies, rest};
use crate::check::Terms;
use crate::decision::Outcome;
use crate::matrix::{Branch, Cell, Requirement};

/// Most regions of a cell; beyond them nothing is shown.
const MOST: usize = 32;

/// The calls that all of some guards are about.
type Region<'g, 'a> = Vec<&'g Guard<'a>>;

/// The guards of a cell.
#[derive(Debug)]
pub(super) struct Guards<'a> {
    denies: Vec<Guard<'a>>,
    asks: Vec<(Guard<'a>, Option<&'a Terms>)>,
    /// Approvals that need an allow.
    joins: Vec<(Guard<'a>, Option<&'a Terms>)>,
    allows: Vec<Guard<'a>>,
    /// Calls that are allowed or asked for, whichever it is.
    covers: Vec<Guard<'a>>,
}

impl<'a> Guards<'a> {
    pub(super) fn of<'c: 'a>(cell: &'a Cell<'c>) -> Self {
        let mut guards = Self {
            denies: Vec::new(),
            asks: Vec::new(),
            joins: Vec::new(),
            allows: Vec::new(),
            covers: Vec::new(),
        };
        for branch in cell.branches() {
            let all = || {
                // What the contract refuses is decided before.
                let kept = cell.kept().filter(|_| branch.rule.is_some());
                branch.requirements.iter().chain(kept)
            };
            let guard = Guard::read(all(), cell.lists());
            match branch.outcome {
                Outcome::Deny => guards.denies.push(guard),
                Outcome::Allow => guards.allows.push(guard),
                Outcome::Approval if branch.if_allowed => {
                    guards.joins.push((guard, branch.terms()))
                }
                Outcome::Approval => {
                    if has_otherwise(branch) {
                        let rest = all().filter(|asked| !matches!(asked, Requirement::Unless(..)));
                        guards.covers.push(Guard::read(rest, cell.lists()));
                    }
                    guards.asks.push((guard, branch.terms()));
                }
            }
        }
        guards
    }

    /// The calls that need an approval.
    fn asking(&self) -> Vec<Region<'_, 'a>> {
        let mut found: Vec<_> = self.asks.iter().map(|(guard, _)| vec![guard]).collect();
        for (guard, _) in &self.joins {
            found.extend(self.allows.iter().map(|allow| vec![guard, allow]));
        }
        found
    }
}

/// An allow with `otherwise` and no condition asks for all that it does not allow.
fn has_otherwise(branch: &Branch<'_>) -> bool {
    let unless = |asked: &Requirement<'_>| matches!(asked, Requirement::Unless(_, None));
    branch.requirements.iter().any(unless)
}

fn alone<'g, 'a>(guards: &'g [Guard<'a>]) -> Vec<Region<'g, 'a>> {
    guards.iter().map(|guard| vec![guard]).collect()
}

/// What is known of the calls of a region that those before it left over.
fn left<'a>(region: &[&Guard<'a>], earlier: &[&[Region<'_, 'a>]]) -> Vec<Guard<'a>> {
    let regions = earlier.iter().flat_map(|regions| regions.iter());
    let alone = regions.filter_map(|region| match &**region {
        [guard] => Some(*guard),
        _ => None,
    });
    alone.filter_map(|guard| rest(region, guard)).collect()
}

/// Tells whether all calls of a region are in one of some others.
fn covered(region: &[&Guard<'_>], by: &[Region<'_, '_>]) -> bool {
    by.iter()
        .any(|other| other.iter().all(|guard| implies(region, guard)))
}

/// Tells whether no call gets a stricter outcome from the new cell than from the old one.
pub(super) fn is_looser(old: &Guards<'_>, new: &Guards<'_>) -> bool {
    let (old_denies, new_denies) = (alone(&old.denies), alone(&new.denies));
    let (old_allows, new_allows) = (alone(&old.allows), alone(&new.allows));
    let (old_asks, new_asks) = (old.asking(), new.asking());
    let size = |a: &[Region<'_, '_>], b: &[Region<'_, '_>], c: &[Region<'_, '_>]| {
        a.len() + b.len() + c.len()
    };
    if size(&old_denies, &old_asks, &old_allows) > MOST
        || size(&new_denies, &new_asks, &new_allows) > MOST
    {
        return false;
    }
    let new_covers = alone(&new.covers);
    // No call is met by both, or one that comes earlier decides.
    let apart = |a: &[&Guard<'_>], b: &[&Guard<'_>], earlier: &[&[Region<'_, '_>]]| {
        let both: Vec<&Guard<'_>> = a.iter().chain(b).copied().collect();
        contradicts(&both) || earlier.iter().any(|regions| covered(&both, regions))
    };
    let not_denied = |region: &Region<'_, '_>, earlier: &[&[Region<'_, '_>]]| {
        let decided = [&*new_allows, &*new_asks, &*new_covers, &*new_denies];
        (apart(region, &[], earlier) || decided.iter().any(|regions| covered(region, regions)))
            && new_denies.iter().all(|deny| apart(region, deny, earlier))
    };
    let allows = old_allows.iter().all(|allow| {
        // What was denied or asked for was not allowed.
        let others = left(allow, &[&*old_denies, &*old_asks]);
        let allow: &Region<'_, '_> = &allow.iter().copied().chain(&others).collect();
        let earlier = [&*old_denies, &*old_asks];
        let asks =
            |ask: &Region<'_, '_>| apart(allow, ask, &[&*old_denies, &*old_asks, &*new_denies]);
        not_denied(allow, &earlier) && new_asks.iter().all(asks)
    });
    allows
        && old_asks.iter().all(|ask| {
            let others = left(ask, &[&*old_denies]);
            let ask = ask.iter().copied().chain(&others).collect();
            not_denied(&ask, &[&*old_denies])
        })
        && terms_are_looser(old, new, &old_asks, [&*old_denies, &*new_denies])
}

/// Tells whether whoever could approve a call before can approve it now.
fn terms_are_looser(
    old: &Guards<'_>,
    new: &Guards<'_>,
    asking: &[Region<'_, '_>],
    denies: [&[Region<'_, '_>]; 2],
) -> bool {
    let joining = |guards: &Guards<'_>| guards.asks.len() + guards.joins.len();
    if joining(old) == 0 || joining(new) == 0 {
        return true;
    }
    asking.iter().all(|region| {
        new.asks.iter().chain(&new.joins).all(|(guard, terms)| {
            let mut both = region.clone();
            both.push(guard);
            let known = |(own, known): &(Guard<'_>, Option<&Terms>)| {
                is_as_strict(*known, *terms) && implies(&both, own)
            };
            contradicts(&both)
                || denies.iter().any(|regions| covered(&both, regions))
                || old.asks.iter().chain(&old.joins).any(known)
        })
    })
}

/// Tells whether an approval under the first terms is one under the second terms.
fn is_as_strict(old: Option<&Terms>, new: Option<&Terms>) -> bool {
    match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => {
            old.approvers.iter().all(|one| new.approvers.contains(one))
                && old.quorum >= new.quorum
                && (old.independent || !new.independent)
                && old.expires <= new.expires
        }
    }
}

//! `extends: "@veto/coding-agent"`: rules of a built-in pack, replaced by id.

use super::read::{Pack, Rule};
use crate::import::Imported;
use crate::source::Source;

/// Puts the rules of extended packs, where they are among the sources, before those of the pack.
pub(super) fn resolve(packs: &mut [(&Source, Pack)], imported: &mut Imported) {
    let bases: Vec<_> = packs
        .iter()
        .map(|(source, pack)| {
            (
                short(&source.path),
                pack.rules.clone(),
                pack.output_rules.clone(),
            )
        })
        .collect();
    for (source, pack) in packs {
        let Some(wanted) = pack.extends.clone() else {
            continue;
        };
        let wanted = wanted.trim().trim_start_matches("@veto/");
        match bases.iter().find(|(name, ..)| name == wanted) {
            Some((_, rules, output)) => {
                pack.rules = merged(rules, &pack.rules);
                let own = std::mem::take(&mut pack.output_rules);
                let replaced = |id: &str| own.iter().any(|rule| rule.id == id);
                let kept = output.iter().filter(|rule| !replaced(&rule.id)).cloned();
                pack.output_rules = kept.chain(own.iter().cloned()).collect();
            }
            None => {
                let reason = format!(
                    "the pack `@veto/{wanted}` is not among the files; add its file, `{wanted}.yaml`, \
                     from the package"
                );
                imported.unmapped("(extends)", &source.path, 1, reason);
            }
        }
    }
}

fn short(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.')
        .map_or(file, |(stem, _)| stem)
        .to_owned()
}

fn merged(base: &[Rule], own: &[Rule]) -> Vec<Rule> {
    let mut all = base.to_vec();
    for rule in own {
        match all.iter_mut().find(|known| known.id == rule.id) {
            Some(known) => *known = rule.clone(),
            None => all.push(rule.clone()),
        }
    }
    all
}

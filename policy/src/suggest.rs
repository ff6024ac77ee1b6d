//! "Did you mean": the nearest known name.

/// The known name that is nearest to the text, when one is near enough to be meant.
pub(crate) fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, name) = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(text, name), name))
        .min_by_key(|(distance, name)| (*distance, *name))?;
    let allowed = match text.chars().count() {
        0..3 => 0,
        length => (length / 3).max(1),
    };
    (distance <= allowed).then_some(name)
}

/// Suggests the nearest known name in words.
pub(crate) fn did_you_mean<'a>(
    text: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(text, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_name_is_suggested() {
        let known = ["effect", "arguments", "tools"];
        assert_eq!(
            did_you_mean("efect", known).as_deref(),
            Some("did you mean `effect`?")
        );
        assert_eq!(
            did_you_mean("argumnets", known).as_deref(),
            Some("did you mean `arguments`?")
        );
        assert_eq!(did_you_mean("colour", known), None);
    }
}

//! Values of settings.

/// The unit names in a dependency setting, with the specifiers for the unit's own name resolved.
pub(crate) fn edge_words(value: &str, unit: &str) -> Vec<String> {
    let stem = unit.rsplit_once('.').map_or(unit, |(stem, _)| stem);
    let prefix = stem.split_once('@').map_or(stem, |(prefix, _)| prefix);
    value
        .split_whitespace()
        .map(|w| {
            w.trim_matches('"')
                .replace("%n", unit)
                .replace("%N", stem)
                .replace("%p", prefix)
        })
        .collect()
}

/// Whether a value of `SuccessAction=` and its like does anything.
pub(crate) fn action_property(value: &str) -> bool {
    !matches!(value.trim(), "" | "none")
}

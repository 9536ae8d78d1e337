//! Near misses: "did you mean `start`?".

/// Longer words are not compared; no name here is that long.
const LENGTH_LIMIT: usize = 64;
/// So many candidates are offered.
const OFFERED: usize = 3;

/// The candidates that `word` may have been meant for, nearest first; three at most.
#[must_use]
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    if word.len() > LENGTH_LIMIT {
        return Vec::new();
    }
    let allowed = word.chars().count() / 3;
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LENGTH_LIMIT)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed.max(1))
        .collect();
    near.sort();
    near.into_iter()
        .take(OFFERED)
        .map(|(_, candidate)| candidate)
        .collect()
}

/// ``did you mean `a` or `b`?``, if there is anything near.
#[must_use]
pub fn did_you_mean<S: AsRef<str>>(near: &[S]) -> Option<String> {
    let quoted: Vec<String> = near
        .iter()
        .map(|word| format!("`{}`", word.as_ref()))
        .collect();
    let (last, others) = quoted.split_last()?;
    if others.is_empty() {
        return Some(format!("did you mean {last}?"));
    }
    Some(format!("did you mean {} or {last}?", others.join(", ")))
}

/// Letters to insert, delete, replace or swap with their neighbour, to make `b` of `a` (optimal
/// string alignment); case counts for nothing.
fn distance(a: &str, b: &str) -> usize {
    let lower = |text: &str| {
        text.chars()
            .map(|c| c.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    let (a, b) = (lower(a), lower(b));
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_finger_are_near_and_other_words_are_not() {
        let keys = [
            "tags",
            "qmp",
            "agent",
            "start",
            "ssh",
            "deadlines",
            "host-key",
            "host",
        ];
        for (word, expected) in [
            ("strat", vec!["start"]),
            ("START", vec!["start"]),
            ("deadline", vec!["deadlines"]),
            ("host_key", vec!["host-key"]),
            ("hots", vec!["host"]),
            ("qpm", vec!["qmp"]),
            ("x", vec![]),
            ("memory", vec![]),
        ] {
            assert_eq!(near(word, keys), expected, "{word}");
        }
        assert!(near(&"s".repeat(100_000), keys).is_empty());
    }

    #[test]
    fn offers_are_few_and_nearest_first() {
        let names = ["web4", "web3", "web2", "web11", "db1"];
        assert_eq!(near("web1", names), ["web11", "web2", "web3"]);
        assert_eq!(
            did_you_mean(&["a", "b", "c"]).as_deref(),
            Some("did you mean `a`, `b` or `c`?")
        );
        assert_eq!(did_you_mean::<&str>(&[]), None);
    }
}

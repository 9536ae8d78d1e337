//! What became of the scenarios, as a table.

use std::time::Duration;

use crate::console::Console;

/// How one scenario ended.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) name: &'static str,
    pub(super) took: Duration,
    pub(super) failure: Option<String>,
}

pub(super) fn print(console: &Console, endings: &[Ending], took: Duration) {
    for line in table(endings) {
        console.result(line);
    }
    let failed = endings
        .iter()
        .filter(|ending| ending.failure.is_some())
        .count();
    let passed = endings.len() - failed;
    console.result(format!(
        "{passed} passed, {failed} failed in {:.0} s",
        took.as_secs_f32()
    ));
}

fn table(endings: &[Ending]) -> Vec<String> {
    let width = endings
        .iter()
        .map(|ending| ending.name.len())
        .max()
        .unwrap_or_default();
    endings
        .iter()
        .map(|ending| {
            let verdict = if ending.failure.is_some() {
                "FAILED"
            } else {
                "ok"
            };
            format!(
                "{:width$}  {:>7.1} s  {verdict}",
                ending.name,
                ending.took.as_secs_f32()
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lines_up() {
        let ending = |name, seconds, failure| Ending {
            name,
            took: Duration::from_secs(seconds),
            failure,
        };
        let endings = [
            ending("short", 3, None),
            ending("much_longer", 120, Some("broken".to_owned())),
        ];
        assert_eq!(
            table(&endings),
            [
                "short            3.0 s  ok",
                "much_longer    120.0 s  FAILED"
            ]
        );
    }
}

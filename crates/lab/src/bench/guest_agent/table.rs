//! The table of two agents.

use std::time::Duration;

use super::pair::Pair;
use crate::bench::{report, run};
use crate::console::Console;

/// Its lines, and the goals that were missed.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    rows: Vec<[String; 7]>,
    missed: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// Of a million bytes.
    Megabytes,
    Microseconds,
    MegabytesPerSecond,
    Times,
}

/// What is asked of ours.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// Nothing: the figure helps to understand the others.
    None,
    /// So much in the row's unit.
    AtMost(f64),
    /// So much of what QEMU's has.
    RatioAtMost(f64),
    /// So many times what QEMU's has.
    RatioAtLeast(f64),
}

const HEADER: [&str; 7] = [
    "what",
    "unit",
    "qemu-ga",
    "hospes-agent",
    "ratio",
    "goal",
    "met",
];

impl Comparison {
    /// One figure of both.
    pub(super) fn row(&mut self, what: &str, unit: Unit, figures: &Pair<f64>, goal: Goal) {
        let ratio = figures.ours / figures.stock;
        let met = match goal.is_met(figures.ours, ratio) {
            None => "",
            Some(true) => "yes",
            Some(false) => "NO",
        };
        let shown = figures.as_ref().map(|figure| unit.show(*figure));
        let ratio = shown_ratio(ratio);
        if met == "NO" {
            let (name, goal) = (unit.name(), goal.show());
            let Pair { stock, ours } = &shown;
            self.missed.push(format!(
                "{what}: {ours} {name}, qemu-ga {stock}, {ratio}; the goal is {goal}"
            ));
        }
        let cells = [
            what,
            unit.name(),
            &shown.stock,
            &shown.ours,
            &ratio,
            &goal.show(),
            met,
        ];
        self.rows.push(cells.map(str::to_owned));
    }

    /// The middle of samples of a time.
    pub(super) fn median(&mut self, what: &str, samples: &Pair<Vec<Duration>>, goal: Goal) {
        self.quantile(what, samples, 0.5, goal);
    }

    /// The sample below which `share` of them are.
    pub(super) fn quantile(
        &mut self,
        what: &str,
        samples: &Pair<Vec<Duration>>,
        share: f64,
        goal: Goal,
    ) {
        let micros = |samples: &Vec<Duration>| {
            let micros = samples.iter().map(|time| time.as_secs_f64() * 1e6);
            quantile(micros.collect(), share)
        };
        let figures = samples.as_ref().map(micros);
        self.row(what, Unit::Microseconds, &figures, goal);
    }

    /// The middle of samples of bytes a second.
    pub(super) fn rate(&mut self, what: &str, samples: Pair<Vec<f64>>, goal: Goal) {
        let figures = samples.map(|samples| quantile(samples, 0.5) / 1e6);
        self.row(what, Unit::MegabytesPerSecond, &figures, goal);
    }

    /// The worst of samples of an amount of bytes.
    pub(super) fn memory(&mut self, what: &str, samples: &Pair<Vec<u64>>, goal: Goal) {
        let worst = |samples: &Vec<u64>| samples.iter().max().map_or(f64::NAN, |most| *most as f64);
        let figures = samples.as_ref().map(worst).map(|bytes| bytes / 1e6);
        self.row(what, Unit::Megabytes, &figures, goal);
    }

    /// The worst of counts.
    pub(super) fn count(&mut self, what: &str, samples: &Pair<Vec<u64>>, goal: Goal) {
        let worst = |samples: &Vec<u64>| samples.iter().max().map_or(f64::NAN, |most| *most as f64);
        self.row(what, Unit::Times, &samples.as_ref().map(worst), goal);
    }

    /// Prints the table in Markdown below `about`, and what was missed below the table.
    pub(super) fn print(&self, about: &str, console: &Console) {
        let table = report::markdown(HEADER, &self.rows);
        console.result(format!("{about}\n\n{table}"));
        run::tell_misses(console, &self.missed);
    }
}

impl Goal {
    /// Nothing where nothing is asked. A figure that is missing misses.
    fn is_met(self, ours: f64, ratio: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::AtMost(most) => Some(ours <= most),
            Self::RatioAtMost(most) => Some(ratio <= most),
            Self::RatioAtLeast(least) => Some(ratio >= least),
        }
    }

    fn show(self) -> String {
        match self {
            Self::None => String::new(),
            Self::AtMost(most) => format!("≤ {most}"),
            Self::RatioAtMost(most) => format!("≤ {most}x"),
            Self::RatioAtLeast(least) => format!("≥ {least}x"),
        }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Megabytes => "MB",
            Self::Microseconds => "µs",
            Self::MegabytesPerSecond => "MB/s",
            Self::Times => "times",
        }
    }

    fn show(self, figure: f64) -> String {
        match self {
            Self::Megabytes => format!("{figure:.2}"),
            Self::Microseconds if figure < 100.0 => format!("{figure:.1}"),
            Self::MegabytesPerSecond if figure < 100.0 => format!("{figure:.1}"),
            Self::Microseconds | Self::MegabytesPerSecond | Self::Times => format!("{figure:.0}"),
        }
    }
}

/// Nothing to compare with: QEMU's has none of it.
fn shown_ratio(ratio: f64) -> String {
    if ratio.is_finite() {
        format!("{ratio:.2}x")
    } else {
        "-".to_owned()
    }
}

fn quantile(mut samples: Vec<f64>, share: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let index = (samples.len() as f64 * share) as usize;
    let last = samples.len().saturating_sub(1);
    samples.get(index.min(last)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_of_ours_or_of_the_ratio() {
        let mut table = Comparison::default();
        let unit = Unit::MegabytesPerSecond;
        let quick = Pair::new(40.0, 800.0);
        table.row("read", unit, &quick, Goal::RatioAtLeast(10.0));
        table.row("write", unit, &quick, Goal::RatioAtLeast(30.0));
        table.row("rest", Unit::Times, &Pair::new(0.0, 0.0), Goal::AtMost(0.0));
        table.row("size", Unit::Megabytes, &Pair::new(1.0, 1.5), Goal::None);
        assert_eq!(
            report::markdown(HEADER, &table.rows),
            "| what  | unit  | qemu-ga | hospes-agent | ratio  | goal  | met |\n\
             | ----- | ----- | ------- | ------------ | ------ | ----- | --- |\n\
             | read  | MB/s  | 40.0    | 800          | 20.00x | ≥ 10x | yes |\n\
             | write | MB/s  | 40.0    | 800          | 20.00x | ≥ 30x | NO  |\n\
             | rest  | times | 0       | 0            | -      | ≤ 0   | yes |\n\
             | size  | MB    | 1.00    | 1.50         | 1.50x  |       |     |"
        );
        let missed = ["write: 800 MB/s, qemu-ga 40.0, 20.00x; the goal is ≥ 30x"];
        assert_eq!(table.missed, missed);
    }

    #[test]
    fn a_figure_that_is_missing_misses() {
        assert_eq!(Goal::AtMost(1.0).is_met(f64::NAN, f64::NAN), Some(false));
        assert_eq!(Goal::RatioAtLeast(1.0).is_met(1.0, f64::NAN), Some(false));
    }

    #[test]
    fn a_quantile_is_a_sample() {
        let samples: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((quantile(samples.clone(), 0.99) - 100.0).abs() < 0.01);
        assert!((quantile(samples.clone(), 0.5) - 51.0).abs() < 0.01);
        assert!((quantile(samples, 1.0) - 100.0).abs() < 0.01);
        assert!(quantile(Vec::new(), 0.5).is_nan());
    }
}

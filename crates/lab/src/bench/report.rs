//! Figures, goals and the table.

use std::time::Duration;

/// Lines of the table.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<[String; 5]>,
    over: Vec<String>,
}

/// Samples of one figure, all in one unit.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    unit: Unit,
    sorted: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Megabytes,
    Kilobytes,
    Times,
}

/// What is compared with the goal.
#[derive(Debug, Clone, Copy)]
pub(super) enum Judged {
    /// The middle of the samples: times, which other work on the machine can only lengthen.
    Median,
    /// The worst of them: memory, of which there must be enough each time.
    Worst,
}

const HEADER: [&str; 5] = ["what", "goal", "median", "worst", "verdict"];

impl Table {
    /// A figure with a goal, which it must not be over.
    pub(super) fn judge(&mut self, what: &str, goal: f64, figure: &Figure, judged: Judged) {
        let seen = match judged {
            Judged::Median => figure.median(),
            Judged::Worst => figure.worst(),
        };
        let is_over = seen > goal;
        if is_over {
            let (seen, goal) = (figure.unit.show(seen), figure.unit.show(goal));
            self.over
                .push(format!("{what}: {seen}, the goal is {goal}"));
        }
        let verdict = if is_over { "OVER" } else { "ok" };
        self.row(
            what,
            &format!("≤ {}", figure.unit.show(goal)),
            figure,
            verdict,
        );
    }

    /// A figure to compare with; nobody promised it.
    pub(super) fn tell(&mut self, what: &str, figure: &Figure) {
        self.row(what, "", figure, "");
    }

    /// A line in words.
    pub(super) fn say(&mut self, what: &str, words: &str) {
        self.rows.push([what, "", words, "", ""].map(str::to_owned));
    }

    fn row(&mut self, what: &str, goal: &str, figure: &Figure, verdict: &str) {
        let (median, worst) = (
            figure.unit.show(figure.median()),
            figure.unit.show(figure.worst()),
        );
        self.rows.push([
            what.to_owned(),
            goal.to_owned(),
            median,
            worst,
            verdict.to_owned(),
        ]);
    }

    /// The goals that were missed.
    pub(super) fn over(&self) -> &[String] {
        &self.over
    }

    /// The table in Markdown.
    pub(super) fn markdown(&self) -> String {
        markdown(HEADER, &self.rows)
    }
}

/// A table in Markdown, with columns that line up in plain text too.
pub(super) fn markdown<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let header = header.map(str::to_owned);
    let mut widths = [0; N];
    for row in rows.iter().chain([&header]) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let rule = widths.map(|width| "-".repeat(width));
    let lines = [&header, &rule].into_iter().chain(rows);
    lines
        .map(|row| line(row, widths))
        .collect::<Vec<_>>()
        .join("\n")
}

fn line<const N: usize>(row: &[String; N], widths: [usize; N]) -> String {
    let cells = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!(" {cell:width$} |"));
    format!("|{}", cells.collect::<String>())
}

impl Figure {
    /// Times that are told in seconds.
    pub(super) fn seconds(samples: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(
            Unit::Seconds,
            samples.into_iter().map(|time| time.as_secs_f64()),
        )
    }

    /// Times that are told in milliseconds.
    pub(super) fn milliseconds(samples: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(
            Unit::Milliseconds,
            samples.into_iter().map(|time| time.as_secs_f64() * 1e3),
        )
    }

    /// Times that are told in microseconds; as the worst of so many counts that of a hundred.
    pub(super) fn microseconds(samples: impl IntoIterator<Item = Duration>) -> Self {
        let samples = samples.into_iter().map(|time| time.as_secs_f64() * 1e6);
        let mut figure = Self::of(Unit::Microseconds, samples);
        figure.sorted.truncate(figure.sorted.len() * 99 / 100);
        figure
    }

    /// Amounts of 1,024 bytes, told in units of a million bytes.
    pub(super) fn memory(samples_kib: impl IntoIterator<Item = u64>) -> Self {
        let samples = samples_kib.into_iter().map(|kib| kib as f64 * 1024.0 / 1e6);
        Self::of(Unit::Megabytes, samples)
    }

    /// Amounts of bytes, told in units of a million.
    pub(super) fn bytes(samples: impl IntoIterator<Item = u64>) -> Self {
        let samples = samples.into_iter().map(|bytes| bytes as f64 / 1e6);
        Self::of(Unit::Megabytes, samples)
    }

    /// Counts.
    pub(super) fn times(samples: impl IntoIterator<Item = u64>) -> Self {
        let samples = samples.into_iter().map(|count| count as f64);
        Self::of(Unit::Times, samples)
    }

    /// Amounts of bytes, told in units of a thousand.
    pub(super) fn kilobytes(samples: impl IntoIterator<Item = u64>) -> Self {
        let samples = samples.into_iter().map(|bytes| bytes as f64 / 1e3);
        Self::of(Unit::Kilobytes, samples)
    }

    fn of(unit: Unit, samples: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.collect();
        sorted.sort_by(f64::total_cmp);
        Self { unit, sorted }
    }

    /// The middle of the samples, in the figure's unit.
    pub(super) fn median(&self) -> f64 {
        self.sorted
            .get(self.sorted.len() / 2)
            .copied()
            .unwrap_or(f64::NAN)
    }

    fn worst(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(f64::NAN)
    }
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Seconds => format!("{figure:.2} s"),
            Self::Milliseconds => format!("{figure:.1} ms"),
            Self::Microseconds => format!("{figure:.0} µs"),
            Self::Megabytes => format!("{figure:.1} MB"),
            Self::Kilobytes => format!("{figure:.1} KB"),
            Self::Times => format!("{figure:.0}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[u64]) -> Vec<Duration> {
        millis.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn times_are_judged_by_their_middle_and_memory_by_its_worst() {
        let mut table = Table::default();
        table.judge(
            "quick",
            0.5,
            &Figure::seconds(times(&[900, 100, 400])),
            Judged::Median,
        );
        table.judge(
            "slow",
            0.5,
            &Figure::seconds(times(&[600, 100, 900])),
            Judged::Median,
        );
        table.judge(
            "large",
            2.0,
            &Figure::memory([1000, 4000, 1000]),
            Judged::Worst,
        );
        table.tell("peer", &Figure::milliseconds(times(&[7])));
        assert_eq!(
            table.markdown(),
            "| what  | goal     | median | worst  | verdict |\n\
             | ----- | -------- | ------ | ------ | ------- |\n\
             | quick | ≤ 0.50 s | 0.40 s | 0.90 s | ok      |\n\
             | slow  | ≤ 0.50 s | 0.60 s | 0.90 s | OVER    |\n\
             | large | ≤ 2.0 MB | 1.0 MB | 4.1 MB | OVER    |\n\
             | peer  |          | 7.0 ms | 7.0 ms |         |"
        );
        let over = [
            "slow: 0.60 s, the goal is 0.50 s",
            "large: 4.1 MB, the goal is 2.0 MB",
        ];
        assert_eq!(table.over(), over);
    }

    #[test]
    fn one_in_a_hundred_round_trips_does_not_count() {
        let mut samples = vec![Duration::from_micros(30); 990];
        samples.extend([Duration::from_millis(5); 10]);
        assert!((Figure::microseconds(samples).worst() - 30.0).abs() < 0.01);
    }
}

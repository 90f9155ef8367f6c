//! The figures of all rounds.

use std::collections::BTreeMap;

/// The figures of one kind of work in one round.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figure {
    pub(super) per_second: f64,
    /// The median of the durations, in milliseconds.
    pub(super) p50_ms: Option<f64>,
    /// The 99th percentile of the durations, in milliseconds.
    pub(super) p99_ms: Option<f64>,
    /// The processor time of the whole machine for one unit of work, in milliseconds.
    pub(super) cpu_ms: Option<f64>,
}

/// The figures of all rounds, by the system that was measured and the kind of work.
#[derive(Default)]
pub(super) struct Figures(BTreeMap<(String, String), Vec<Figure>>);

impl Figures {
    /// Adds the figures of one round.
    pub(super) fn add(&mut self, system: &str, work: &str, figure: Figure) {
        self.0.entry((system.to_owned(), work.to_owned())).or_default().push(figure);
    }

    /// Returns the medians over the rounds, or zeros if the work was not measured.
    pub(super) fn median(&self, system: &str, work: &str) -> Figure {
        self.0.get(&(system.to_owned(), work.to_owned())).map(|rounds| medians(rounds)).unwrap_or_default()
    }

    /// Returns the medians of everything that was measured, with the system and the work.
    pub(super) fn medians(&self) -> impl Iterator<Item = (&str, &str, Figure)> {
        self.0.iter().map(|((system, work), rounds)| (system.as_str(), work.as_str(), medians(rounds)))
    }
}

fn medians(rounds: &[Figure]) -> Figure {
    let optional = |value: fn(&Figure) -> Option<f64>| median(rounds.iter().filter_map(value).collect());
    Figure {
        per_second: median(rounds.iter().map(|figure| figure.per_second).collect()).unwrap_or_default(),
        p50_ms: optional(|figure| figure.p50_ms),
        p99_ms: optional(|figure| figure.p99_ms),
        cpu_ms: optional(|figure| figure.cpu_ms),
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_taken_over_the_rounds() {
        let mut figures = Figures::default();
        for per_second in [30.0, 10.0, 20.0] {
            figures.add("SQLite", "GetClaim", Figure { per_second, ..Figure::default() });
        }
        assert_eq!(figures.median("SQLite", "GetClaim"), Figure { per_second: 20.0, ..Figure::default() });
        assert_eq!(figures.median("SQLite", "CreateClaim"), Figure::default());
    }
}

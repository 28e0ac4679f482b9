//! Medians, and how they stand to the bars.

/// Values of one measure, in order of size.
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn of(values: impl Iterator<Item = f64>) -> Spread {
        let mut values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        Spread(values)
    }

    /// Returns the middle value, or the mean of the two in the middle; 0 of nothing.
    pub fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match (self.0.get(middle.wrapping_sub(1)), self.0.get(middle)) {
            (Some(low), Some(high)) if self.0.len().is_multiple_of(2) => f64::midpoint(*low, *high),
            (_, Some(value)) => *value,
            _ => 0.0,
        }
    }

    /// Returns the value below which this share of all lies, the largest at 1; 0 of nothing.
    pub fn at(&self, share: f64) -> f64 {
        let place = (self.0.len().saturating_sub(1) as f64 * share).ceil();
        self.0.get(place as usize).copied().unwrap_or(0.0)
    }

    fn ends(&self) -> (f64, f64) {
        (self.0.first().copied().unwrap_or(0.0), self.0.last().copied().unwrap_or(0.0))
    }
}

/// What a measure has to reach.
#[derive(Clone, Copy)]
pub enum Bar {
    AtMost {
        must: f64,
        aim: Option<f64>,
    },
    AtLeast {
        must: f64,
        aim: Option<f64>,
    },
    /// Nothing: the value helps to read the others.
    None,
}

impl Bar {
    fn verdict(self, value: f64) -> &'static str {
        let reached = |bar: f64| match self {
            Bar::AtMost { .. } => value <= bar,
            Bar::AtLeast { .. } => value >= bar,
            Bar::None => true,
        };
        let (Bar::AtMost { must, aim } | Bar::AtLeast { must, aim }) = self else { return "" };
        match (reached(must), aim) {
            (false, _) => "MISSED",
            (true, Some(aim)) if reached(aim) => "met, with the aim",
            (true, _) => "met",
        }
    }

    fn text(self) -> (String, String) {
        let (sign, must, aim) = match self {
            Bar::AtMost { must, aim } => ("<=", must, aim),
            Bar::AtLeast { must, aim } => (">=", must, aim),
            Bar::None => return ("-".into(), "-".into()),
        };
        (format!("{sign} {must}"), aim.map_or_else(|| "-".into(), |aim| format!("{sign} {aim}")))
    }
}

/// One measure with its bar.
pub struct Row {
    name: String,
    bar: Bar,
    values: Spread,
}

impl Row {
    pub fn new(name: &str, bar: Bar, values: Spread) -> Row {
        Row { name: name.to_owned(), bar, values }
    }

    pub fn is_measured(&self) -> bool {
        !self.values.0.is_empty()
    }

    pub fn is_met(&self) -> bool {
        self.bar.verdict(self.values.median()) != "MISSED"
    }
}

/// Prints the rows as a Markdown table.
pub fn print(rows: &[Row]) {
    println!("| measure | median | lowest – highest | must | aim | |\n| --- | ---: | --- | --- | --- | --- |");
    for row in rows {
        let ((low, high), (must, aim)) = (row.values.ends(), row.bar.text());
        let median = row.values.median();
        println!(
            "| {} | {median:.2} | {low:.2} – {high:.2} | {must} | {aim} | {} |",
            row.name,
            row.bar.verdict(median)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        let median = |values: &[f64]| Spread::of(values.iter().copied()).median();
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median(&[f64::NAN, 1.0]), 1.0);
        let hundred = Spread::of((0..100).map(f64::from));
        assert_eq!((hundred.at(0.99), hundred.at(1.0), hundred.at(0.0)), (99.0, 99.0, 0.0));
    }

    #[test]
    fn bars() {
        let bar = Bar::AtMost { must: 2.0, aim: Some(1.4) };
        assert_eq!([1.4, 2.0, 2.1].map(|v| bar.verdict(v)), ["met, with the aim", "met", "MISSED"]);
        let bar = Bar::AtLeast { must: 6.0, aim: Some(12.0) };
        assert_eq!([12.0, 6.0, 5.9].map(|v| bar.verdict(v)), ["met, with the aim", "met", "MISSED"]);
    }
}

//! Which number of a date is the day, decided over a whole chat, and what else only the whole chat can tell.

use super::attachment;
use crate::formats::stamp::{self, Stamp};
use crate::{Frame, Survey};
use glasshouse_model::{Claim, Links};
use jiff::civil::Date;
use std::sync::Arc;

/// The order of the numbers in a chat's dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    DayFirst,
    MonthFirst,
    /// With a year of two digits; one of four says by itself that it is the year.
    YearFirst,
    /// The chat fits more than one order.
    Open,
}

const ORDERS: [Order; 3] = [Order::DayFirst, Order::MonthFirst, Order::YearFirst];

/// Returns the day that a stamp means in an order.
pub(super) fn date(stamp: &Stamp, order: Order) -> Option<Date> {
    let [a, b, c] = stamp.numbers;
    let [a_digits, _, c_digits] = stamp.digits;
    let (year, year_digits, month, day) = match order {
        _ if a_digits == 4 => (a, 4, b, c),
        Order::DayFirst => (c, c_digits, b, a),
        Order::MonthFirst => (c, c_digits, a, b),
        Order::YearFirst => (a, a_digits, b, c),
        Order::Open => return None,
    };
    let year = match (year_digits, year) {
        (2, year) => 2000 + year,
        // The Buddhist calendar of Thai phones: WhatsApp is younger than any other calendar's 2550.
        (4, 2540..=2660) => year - 543,
        (4, 1990..=2200) => year,
        _ => return None,
    };
    // There was no WhatsApp before 2009; a phone's clock may be a little wrong, an order by decades.
    (year >= 2008).then_some(())?;
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// How well one order fits.
#[derive(Clone, Copy, Default)]
struct Fit {
    /// Days that do not exist in it.
    impossible: u64,
    /// Days that lie before the day of the message before.
    backwards: u64,
    last: Option<Date>,
    /// The date of the message before does not exist in it.
    missed: bool,
}

impl Fit {
    fn cost(&self) -> u64 {
        self.impossible + self.backwards
    }
}

/// Takes in the stamps of a chat.
#[derive(Default)]
struct Fits {
    fits: [Fit; 3],
    /// Days that exist with neither the day nor the month first: they tell nothing about these two.
    neither: u64,
    year_first_is_usual: bool,
    /// The numbers of the message before, and their digits: most messages follow one of the same day.
    before: ([u16; 3], [usize; 3]),
}

impl Fits {
    fn add(&mut self, stamp: &Stamp) {
        // Only languages that write dates with dashes or `18. 3. 1.` put a year of two digits first.
        self.year_first_is_usual = matches!(stamp.form.separator, '-' | '년' | '年');
        let written = (stamp.numbers, stamp.digits);
        let another = std::mem::replace(&mut self.before, written) != written;
        for (fit, order) in self.fits.iter_mut().zip(ORDERS) {
            if another {
                let day = date(stamp, order);
                fit.missed = day.is_none();
                fit.backwards += u64::from(day.is_some_and(|day| fit.last.is_some_and(|last| day < last)));
                fit.last = day.or(fit.last);
            }
            fit.impossible += u64::from(fit.missed);
        }
        let [day, month, _] = &self.fits;
        self.neither += u64::from(day.missed && month.missed);
    }

    /// Returns the only order that fits, or the one that fits at least ten times better than any other: a phone
    /// whose clock was set back, or a damaged line, must not leave the whole chat without times.
    fn decide(&self) -> Order {
        let [day, month, year] = self.fits.map(|fit| fit.cost());
        let clear = |cost: u64, other: u64| (cost == 0 && other > 0) || cost.saturating_mul(10) < other;
        let (best, next, order) =
            if day <= month { (day, month, Order::DayFirst) } else { (month, day, Order::MonthFirst) };
        match clear(best.saturating_sub(self.neither), next.saturating_sub(self.neither)) {
            _ if clear(year, best) => Order::YearFirst,
            true if !self.year_first_is_usual || clear(best, year) => order,
            _ => Order::Open,
        }
    }
}

/// What is known of a chat as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chat {
    pub order: Order,
    /// Files that messages name and that are not beside the chat, and the first of them.
    pub missing: u64,
    pub first_missing: String,
}

impl Chat {
    /// Reads what [`Look::finish`] wrote.
    pub(super) fn read(survey: &[u8]) -> Self {
        let text = String::from_utf8_lossy(survey);
        let mut lines = text.splitn(3, '\n');
        let order = match lines.next() {
            Some("day") => Order::DayFirst,
            Some("month") => Order::MonthFirst,
            Some("year") => Order::YearFirst,
            _ => Order::Open,
        };
        let missing = lines.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        Chat { order, missing, first_missing: lines.next().unwrap_or_default().to_owned() }
    }
}

/// The first look through a chat.
pub(super) struct Look {
    fits: Fits,
    links: Arc<Links>,
    missing: u64,
    first_missing: String,
}

impl Look {
    pub(super) fn new(claim: &Claim) -> Self {
        Look { fits: Fits::default(), links: claim.links.clone(), missing: 0, first_missing: String::new() }
    }
}

impl Survey for Look {
    fn frame(&mut self, frame: &Frame<'_>) {
        let Some(stamp) = stamp::scan(frame.bytes) else { return };
        self.fits.add(&stamp);
        let rest = frame.bytes.get(stamp.body..).unwrap_or_default();
        if !attachment::may_be(rest) {
            return;
        }
        let rest = String::from_utf8_lossy(rest);
        let (_, text) = super::chat::split(&rest);
        for name in attachment::names(text, &self.links).filter(|name| self.links.get(name).is_none()) {
            if self.missing == 0 {
                self.first_missing = name.chars().take(200).collect();
            }
            self.missing += 1;
        }
    }

    fn finish(self: Box<Self>) -> Vec<u8> {
        let order = match self.fits.decide() {
            Order::DayFirst => "day",
            Order::MonthFirst => "month",
            Order::YearFirst => "year",
            Order::Open => "open",
        };
        format!("{order}\n{}\n{}", self.missing, self.first_missing).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(dates: &[&str]) -> Order {
        let mut fits = Fits::default();
        for date in dates {
            let line = format!("{date}, 10:00 - A: x");
            fits.add(&stamp::scan(line.as_bytes()).expect("a stamp"));
        }
        fits.decide()
    }

    #[test]
    fn the_whole_chat_decides() {
        for (dates, order) in [
            (&["1/2/24", "13/2/24"][..], Order::DayFirst),
            (&["1/2/24", "2/13/24"], Order::MonthFirst),
            (&["30/4/24", "1/5/24", "2/5/24"], Order::DayFirst),
            // No number is above twelve: only the order of the messages tells.
            (&["1/2/24", "2/2/24", "1/3/24"], Order::DayFirst),
            (&["2/1/24", "2/2/24", "3/1/24"], Order::MonthFirst),
            (&["1/2/24", "1/2/24"], Order::Open),
            (&["1/2/24", "2/3/24"], Order::Open),
            (&["3/4/2024", "5/4/2024", "4/5/2024"], Order::DayFirst),
            (&["18-03-21", "18-03-22"], Order::Open),
            (&["18-03-31", "18-04-01"], Order::YearFirst),
            (&["18/3/31", "18/4/1", "18/12/31", "19/1/1"], Order::YearFirst),
            (&["16.01.21", "17.01.21"], Order::DayFirst),
            (&[], Order::Open),
        ] {
            assert_eq!(decide(dates), order, "{dates:?}");
        }
    }

    #[test]
    fn a_few_wrong_lines_do_not_undo_it() {
        let mut dates = vec!["13/1/24"; 30];
        dates.push("1/13/24");
        dates.push("12/1/24");
        assert_eq!(decide(&dates), Order::DayFirst);
        assert_eq!(decide(&["13/1/24", "1/13/24"]), Order::Open);
    }

    #[test]
    fn years_of_four_digits_need_no_order() {
        let stamp = |line: &str| stamp::scan(line.as_bytes()).expect("a stamp");
        let day = |line: &str| date(&stamp(line), Order::DayFirst).map(|d| d.to_string());
        assert_eq!(day("2024/02/29, 10:00 - A: x").as_deref(), Some("2024-02-29"));
        assert_eq!(day("29/2/2567, 10:00 - A: x").as_deref(), Some("2024-02-29"));
        assert_eq!(day("29/2/1445, 10:00 - A: x"), None);
        assert_eq!(day("29/2/2023, 10:00 - A: x"), None);
    }
}

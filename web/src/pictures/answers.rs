//! What everyone found: how many members' runs of an experiment support which of its answers.

use chalkwire_shared::room::{Armed, Found};

use super::class::Seen;
use super::shape::{Anchor, Paint, Pen, Picture, Role, Width, chars_in, cut, text_units};
use super::story::{Story, Table, count};
use crate::experiment::{Experiment, Settings};

/// An answer, and how many found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub text: String,
    /// How many found it and what is documented,
    pub holds: usize,
    /// and how many found it where something else is documented.
    pub other: usize,
}

/// What everyone found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// The answers in the experiment's order, and last, where it was found, none of them.
    pub answers: Vec<Answer>,
    /// What each one found: a name, and what its page told.
    pub found: Vec<(String, Found)>,
    /// How many are still at it.
    pub missing: usize,
}

/// Counts findings; `texts` are the experiment's answers, and `expected` how many were to find.
pub fn answers(texts: &[&str], found: Vec<(String, Found)>, expected: usize) -> Answers {
    let mut answers: Vec<Answer> = texts
        .iter()
        .map(|text| Answer {
            text: (*text).to_owned(),
            ..Answer::default()
        })
        .collect();
    let mut none = Answer {
        text: "None of these".to_owned(),
        ..Answer::default()
    };
    for (_, it) in &found {
        let at = it
            .answer
            .and_then(|answer| answers.get_mut(usize::from(answer)));
        let answer = at.unwrap_or(&mut none);
        if it.holds {
            answer.holds += 1;
        } else {
            answer.other += 1;
        }
    }
    if none.holds + none.other > 0 {
        answers.push(none);
    }
    Answers {
        missing: expected.saturating_sub(found.len()),
        answers,
        found,
    }
}

impl Answer {
    fn many(&self) -> usize {
        self.holds + self.other
    }
}

/// The experiment of a run.
pub fn experiment(armed: &Armed) -> Option<&'static Experiment> {
    let place = armed.plan.experiment.as_deref()?;
    Some(Settings::from_fragment(place)?.0)
}

impl Answers {
    /// What everyone found in a run of an experiment.
    pub fn of(seen: &Seen) -> Self {
        let Seen { senders, armed, .. } = seen;
        let texts: Vec<&str> = experiment(armed)
            .map(|it| it.answers.iter().map(|it| it.text).collect())
            .unwrap_or_default();
        let found = senders.iter().filter_map(|it| {
            let found = it.found.clone().filter(|it| it.run == armed.run)?;
            Some((it.name.clone(), found))
        });
        let expected = match armed.over {
            true => 0,
            false => senders.iter().filter(|it| it.expected).count(),
        };
        answers(&texts, found.collect(), expected)
    }

    /// What came out, in a sentence or two.
    pub fn summary(&self) -> String {
        let all = self.found.len();
        if all == 0 {
            return "Nobody’s run is done yet.".to_owned();
        }
        let holds = self.found.iter().filter(|it| it.1.holds).count();
        let mut out = count(all, "run");
        out += if holds == all {
            ": all came out as documented."
        } else {
            ": "
        };
        if holds < all {
            out += &holds.to_string();
            out += " came out as documented, ";
            out += &(all - holds).to_string();
            out += " otherwise.";
        }
        if self.missing > 0 {
            out += " ";
            out += &self.missing.to_string();
            out += " still to come.";
        }
        out
    }
}

/// The findings in words; the table has the measured sentences.
pub fn story(it: &Answers) -> Story {
    let mut story = Story {
        name: "Findings",
        summary: it.summary(),
        table: Table::new(&["Member", "Answer", "Measured", "As documented"]),
        ..Story::default()
    };
    for answer in &it.answers {
        let mut say = answer.text.clone();
        say += ": ";
        say += &count(answer.many(), "member");
        if answer.other > 0 {
            say += ", ";
            say += &answer.other.to_string();
            say += " against what is documented";
        }
        story.item(say);
    }
    for (name, found) in &it.found {
        let answer = found
            .answer
            .and_then(|at| it.answers.get(usize::from(at)))
            .map_or("none of these", |it| &it.text);
        story.table.push(vec![
            name.clone(),
            answer.to_owned(),
            found.measured.clone(),
            if found.holds { "yes" } else { "no" }.to_owned(),
        ]);
    }
    story.notes.push(
        "What each member’s own page measured and told; the gateway did not check it.".to_owned(),
    );
    story
}

/// Lays the bars out: an answer's words, and below them how many.
pub fn draw(it: &Answers, width: Width) -> Picture {
    let mut pen = Pen::new(width);
    let (from, to) = (8, pen.picture.width - 60);
    let most = it.answers.iter().map(Answer::many).max().unwrap_or(0);
    let most = most.max(1) as i32;
    let mut y = 4;
    for (number, answer) in it.answers.iter().enumerate() {
        pen.item(number);
        y += 14;
        let text = cut(&answer.text, chars_in(pen.picture.width - 16));
        pen.text((from, y, Anchor::Start), &text, Role::Text, Paint::Plain);
        y += 6;
        let x = |many: usize| from + (to - from) * many as i32 / most;
        let (holds, all) = (x(answer.holds), x(answer.many()));
        pen.rect((from, y, holds - from, 16), Role::Accent, Paint::Fill);
        pen.rect((holds, y, all - holds, 16), Role::Err, Paint::Tint);
        pen.line(&[(from, y), (from, y + 16)], Role::Soft, Paint::Thin);
        let many = answer.many().to_string();
        pen.text(
            (all + 8, y + 12, Anchor::Start),
            &many,
            Role::Text,
            Paint::Head,
        );
        y += 24;
    }
    pen.item = None;
    let mut x = from;
    y += 8;
    let other = it.answers.iter().any(|it| it.other > 0);
    let marks = [
        (true, Role::Accent, Paint::Fill, "as documented"),
        (other, Role::Err, Paint::Tint, "otherwise"),
    ];
    for (_, role, paint, text) in marks.into_iter().filter(|it| it.0) {
        pen.rect((x, y - 9, 14, 10), role, paint);
        pen.text((x + 20, y, Anchor::Start), text, Role::Soft, Paint::Small);
        x += 32 + text_units(text) * 9 / 10;
    }
    pen.finish(y + 8)
}

#[cfg(test)]
mod tests {
    use chalkwire_shared::room::RunId;

    use super::*;
    use crate::pictures::golden::golden;

    fn found(answer: Option<u8>, holds: bool) -> Found {
        Found {
            run: RunId(1),
            answer,
            measured: "1024 + 1024 + 952 bytes in 3 calls of recv".to_owned(),
            holds,
        }
    }

    #[test]
    fn everyone_sees_how_many_found_what() {
        let mut all: Vec<_> = (1..=17)
            .map(|no| (format!("member {no}"), found(Some(1), true)))
            .collect();
        all.push(("otter".to_owned(), found(Some(2), false)));
        all.push(("heron".to_owned(), found(None, false)));
        all.push(("lynx".to_owned(), found(Some(9), false)));
        let it = answers(
            &[
                "Three messages, as you sent them",
                "Three pieces, cut somewhere else",
                "One piece with everything",
            ],
            all,
            24,
        );
        assert_eq!(
            it.summary(),
            "20 runs: 17 came out as documented, 3 otherwise. 4 still to come."
        );
        assert_eq!(it.answers[3].other, 2, "none of them, and one there is not");
        golden("answers", &story(&it), |width| draw(&it, width));
    }

    #[test]
    fn before_anybody_is_done_there_is_a_sentence() {
        let it = answers(&["yes", "no"], Vec::new(), 3);
        assert_eq!(it.summary(), "Nobody’s run is done yet.");
        assert_eq!(story(&it).items[0], "yes: 0 members");
    }
}

//! Google Chat: groups with their messages, in the languages of those in them.

use crate::clock::write;
use crate::rng::Rng;
use crate::story::{HOLDER, PEOPLE, Person, Spread, place_at};
use crate::truth::{Tally, needle};
use std::io::{self, Write};

const FORMAT: &str = "google.chat";

/// A conversation.
pub(crate) struct Group {
    pub folder: &'static str,
    /// Rooms have a name, conversations of two have none.
    pub name: Option<&'static str>,
    /// Who is in it besides the holder.
    pub members: &'static [usize],
    /// Its share of a hundred messages.
    pub share: u64,
    /// The name of the file that the first message has with it.
    pub file: Option<&'static str>,
    lines: &'static [&'static str],
    /// A word, and what is said with it now and then.
    sign: (&'static str, &'static str),
}

/// The conversations.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        folder: "DM 7cKq1AAAAE",
        name: None,
        members: &[0],
        share: 30,
        file: None,
        lines: &[
            "Are you at {place} yet?",
            "I kept you a seat by the window.",
            "Train is late again 🚆",
            "Did you see the sky over {place}?",
            "Tomorrow at nine, then.\nBring the blue folder.",
            "👍",
        ],
        sign: (needle::HELIOTROPE, "The heliotrope needs water while you are away."),
    },
    Group {
        folder: "DM 9fRt2AAAAE",
        name: None,
        members: &[1],
        share: 20,
        file: Some("File-第三张图.pdf"),
        lines: &[
            "你到{place}了吗？",
            "新的地图已经画好了。",
            "星期四下午三点开会，可以吗？",
            "照片很美，谢谢！",
            "冰川的数据明天发给你。",
        ],
        sign: (needle::COMET, "昨晚我们在山上看到了彗星，非常亮。"),
    },
    Group {
        folder: "DM 3hWm5AAAAE",
        name: None,
        members: &[2],
        share: 15,
        file: None,
        lines: &[
            "هل وصلت إلى {place}؟",
            "الخريطة القديمة جميلة جدا.",
            "نلتقي غدا في الساعة العاشرة.",
            "شكرا على الصور.",
        ],
        sign: (needle::LANTERN, "اشتريت فانوس من السوق القديم."),
    },
    Group {
        folder: "Space AAAA4tL8x0Y",
        name: Some("Atlas"),
        members: &[1, 3, 5, 7],
        share: 25,
        file: Some("File-proof sheet.pdf"),
        lines: &[
            "Sheet {number} is with the printer.",
            "Лист {number} проверен, ошибок нет.",
            "Who has the names for {place}?",
            "校正刷りは明日届きます。",
            "The grey is too dark. Could we try 40 %?",
            "Завтра пришлю снимки из архива.",
        ],
        sign: (needle::POLARIS, "На листе севера нужна звезда Полярис, как на старой карте."),
    },
    Group {
        folder: "Space AAAAw1Zq7nE",
        name: Some("Sunday walks"),
        members: &[0, 4, 8],
        share: 10,
        file: None,
        lines: &[
            "{place} at eleven?",
            "Je suis en retard, désolée !",
            "Schönes Wetter, ich komme mit.",
            "Cake is on me 🍰",
        ],
        sign: (needle::MARZIPAN, "There was marzipan left over from last time."),
    },
];

/// Writes a group's `messages.json`.
pub(crate) fn messages(
    out: &mut impl Write,
    group: &Group,
    seed: u64,
    count: u64,
    spread: &Spread,
    tally: &mut Tally<'_>,
) -> io::Result<()> {
    let id = group.folder.split(' ').next_back().unwrap_or_default();
    let stream = 300 + id.bytes().map(u64::from).sum::<u64>();
    write!(out, "{{\n  \"messages\": [")?;
    for index in 0..count {
        let mut rng = Rng::of(seed, stream, index);
        let time = spread.awake(index, count) + rng.below(600) as i64;
        let turn = rng.below(group.members.len() as u64 + 1) as usize;
        let who = group.members.get(turn).map_or(&HOLDER, |member| &PEOPLE[*member]);
        let text = if index % 61 == 17 {
            group.sign.1.to_owned()
        } else {
            let line = *rng.pick(group.lines);
            line.replace("{place}", place_at(time).1.name).replace("{number}", &(1 + rng.below(48)).to_string())
        };
        let topic = format!("{:011x}", rng.below(1 << 44));
        write!(
            out,
            "{}{{\n      \"creator\": {},\n      \"created_date\": \"{}\",\n",
            if index == 0 { "" } else { ", " },
            person(who),
            date(time),
        )?;
        if rng.below(40) == 0 {
            writeln!(out, "      \"updated_date\": \"{}\",", date(time + 60))?;
        }
        writeln!(out, "      \"text\": {},", serde_json::to_string(&text)?)?;
        if let (0, Some(file)) = (index, group.file) {
            let original = file.trim_start_matches("File-");
            write!(
                out,
                "      \"attached_files\": [{{\n        \"original_name\": \"{original}\",\n        \"export_name\": \"{file}\"\n      }}],\n"
            )?;
        }
        if rng.below(30) == 0 {
            write!(
                out,
                "      \"annotations\": [{{\n        \"start_index\": 0,\n        \"length\": 0,\n        \"url_metadata\": {{\n          \"title\": \"Weather\",\n          \"url\": {{\n            \"private_do_not_access_or_else_safe_url_wrapped_value\": \"https://www.example.com/weather\"\n          }}\n        }}\n      }}],\n"
            )?;
        }
        write!(out, "      \"topic_id\": \"{topic}\",\n      \"message_id\": \"{id}/{topic}/{topic}\"\n    }}")?;
        tally.record(FORMAT, &text);
    }
    write!(out, "]\n}}\n")
}

/// Returns a group's `group_info.json`.
pub(crate) fn group_info(group: &Group) -> String {
    let members = group.members.iter().map(|member| &PEOPLE[*member]).chain([&HOLDER]);
    let members: Vec<String> = members.map(person).collect();
    let name = group.name.map(|name| format!("\n  \"name\": \"{name}\",")).unwrap_or_default();
    format!("{{{name}\n  \"members\": [{}]\n}}\n", members.join(", "))
}

/// Returns the holder's `user_info.json`.
pub(crate) fn user_info(tally: &mut Tally<'_>) -> String {
    let groups: Vec<String> = GROUPS
        .iter()
        .map(|group| {
            let name = group.name.unwrap_or("Direct message");
            format!(
                "{{\n    \"group_name\": \"{name}\",\n    \"group_id\": \"{}\",\n    \"membership_state\": \"MEMBER_JOINED\"\n  }}",
                group.folder
            )
        })
        .collect();
    tally.records(FORMAT, 1);
    format!("{{\n  \"user\": {},\n  \"membership_info\": [{}]\n}}\n", person(&HOLDER), groups.join(", "))
}

fn person(person: &Person) -> String {
    format!(
        "{{\n        \"name\": \"{}\",\n        \"email\": \"{}\",\n        \"user_type\": \"Human\"\n      }}",
        person.name, person.email
    )
}

fn date(time: i64) -> String {
    write(time, 0, "%A, %B %-d, %Y at %-I:%M:%S\u{202f}%p UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_have_their_words() {
        assert!(GROUPS.iter().all(|group| group.sign.1.contains(group.sign.0)));
        assert!(GROUPS.iter().all(|group| group.lines.iter().all(|line| !line.contains(group.sign.0))));
        assert_eq!(GROUPS.iter().map(|group| group.share).sum::<u64>(), 100);
    }
}

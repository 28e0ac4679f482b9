#![doc = include_str!("README.md")]

mod account;
mod activity;
mod messages;
mod servers;

use crate::{Opened, Provider, Sink, Tree, TreeEntry};
use glasshouse_model::{Claim, EntryId, Family, Format, Framing, Manifest, Tier};

/// Discord.
pub struct Discord;

static MANIFEST: Manifest = Manifest {
    id: "discord",
    title: "Discord data package",
    formats: &[
        format(messages::FORMAT, "Messages that the owner wrote", &[Family::Message]),
        format(
            account::FORMAT,
            "Account, friends, connections, sessions, payments, notes",
            &[Family::Account, Family::Contact, Family::Login, Family::Payment, Family::Note],
        ),
        format(activity::FORMAT, "Events of analytics, modeling, reporting and safety", &[Family::Activity]),
        Format {
            id: servers::FORMAT,
            title: "Servers that the account is in",
            families: &[Family::Setting],
            tier: Tier::Unverified,
            version: 1,
        },
    ],
    general: false,
    not_covered: &[
        "What lies in the folder of each server, activities, programs and support tickets.",
        "Files: the package holds addresses on Discord's servers, which expire, and nothing is fetched.",
        "What is returned under legal process.",
    ],
    references: &[
        "https://github.com/Androz2091/discord-data-package-explorer",
        "https://github.com/Tyrrrz/DiscordChatExporter/issues/1459",
        "https://support.discord.com/hc/en-us/articles/360004957991-Your-Discord-Data-Package",
    ],
};

const fn format(id: &'static str, title: &'static str, families: &'static [Family]) -> Format {
    Format { id, title, families, tier: Tier::Documented, version: 1 }
}

impl Provider for Discord {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let mut claims = Vec::new();
        let (mut users, mut channels): (Vec<&TreeEntry>, Vec<(&TreeEntry, Framing)>) = (Vec::new(), Vec::new());
        for entry in tree.entries().iter().filter(|e| e.size > 0) {
            let name = entry.name();
            let head = || tree.head(entry.id);
            match name {
                "messages.json" if messages::is_json(&head()) && beside(tree, entry, "channel.json").is_some() => {
                    channels.push((entry, messages::JSON));
                }
                "messages.csv" if messages::is_table(&head()) => {
                    channels.push((entry, messages::TABLE));
                }
                "user.json" if account::is_ours(&head()) => {
                    users.push(entry);
                    claims.push(Claim::of(account::FORMAT, entry.id, Framing::Whole));
                }
                "index.json" if servers::is_ours(entry, &head()) => {
                    claims.push(Claim::of(servers::FORMAT, entry.id, servers::FRAMING));
                }
                _ if name.starts_with("events-") && entry.extension() == "json" && activity::is_ours(&head()) => {
                    claims.push(Claim::of(activity::FORMAT, entry.id, activity::FRAMING));
                }
                _ => {}
            }
        }
        for (entry, framing) in &channels {
            let mut claim = Claim::of(messages::FORMAT, entry.id, *framing);
            claim.companions = companions(tree, entry, &users, channels.len() as u64);
            claim.shared_companions = true;
            claims.push(claim);
        }
        claims
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        match opened.claim.format {
            messages::FORMAT => messages::parse(opened, out),
            account::FORMAT => account::parse(opened, out),
            servers::FORMAT => servers::parse(opened, out),
            _ => activity::parse(opened, out),
        }
    }
}

/// Returns what a channel's messages are read with: the channel, the list of all channels, and the account.
///
/// The latter two are read again for each channel; where that came to gigabytes they are left out.
fn companions(tree: &Tree<'_>, entry: &TreeEntry, users: &[&TreeEntry], channels: u64) -> Vec<EntryId> {
    const MOST_BYTES: u64 = 2 << 30;
    let index = entry.dir().rsplit_once('/').map(|(up, _)| format!("{up}/index.json"));
    let index = index.and_then(|path| tree.at(&path).iter().find(|e| e.part == entry.part));
    // `Messages/c1/messages.json` and `Account/user.json` lie below one folder.
    let up = |dir: &str| dir.rsplit_once('/').map_or(String::new(), |(up, _)| up.to_owned());
    let of_package = up(&up(entry.dir()));
    let user = users.iter().copied().find(|user| user.part == entry.part && up(user.dir()) == of_package);
    let shared = [index, user].into_iter().flatten().filter(|e| e.size.saturating_mul(channels) <= MOST_BYTES);
    beside(tree, entry, "channel.json").into_iter().chain(shared).map(|e| e.id).collect()
}

fn beside<'a>(tree: &Tree<'a>, entry: &TreeEntry, name: &str) -> Option<&'a TreeEntry<'a>> {
    let path = if entry.dir().is_empty() { name.to_owned() } else { format!("{}/{name}", entry.dir()) };
    tree.at(&path).iter().find(|e| e.part == entry.part)
}

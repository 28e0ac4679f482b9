use super::Props;
use glasshouse_model::{Identifier, IdentifierKind, Party, PartyRole};

/// Returns the party that a name, an address and the address's type make; none without a name and an address.
pub(super) fn party(
    role: PartyRole,
    name: Option<String>,
    smtp: Option<String>,
    kind: Option<String>,
    address: Option<String>,
) -> Option<Party> {
    let mut identifiers: Vec<Identifier> = Vec::new();
    let is_mail = |address: &str| address.contains('@') && !address.starts_with('/');
    let mut add = |value: String| {
        let kind = match kind.as_deref() {
            _ if is_mail(&value) => IdentifierKind::Email,
            Some(kind) if kind.eq_ignore_ascii_case("fax") || kind.eq_ignore_ascii_case("mobile") => {
                IdentifierKind::Phone
            }
            // An address of Exchange (`/o=…/cn=…`) and of systems that are gone.
            _ => IdentifierKind::Account,
        };
        if !identifiers.iter().any(|i| i.value.eq_ignore_ascii_case(&value)) {
            identifiers.push(Identifier { kind, value });
        }
    };
    smtp.into_iter().chain(address).for_each(&mut add);
    // A name that is no more than the address says nothing.
    let name = name.map(|n| n.trim().trim_matches('\'').to_owned()).filter(|n| !n.is_empty());
    let name = name.filter(|n| !identifiers.iter().any(|i| i.value.eq_ignore_ascii_case(n)));
    (name.is_some() || !identifiers.is_empty()).then_some(Party { role, name, identifiers })
}

/// Returns the party of a row of recipients.
pub(super) fn recipient(props: &mut Props, event: bool) -> Option<Party> {
    let role = match (props.peek_int(0x0C15).unwrap_or(1) & 0xf, event) {
        (0, _) => PartyRole::Sender,
        (1 | 2, true) => PartyRole::Attendee,
        (1, false) => PartyRole::To,
        (2, false) => PartyRole::Cc,
        (3, false) => PartyRole::Bcc,
        _ => PartyRole::Participant,
    };
    let name = [0x3001, 0x5FF6, 0x3A20].into_iter().find_map(|id| props.text(id));
    let (smtp, kind, address) = (props.text(0x39FE), props.text(0x3002), props.text(0x3003));
    party(role, name, smtp, kind, address)
}

/// Adds parties that are not there yet: one of the same role with the same address, or the same name and no address.
pub(super) fn add(parties: &mut Vec<Party>, new: impl IntoIterator<Item = Party>) {
    for party in new {
        let known = parties.iter().any(|known| known.role == party.role && same(known, &party));
        if !known {
            parties.push(party);
        }
    }
}

fn same(a: &Party, b: &Party) -> bool {
    let shared = a.identifiers.iter().any(|i| b.identifiers.iter().any(|j| i.value.eq_ignore_ascii_case(&j.value)));
    let named = match (&a.name, &b.name) {
        (Some(a), Some(b)) => a.to_lowercase() == b.to_lowercase(),
        _ => false,
    };
    let no_mail = |party: &Party| party.identifiers.iter().all(|i| i.kind != IdentifierKind::Email);
    shared || (named && (no_mail(a) || no_mail(b)))
}

/// Returns the member that an entry of a distribution list holds itself ([MS-OXCDATA] 2.2.5.1).
pub(super) fn one_off(entry: &[u8]) -> Option<Party> {
    const PROVIDER: [u8; 16] = [0x81, 0x2b, 0x1f, 0xa4, 0xbe, 0xa3, 0x10, 0x19, 0x9d, 0x6e, 0, 0xdd, 1, 0x0f, 0x54, 2];
    if entry.get(4..20)? != PROVIDER {
        return None;
    }
    let texts = entry.get(24..)?;
    let mut parts: Vec<String> = if entry.get(23)? & 0x80 != 0 {
        let units: Vec<u16> = texts.as_chunks::<2>().0.iter().map(|u| u16::from_le_bytes(*u)).collect();
        units.split(|u| *u == 0).take(3).map(String::from_utf16_lossy).collect()
    } else {
        texts.split(|b| *b == 0).take(3).map(|t| crate::formats::mail::decode_charset(t, None).0.into_owned()).collect()
    };
    parts.resize(3, String::new());
    let mut parts = parts.into_iter().map(|part| Some(part).filter(|p| !p.is_empty()));
    let (name, kind, address) = (parts.next()?, parts.next()?, parts.next()?);
    party(PartyRole::Participant, name, None, kind, address)
}

//! Every field of an authority: what it holds, which kinds need it, and the rule that asks for it.
//!
//! One table drives reading, checking, asking for it in a terminal, and the tests.

use super::Kind;
use super::Kind::{
    CivilDisclosure, Consent, CourtOrder, DeathOrMissing, DefenceDisclosure, EmployerPolicy, OverseasOrder,
    ProductionOrder, ProviderDisclosure, StatutoryNotice, Warrant,
};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A name of small letters, digits, `-`, `_` and `.`.
    Name,
    /// A sentence or more.
    Text,
    /// A list of texts; `true` if it may be empty.
    Texts(bool),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of these words, possibly empty.
    Choices(&'static [&'static str]),
    /// A list of families of records, or `"*"`.
    Families,
    /// A whole number from 1 on.
    Count,
    Bool,
    /// A declaration: only `true` will do.
    Declared,
    /// A date, or a time with its offset.
    Time,
    /// The name of a time zone.
    Zone,
    /// A verifier key, `name+hash+base64`.
    Key,
    /// Tables with `name` and `sha256`.
    Documents,
    /// Tables with `kind`, `parties`, `terms` and `reason`.
    Exclusions,
}

/// Who needs a field.
#[derive(Clone, Copy, Debug)]
pub enum Needed {
    /// Every kind, `self` as well.
    Always,
    /// Every kind but `self`.
    Institution,
    /// These kinds.
    By(&'static [Kind]),
    /// Every kind but `self` and these.
    ButNot(&'static [Kind]),
    /// Every kind but `self`, where another field has this value; `+` stands for any that is not empty.
    Where(&'static str, &'static str),
    /// Every kind but `self`, unless another field is there.
    Unless(&'static str),
    Never,
}

/// One field of an authority.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Where it stands: tables and key with dots between.
    pub path: &'static str,
    pub form: Form,
    pub needed: Needed,
    /// The rule that asks for it.
    pub rule: &'static str,
    /// What to write.
    pub about: &'static str,
}

macro_rules! fields {
    ($($path:literal: $form:expr, $needed:expr, $rule:literal, $about:literal;)*) => {
        /// Every field, in the order in which they are asked for.
        pub const FIELDS: &[Field] =
            &[$(Field { path: $path, form: $form, needed: $needed, rule: $rule, about: $about }),*];
    };
}

pub const PURPOSES: &[&str] = &[
    "crime",
    "missing_person",
    "protection",
    "death_investigation",
    "internal_investigation",
    "civil_proceedings",
    "defence",
];
pub const CATEGORIES: &[&str] = &["suspect", "convicted", "victim", "witness", "other"];
pub const SENSITIVE: &[&str] =
    &["race", "politics", "religion", "trade_union", "genetic", "biometric", "health", "sex_life"];
/// PCSC Act 2022 s.43, and the counselling material of s.44A and on.
pub const CONFIDENTIAL: &[&str] = &["privilege", "journalism", "medical", "personal_records", "counselling"];
/// Pictures compared with each other; of all analytics the one that this version has.
pub const SIMILAR_PICTURES: &str = "similar_pictures";
/// Analytics that are off unless an authority names them.
pub const ANALYTICS: &[&str] = &[SIMILAR_PICTURES, "people", "places", "face_grouping", "expression", "sentiment"];
pub const ROLES: &[&str] = &["sent", "received", "created", "modified", "taken", "start", "end", "observed"];
const TIMELESS: &[&str] = &["in", "held_back"];
const ORDERS: &[Kind] = &[Warrant, CourtOrder, ProductionOrder, OverseasOrder];

/// The rule for what an authority leaves to each family by name (`scope.timeless.<family>`).
pub const TIMELESS_FORM: Form = Form::Choice(TIMELESS);

fields! {
    "id": Form::Name, Needed::Always,
        "DPA 2018 s.61 (a record of each processing)",
        "A short name of your own, for example `op-larch-1`. Small letters, digits and `-`.";
    "version": Form::Count, Needed::Always,
        "DPA 2018 s.62 (what was in force when can be shown)",
        "1 for the first; each amendment is the next number.";
    "kind": Form::Choice(Kind::NAMES), Needed::Always,
        "DPA 2018 s.35(2) (based on law, and on consent or a task)",
        "What sort of legal basis this is.";
    "statement": Form::Text, Needed::Always,
        "DPA 2018 s.34(3) (compliance must be demonstrated)",
        "What is authorised, in one or two sentences, as the document says it.";
    "given": Form::Time, Needed::Always,
        "DPA 2018 s.62(2) (date and time)",
        "When it was issued or given.";
    "urn": Form::Text, Needed::Never,
        "",
        "The reference of the investigation.";
    "purpose": Form::Choice(PURPOSES), Needed::Institution,
        "DPA 2018 s.36 (specified, explicit purpose); PCSC Act 2022 s.37(2) as its form",
        "What it is for.";
    "lines_of_enquiry": Form::Texts(false), Needed::Institution,
        "PCSC Act 2022 s.37(5)(a) as its form (reasonable line of enquiry); LED 2016/680 Art 25 (justification)",
        "Each line of enquiry that this serves; searches are made under one of them.";
    "relevance": Form::Text, Needed::Institution,
        "PCSC Act 2022 s.37(5)(a)-(b) as its form (reasonable belief of relevance); DPA 2018 s.37",
        "Why the data are believed to be relevant to these lines.";
    "necessity": Form::Text, Needed::Institution,
        "DPA 2018 s.35(2); PCSC Act 2022 s.37(5)(c) as its form (necessary)",
        "Why this is necessary.";
    "proportionality": Form::Text, Needed::Institution,
        "PCSC Act 2022 s.37(5)(c) as its form (and proportionate)",
        "Why it is proportionate, for these people and limits.";
    "alternatives": Form::Texts(false), Needed::Institution,
        "PCSC Act 2022 s.37(6)-(7) as its form; IPA 2016 s.2(2) (less intrusive means)",
        "What else was tried or considered, and why it does not do.";
    "basis.issuer": Form::Text, Needed::Institution,
        "A1 legal-basis record (order: issuer); 18 USC 2703",
        "Who issued it: the court, authority, provider, employer or person.";
    "basis.reference": Form::Text, Needed::ButNot(&[Consent]),
        "A1 legal-basis record (order: number); Regulation (EU) 2023/1543, form section A (file numbers)",
        "The number on the document.";
    "basis.statute": Form::Text, Needed::ButNot(&[Consent, EmployerPolicy]),
        "DPA 2018 s.35(2) (based on law); A1 legal-basis record (power)",
        "The statute or rules that give the power.";
    "basis.section": Form::Text, Needed::ButNot(&[Consent, EmployerPolicy]),
        "A1 legal-basis record (power: section)",
        "The section of it.";
    "basis.code": Form::Text, Needed::Never,
        "PCSC Act 2022 s.42(9)-(10)",
        "The code of practice that was followed, with its version.";
    "basis.served": Form::Time, Needed::By(&[ProductionOrder, OverseasOrder, StatutoryNotice]),
        "A1 legal-basis record (order: served); 18 USC 2703",
        "When it was served on the provider.";
    "basis.returned": Form::Time, Needed::Never,
        "",
        "When the provider answered.";
    "basis.nondisclosure_until": Form::Time, Needed::Never,
        "18 USC 2705(b)",
        "Until when the subject may not be told.";
    "basis.agreement": Form::Text, Needed::By(&[OverseasOrder]),
        "Crime (Overseas Production Orders) Act 2019; Regulation (EU) 2023/1543",
        "The international agreement or instrument that lets it have effect abroad.";
    "basis.data_class": Form::Choice(&["subscriber", "identification", "traffic", "content"]), Needed::By(&[OverseasOrder]),
        "Regulation (EU) 2023/1543 (classes of data)",
        "The highest class of data that it orders.";
    "basis.provider": Form::Text, Needed::By(&[ProductionOrder, OverseasOrder, StatutoryNotice, ProviderDisclosure]),
        "A1 legal-basis record (provider); A5 acquisition manifest",
        "The provider that holds the data.";
    "basis.circumstances": Form::Choice(&["emergency", "report", "own_motion"]), Needed::By(&[ProviderDisclosure]),
        "IPA 2016 ss.3-6 (lawful authority for stored communications); A5 (provider statements)",
        "Why the provider disclosed without an order.";
    "basis.person": Form::Choice(&["dead", "missing", "at_risk"]), Needed::By(&[DeathOrMissing]),
        "PCSC Act 2022 ss.40-41 as its form (a basis of its own)",
        "What has become of the account holder.";
    "basis.requested_by": Form::Text, Needed::By(&[DeathOrMissing]),
        "PCSC Act 2022 ss.40-41 as its form; IPA 2016 s.6(1)(c)",
        "Who may ask for it, and as what: coroner, next of kin, officer with the order.";
    "basis.policy": Form::Text, Needed::By(&[EmployerPolicy]),
        "UK GDPR Arts 5(1)(a) and 6(1) (lawful, fair, transparent)",
        "Name and version of the policy.";
    "basis.lawful_basis": Form::Text, Needed::By(&[EmployerPolicy]),
        "UK GDPR Art 6(1)",
        "The lawful basis, and where the balance of interests is written down.";
    "basis.staff_told": Form::Text, Needed::By(&[EmployerPolicy]),
        "UK GDPR Art 13 (information of the data subject)",
        "When and how staff were told of the policy.";
    "basis.proceedings": Form::Text, Needed::By(&[CivilDisclosure, DefenceDisclosure]),
        "CPIA 1996 s.3; CPR Part 31",
        "The proceedings, with their number and parties.";
    "basis.undertaking": Form::Text, Needed::By(&[CivilDisclosure, DefenceDisclosure]),
        "CPIA 1996 s.17; CPR 31.22 (use for these proceedings only)",
        "The undertaking or rule that keeps the material to these proceedings.";
    "basis.instructed_by": Form::Text, Needed::By(&[DefenceDisclosure]),
        "CPIA 1996 s.3",
        "For whom the defence acts.";
    "documents": Form::Documents, Needed::Institution,
        "A1 legal-basis record (order: copy hash)",
        "Each document of the authority, with its SHA-256.";
    "subject.name": Form::Text, Needed::Institution,
        "DPA 2018 s.38(3); A1 legal-basis record",
        "Whose account it is.";
    "subject.category": Form::Choice(CATEGORIES), Needed::Institution,
        "DPA 2018 s.38(3) (suspect, convicted, victim, witness or other)",
        "What this person is in the matter.";
    "subject.identifiers": Form::Texts(true), Needed::Never,
        "",
        "Addresses and numbers of the subject, to tell third parties apart.";
    "scope.services": Form::Texts(false), Needed::Institution,
        "DPA 2018 s.37 (adequate, relevant, not excessive)",
        "The services it covers, by the names that `glasshouse providers` prints.";
    "scope.accounts": Form::Texts(false), Needed::Institution,
        "18 USC 2703 (the account is named); DPA 2018 s.37",
        "The accounts it covers: addresses, numbers or account names.";
    "scope.families": Form::Families, Needed::Institution,
        "DPA 2018 s.37; A1 legal-basis record (data categories)",
        "The families of records it covers; [\"*\"] only where the document says all.";
    "scope.window.from": Form::Time, Needed::Unless("scope.window.unlimited"),
        "18 USC 2703 (date range); DPA 2018 s.37",
        "The first day, or the first instant, that it covers. Days count in UTC unless scope.window.zone names a zone.";
    "scope.window.until": Form::Time, Needed::Unless("scope.window.unlimited"),
        "18 USC 2703 (date range); DPA 2018 s.37",
        "The last day that it covers, or the instant before which it ends.";
    "scope.window.moments": Form::Choices(ROLES), Needed::Unless("scope.window.unlimited"),
        "DPA 2018 s.37; PI report 3281 (date filters depend on which clock)",
        "Which times of a record the window tests, one at least: sent, received, created …";
    "scope.window.zone": Form::Zone, Needed::Never,
        "",
        "The time zone that the days of the window count in; UTC if left out.";
    "scope.window.unlimited": Form::Text, Needed::Never,
        "",
        "Why there is no window, if the document sets none.";
    "scope.timeless.other": TIMELESS_FORM, Needed::Unless("scope.window.unlimited"),
        "DPA 2018 s.37; A1 legal-basis record (date range)",
        "Whether records without a time come in; a family can be named by itself (scope.timeless.account = \"in\").";
    "exclude": Form::Exclusions, Needed::Where("risk.confidential", "true"),
        "PCSC Act 2022 ss.37(8)-(10), 43 as their form; PACE 1984 s.10",
        "Whose conversations, and which terms, are put aside for the privilege reviewer.";
    "combination.cases": Form::Texts(true), Needed::Never,
        "DPA 2018 s.62(1) (combination is an act of its own in the log); DPA 2018 s.36 (no purpose beyond the one it was collected for)",
        "Ids of other cases that this one may be combined with, as `glasshouse case show` prints them; each of them names this one, too.";
    "combination.reason": Form::Text, Needed::Where("combination.cases", "+"),
        "DPA 2018 s.36 and s.37 (compatible, necessary and not excessive); LED 2016/680 Art 25 (justification)",
        "Why these cases may be looked at together, and what becomes of the combined case when an authority of one of them ends.";
    "risk.excess": Form::Bool, Needed::Institution,
        "PCSC Act 2022 s.37(6) as its form",
        "Whether more than is sought will be obtained.";
    "risk.confidential": Form::Bool, Needed::Institution,
        "PCSC Act 2022 s.37(8) as its form",
        "Whether confidential information may be among it.";
    "risk.confidential_kinds": Form::Choices(CONFIDENTIAL), Needed::Where("risk.confidential", "true"),
        "PCSC Act 2022 s.43; IPA 2016 s.264; PACE 1984 ss.10, 11, 14",
        "Which confidential information.";
    "risk.likely_amount": Form::Text, Needed::Where("risk.confidential", "true"),
        "PCSC Act 2022 s.37(9) as its form (regard to the likely amount)",
        "How much of it is likely.";
    "risk.confidential_relevance": Form::Text, Needed::Where("risk.confidential", "true"),
        "PCSC Act 2022 s.37(9) as its form (regard to its potential relevance)",
        "How it may be relevant.";
    "risk.third_parties": Form::Text, Needed::Institution,
        "A1 legal-basis record (collateral-person estimate); PI-9",
        "How many other people are likely to be in it.";
    "sensitive.categories": Form::Choices(SENSITIVE), Needed::Institution,
        "DPA 2018 s.35(8)",
        "Sensitive categories that are sought or likely; [] if none.";
    "sensitive.strictly_necessary": Form::Text, Needed::Where("sensitive.categories", "+"),
        "DPA 2018 s.35(5)(a) (strictly necessary)",
        "Why the sensitive data are strictly necessary.";
    "sensitive.schedule8": Form::Text, Needed::Where("sensitive.categories", "+"),
        "DPA 2018 s.35(5)(b) and Sch 8",
        "The condition of Schedule 8 that is met.";
    "sensitive.policy_document": Form::Text, Needed::Where("sensitive.categories", "+"),
        "DPA 2018 s.42 (appropriate policy document)",
        "The appropriate policy document.";
    "analytics.permitted": Form::Choices(ANALYTICS), Needed::Institution,
        "Regulation (EU) 2024/1689 Annex III; DPA 2018 ss.50A-50D",
        "Analytics that are permitted, one by one; [] for none. similar_pictures finds pictures that look alike; the others are in no version yet.";
    "dpia": Form::Text, Needed::Institution,
        "DPA 2018 s.64 (assessment before high-risk processing)",
        "The data-protection impact assessment that covers this.";
    "notice.plan": Form::Text, Needed::Institution,
        "DPA 2018 s.44; PI-3 (whether the subject is told)",
        "When the subject is told, or why not yet and who decided that.";
    "validity.from": Form::Time, Needed::Institution,
        "A1 legal-basis record (order: issued); IPA 2016 s.6",
        "From when data may be taken and read.";
    "validity.until": Form::Time, Needed::Institution,
        "A1 legal-basis record (order: expires); IPA 2016 s.6",
        "Until when data may be taken and read.";
    "retention.review": Form::Time, Needed::Institution,
        "DPA 2018 s.39(2) (periodic review)",
        "When it is next decided whether the data are still needed.";
    "retention.until": Form::Time, Needed::Institution,
        "DPA 2018 s.39(1) (no longer than necessary)",
        "When the data go, unless somebody decides otherwise.";
    "retention.basis": Form::Text, Needed::Institution,
        "DPA 2018 s.39; MoPI or the organisation's schedule",
        "The rule that sets these dates.";
    "people.applicant": Form::Name, Needed::Institution,
        "A1 legal-basis record (applicant)",
        "Who applies for it, by their name in Glasshouse.";
    "people.applicant_rank": Form::Text, Needed::Institution,
        "A1 legal-basis record (rank); PCSC Act 2022 s.44 and Sch 3 as their form",
        "Rank or office of the applicant.";
    "people.authoriser": Form::Name, Needed::Institution,
        "A1 legal-basis record (separate authoriser); College of Policing APP (sanction)",
        "Who authorises it: somebody else.";
    "people.authoriser_rank": Form::Text, Needed::Institution,
        "College of Policing APP (sanction at inspector rank)",
        "Rank or office of the authoriser.";
    "people.authoriser_key": Form::Key, Needed::Institution,
        "A1 legal-basis record (separate authoriser); DPA 2018 s.66(2)",
        "The authoriser's public key, as `glasshouse person list` prints it.";
    "agreement.notice.information": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(3)(a) (the information sought)",
        "Notice, block 1: what is sought.";
    "agreement.notice.reason": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(3)(b) (the reason)",
        "Notice, block 2: why.";
    "agreement.notice.handling": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(3)(c) (how it will be dealt with)",
        "Notice, block 3: how it will be dealt with.";
    "agreement.notice.may_refuse": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(3)(d) (may refuse)",
        "Notice, block 4: that the person may refuse.";
    "agreement.notice.refusal": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(3)(e) (the enquiry is not ended merely by refusal)",
        "Notice, block 5: that the enquiry does not end merely because they refuse.";
    "agreement.notice.version": Form::Text, Needed::By(&[Consent]),
        "A2 agreement record (notice version, language)",
        "Which notice was given, in which language.";
    "agreement.no_pressure": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(2) (no undue pressure)",
        "The officer's declaration that no undue pressure was put on the person.";
    "agreement.capacity": Form::Choice(&["adult", "child", "adult_without_capacity"]), Needed::By(&[Consent]),
        "PCSC Act 2022 s.38",
        "Whether the account holder can agree.";
    "agreement.agreed_by": Form::Text, Needed::By(&[Consent]),
        "PCSC Act 2022 ss.38, 39(4)",
        "Who agreed.";
    "agreement.agreed_by_role": Form::Choice(&["holder", "parent", "guardian", "authority", "responsible_person"]), Needed::By(&[Consent]),
        "PCSC Act 2022 s.38 (who may agree)",
        "As what they agreed.";
    "agreement.child_views": Form::Text, Needed::Where("agreement.capacity", "child"),
        "PCSC Act 2022 s.38 (the child's views are ascertained)",
        "What the child thinks of it.";
    "agreement.parent_informed": Form::Text, Needed::Where("agreement.agreed_by_role", "responsible_person"),
        "PCSC Act 2022 s.38 (where a responsible person agreed, a parent or guardian is informed)",
        "When a parent or guardian was informed, or why there was none to inform.";
    "agreement.supported_by": Form::Text, Needed::Never,
        "A2 agreement record (interpreter, supporter)",
        "Who interpreted for the person, or supported them.";
    "agreement.provides": Form::Declared, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(4)(a) (voluntarily provides)",
        "That the person provides it of their own will.";
    "agreement.agrees": Form::Declared, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(4)(b) (agrees to the extraction)",
        "That the person agrees to it being read.";
    "agreement.mode": Form::Choice(&["written", "oral"]), Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(5)-(6)",
        "How it was confirmed.";
    "agreement.oral_reason": Form::Text, Needed::Where("agreement.mode", "oral"),
        "PCSC Act 2022 s.39(6) (oral only for impairment or literacy)",
        "Why it was not in writing, and where it was then written down.";
    "agreement.signed": Form::Time, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(4)",
        "When it was confirmed.";
    "agreement.copy_given": Form::Time, Needed::By(&[Consent]),
        "PCSC Act 2022 s.39(7) (copy given)",
        "When the person got a copy.";
    "agreement.withdrawal.how": Form::Text, Needed::By(&[Consent]),
        "A2 agreement record (withdrawal); PI-8",
        "How the person withdraws.";
    "agreement.withdrawal.effect": Form::Text, Needed::By(&[Consent]),
        "A2 agreement record (withdrawal and its effect); DPA 2018 s.47(2)",
        "What happens then: nothing more is read, and what was read is restricted; in cases that it was combined into as well.";
    "court.judge": Form::Text, Needed::By(ORDERS),
        "A1 legal-basis record (order: issuer); 18 USC 2703 (issuing court)",
        "The judge or justice who made the order.";
}

/// Returns a field by its path.
pub fn by_path(path: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|f| f.path == path)
}

impl Field {
    /// Says whether a kind needs this field; `value` gives another field as text (`+` if it is a list with items).
    pub fn is_needed(&self, kind: Kind, value: &dyn Fn(&str) -> Option<String>) -> bool {
        let institution = kind != Kind::Own;
        match self.needed {
            Needed::Always => true,
            Needed::Institution => institution,
            Needed::By(kinds) => kinds.contains(&kind),
            Needed::ButNot(kinds) => institution && !kinds.contains(&kind),
            Needed::Where(path, wanted) => institution && value(path).as_deref() == Some(wanted),
            Needed::Unless(path) => institution && value(path).is_none(),
            Needed::Never => false,
        }
    }

    /// Returns the table it stands in, or nothing at the top.
    pub fn table(&self) -> Option<&'static str> {
        self.path.rsplit_once('.').map(|(table, _)| table)
    }

    /// Returns its key within the table.
    pub fn key(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }

    /// Returns a line that shows its form.
    pub fn example(&self) -> String {
        let key = self.key();
        let quoted = |words: &[&str]| words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ");
        match self.form {
            Form::Name => format!("{key} = \"…\""),
            Form::Text => format!("{key} = \"…\""),
            Form::Texts(_) => format!("{key} = [\"…\"]"),
            Form::Choice(words) => format!("{key} = one of {}", quoted(words)),
            Form::Choices(words) if self.path == "scope.window.moments" => {
                format!("{key} = a list of {}", quoted(words))
            }
            Form::Choices(words) => format!("{key} = [] or a list of {}", quoted(words)),
            Form::Families => format!("{key} = [\"mail\", \"message\"]"),
            Form::Count => format!("{key} = 1"),
            Form::Bool => format!("{key} = true or false"),
            Form::Declared => format!("{key} = true"),
            Form::Time => format!("{key} = 2026-01-31 or 2026-01-31T09:00:00Z"),
            Form::Zone => format!("{key} = \"Europe/London\""),
            Form::Key => format!("{key} = \"name+hash+base64\""),
            Form::Documents => format!("[[{}]] with name = \"…\" and sha256 = \"…\"", self.path),
            Form::Exclusions => {
                format!(
                    "[[{}]] with kind = \"privilege\", parties = [\"…\"], terms = [\"…\"], reason = \"…\"",
                    self.path
                )
            }
        }
    }
}

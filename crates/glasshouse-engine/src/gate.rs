//! The one question that every act asks first: may this person do this, to this case, now?
//!
//! Policies decide, in the language Cedar: ours are files in `policies/`, and an organisation adds `forbid` rules.
//! What no policy permits is denied, an action that nobody knows among it.

use crate::EngineError;
use crate::authority::IN_LINE;
use crate::people::Role;
use cedar_policy::{
    Authorizer, Context, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicyId, PolicySet, Request,
    RestrictedExpression, Schema, ValidationMode, Validator,
};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

const SCHEMA: &str = include_str!("../policies/glasshouse.cedarschema");
/// The policies that are shipped, by the name of their file.
pub const SHIPPED: [(&str, &str); 8] = [
    ("always.cedar", include_str!("../policies/always.cedar")),
    ("holder.cedar", include_str!("../policies/holder.cedar")),
    ("examiner.cedar", include_str!("../policies/examiner.cedar")),
    ("privilege_reviewer.cedar", include_str!("../policies/privilege_reviewer.cedar")),
    ("authoriser.cedar", include_str!("../policies/authoriser.cedar")),
    ("disclosure_officer.cedar", include_str!("../policies/disclosure_officer.cedar")),
    ("auditor.cedar", include_str!("../policies/auditor.cedar")),
    ("administrator.cedar", include_str!("../policies/administrator.cedar")),
];

/// How a case stands when somebody wants to do something to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Situation {
    /// Of the kind `self`.
    pub own: bool,
    /// `in force`, `not yet`, `expired`, `withdrawn`, `quashed`, or `none`.
    pub state: &'static str,
    /// How the records lie to the authorities as they now are: `in line`, `narrower` or `ended`.
    pub records: &'static str,
    pub applicant: String,
    pub authoriser: String,
    pub signed: bool,
    /// Who put aside what this is about.
    pub quarantined_by: String,
    /// Cases that the authority names to be combined with, and those that are asked for.
    pub combines: Vec<String>,
    pub others: Vec<String>,
    /// Analytics that the authority names, and the one that is asked for.
    pub analytics: Vec<String>,
    pub analysis: String,
}

impl Situation {
    /// Returns the situation of a personal case.
    pub fn own() -> Self {
        Situation { own: true, state: "in force", ..Situation::none() }
    }

    /// Returns the situation where no authority is there yet.
    pub fn none() -> Self {
        Situation {
            own: false,
            state: "none",
            records: IN_LINE,
            applicant: String::new(),
            authoriser: String::new(),
            signed: false,
            quarantined_by: String::new(),
            combines: Vec::new(),
            others: Vec::new(),
            analytics: Vec::new(),
            analysis: String::new(),
        }
    }
}

/// What the policies decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    pub allowed: bool,
    /// As what, if it is allowed.
    pub role: Option<Role>,
    /// The policies that determined it.
    pub policies: Vec<String>,
    /// Why not, in sentences.
    pub why: Vec<String>,
}

/// The policies in force on this installation.
pub struct Policies {
    set: PolicySet,
    schema: Schema,
}

impl Policies {
    /// Returns the policies that are shipped.
    pub fn shipped() -> Result<Self, EngineError> {
        Policies::with(&[])
    }

    /// Returns the shipped policies with an organisation's own, given as name and text; these can only forbid.
    pub fn with(more: &[(String, String)]) -> Result<Self, EngineError> {
        let schema =
            Schema::from_str(SCHEMA).map_err(|e| EngineError::other(format!("The schema of the policies: {e}.")))?;
        let mut set = PolicySet::new();
        let shipped = SHIPPED.iter().map(|(name, text)| (*name, *text, true));
        let own = more.iter().map(|(name, text)| (name.as_str(), text.as_str(), false));
        for (name, text, ours) in shipped.chain(own) {
            add(&mut set, name, text, ours)?;
        }
        let checked = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        if !checked.validation_passed() {
            let wrong: Vec<String> = checked.validation_errors().map(ToString::to_string).collect();
            return Err(EngineError::other(format!("The policies do not fit the schema: {}", wrong.join("; "))));
        }
        Ok(Policies { set, schema })
    }

    /// Returns the actions that there are, by name.
    pub fn actions(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.schema.actions().map(|a| a.id().unescaped().to_owned()).filter(|a| a.contains('.')).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Decides. A person of several roles acts in the first that is allowed.
    pub fn decide(&self, person: &str, roles: &[Role], action: &str, situation: &Situation) -> Ruling {
        let mut denied = Ruling { allowed: false, role: None, policies: Vec::new(), why: Vec::new() };
        for role in roles {
            match self.decide_as(person, *role, action, situation) {
                Ok(ruling) if ruling.allowed => return ruling,
                Ok(ruling) => {
                    denied.policies.extend(
                        ruling.policies.into_iter().filter(|p| !denied.policies.contains(p)).collect::<Vec<_>>(),
                    );
                    denied.why.extend(ruling.why.into_iter().filter(|w| !denied.why.contains(w)).collect::<Vec<_>>());
                }
                // What cannot be asked is not permitted.
                Err(why) => denied.why.push(why),
            }
        }
        if denied.why.is_empty() {
            let roles: Vec<_> = roles.iter().map(|r| r.as_str()).collect();
            let as_what =
                if roles.is_empty() { "without a role".to_owned() } else { format!("as {}", roles.join(", ")) };
            denied.why.push(format!("No policy permits `{action}` to {person} {as_what}."));
        }
        denied
    }

    fn decide_as(&self, person: &str, role: Role, action: &str, situation: &Situation) -> Result<Ruling, String> {
        let unknown = |_| format!("There is no action `{action}`, and what is not known is denied.");
        let uid = |kind: &str, id: &str| {
            let id = id.replace('\\', "\\\\").replace('"', "\\\"");
            EntityUid::from_str(&format!("{kind}::\"{id}\"")).map_err(|e| e.to_string())
        };
        let (principal, resource, as_role) =
            (uid("Person", person)?, uid("Case", "this")?, uid("Role", role.as_str())?);
        let action = uid("Action", action)?;
        let request = Request::new(principal.clone(), action, resource.clone(), Context::empty(), Some(&self.schema))
            .map_err(unknown)?;
        let text = |value: &str| RestrictedExpression::new_string(value.to_owned());
        let set = |texts: &[String]| RestrictedExpression::new_set(texts.iter().map(|t| text(t)));
        let attributes = HashMap::from([
            ("own".to_owned(), RestrictedExpression::new_bool(situation.own)),
            ("state".to_owned(), text(situation.state)),
            ("records".to_owned(), text(situation.records)),
            ("applicant".to_owned(), text(&situation.applicant)),
            ("authoriser".to_owned(), text(&situation.authoriser)),
            ("signed".to_owned(), RestrictedExpression::new_bool(situation.signed)),
            ("quarantined_by".to_owned(), text(&situation.quarantined_by)),
            ("combines".to_owned(), set(&situation.combines)),
            ("others".to_owned(), set(&situation.others)),
            ("analytics".to_owned(), set(&situation.analytics)),
            ("analysis".to_owned(), text(&situation.analysis)),
        ]);
        let person_entity = Entity::new(
            principal,
            HashMap::from([("name".to_owned(), text(person))]),
            HashSet::from([as_role.clone()]),
        );
        let case = Entity::new(resource, attributes, HashSet::new());
        let role_entity = Entity::new_no_attrs(as_role, HashSet::new());
        let all = [person_entity.map_err(|e| e.to_string())?, case.map_err(|e| e.to_string())?, role_entity];
        let entities = Entities::from_entities(all, Some(&self.schema)).map_err(|e| e.to_string())?;
        let answer = Authorizer::new().is_authorized(&request, &self.set, &entities);
        // A policy that cannot be evaluated is left out by Cedar; a `forbid` that is left out would permit.
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(format!("A policy cannot be evaluated, and nothing is permitted then: {error}."));
        }
        let allowed = answer.decision() == Decision::Allow;
        let mut ids: Vec<&PolicyId> = answer.diagnostics().reason().collect();
        ids.sort();
        let why = |id: &&PolicyId| {
            self.set.annotation(id, "why").map_or_else(|| format!("The policy `{id}` forbids it."), str::to_owned)
        };
        Ok(Ruling {
            allowed,
            role: allowed.then_some(role),
            why: if allowed { Vec::new() } else { ids.iter().map(why).collect() },
            policies: ids.iter().map(ToString::to_string).collect(),
        })
    }
}

fn add(set: &mut PolicySet, file: &str, text: &str, ours: bool) -> Result<(), EngineError> {
    let refuse = |why: String| EngineError::other(format!("The policy file {file}: {why}"));
    let parsed = PolicySet::from_str(text).map_err(|e| refuse(format!("it cannot be read: {e}.")))?;
    if parsed.num_of_templates() > 0 {
        return Err(refuse("it holds a template; write policies that stand by themselves.".into()));
    }
    for policy in parsed.policies() {
        if !ours && policy.effect() != Effect::Forbid {
            return Err(refuse("it holds a `permit`. An organisation's own policies can only forbid.".into()));
        }
        let id = policy.annotation("id").ok_or_else(|| refuse("a policy has no @id(\"…\").".into()))?;
        let id = if ours { id.to_owned() } else { format!("{file}:{id}") };
        let named: Policy = policy.new_id(PolicyId::new(id));
        set.add(named).map_err(|e| refuse(format!("{e}.")))?;
    }
    Ok(())
}

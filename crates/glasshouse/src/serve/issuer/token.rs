//! An ID token: who the issuer says somebody is, if it is the issuer who says it, to us, now, and in answer to us.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Signatures with a key that the issuer publishes. Those with a shared secret would let whoever knows it be anybody.
const SIGNATURES: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// Longest name that a person is known by.
const LONGEST: usize = 256;

/// What a token has to be.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    /// The claim that names the person.
    pub claim: &'a str,
}

/// Returns what the issuer calls the person; nothing if any of it is not as expected.
pub fn named(token: &str, keys: &Value, expected: &Expected<'_>) -> Option<String> {
    let header = decode_header(token).ok()?;
    if !SIGNATURES.contains(&header.alg) {
        return None;
    }
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[expected.client_id]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_nbf = true;
    let claims = keys
        .get("keys")?
        .as_array()?
        .iter()
        .filter(|key| header.kid.is_none() || key.get("kid").and_then(Value::as_str) == header.kid.as_deref())
        .filter(|key| key.get("use").and_then(Value::as_str).is_none_or(|meant| meant == "sig"))
        // Keys of kinds that we cannot use stand beside those that we can.
        .filter_map(|key| DecodingKey::from_jwk(&serde_json::from_value(key.clone()).ok()?).ok())
        .find_map(|key| decode::<Value>(token, &key, &validation).ok())?
        .claims;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    // A token for several is for us only if it was given to us.
    let given_to = text("azp");
    let shared = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
    if given_to.is_some_and(|azp| azp != expected.client_id) || (shared && given_to.is_none()) {
        return None;
    }
    if text("nonce") != Some(expected.nonce) {
        return None;
    }
    // An address that its holder merely typed names nobody.
    if expected.claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
        return None;
    }
    text(expected.claim).filter(|name| !name.is_empty() && name.len() <= LONGEST).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::hmac;
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::json;

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://id.example.com",
        client_id: "glasshouse",
        nonce: "n-1",
        claim: "preferred_username",
    };

    fn key() -> Ed25519KeyPair {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key")
    }

    fn published(key: &Ed25519KeyPair, kid: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let strange = json!({ "kty": "OKP", "crv": "X25519", "x": x, "kid": "other", "use": "enc" });
        json!({ "keys": [strange, { "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig" }] })
    }

    fn token(header: &Value, claims: &Value, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn claims() -> Value {
        let now = glasshouse_engine::session::now() / 1_000_000;
        json!({ "iss": EXPECTED.issuer, "aud": "glasshouse", "sub": "7", "nonce": "n-1", "iat": now, "exp": now + 300,
            "preferred_username": "d.hart", "email": "d.hart@example.com", "email_verified": false })
    }

    #[test]
    fn a_token_of_the_issuer_for_us_now_and_in_answer_names_somebody() {
        let (own, other) = (key(), key());
        let keys = published(&own, "k1");
        let header = json!({ "alg": "EdDSA", "kid": "k1" });
        let by_own = |claims: &Value| token(&header, claims, |text| own.sign(text).as_ref().to_vec());
        assert_eq!(named(&by_own(&claims()), &keys, &EXPECTED).as_deref(), Some("d.hart"));

        let now = glasshouse_engine::session::now() / 1_000_000;
        for (name, value) in [
            ("iss", json!("https://id.example.org")),
            ("iss", Value::Null),
            ("aud", json!("another")),
            ("aud", json!(["glasshouse", "another"])),
            ("aud", Value::Null),
            ("azp", json!("another")),
            ("nonce", json!("n-2")),
            ("nonce", Value::Null),
            ("exp", json!(now - 120)),
            ("exp", Value::Null),
            ("nbf", json!(now + 600)),
            ("sub", Value::Null),
            ("preferred_username", json!("")),
            ("preferred_username", json!(["d.hart"])),
            ("preferred_username", Value::Null),
        ] {
            let mut changed = claims();
            let all = changed.as_object_mut().expect("claims");
            if value.is_null() {
                all.remove(name)
            } else {
                all.insert(name.to_owned(), value.clone())
            };
            assert_eq!(named(&by_own(&changed), &keys, &EXPECTED), None, "{name} = {value}");
        }
        let mut shared = claims();
        shared["aud"] = json!(["glasshouse", "another"]);
        shared["azp"] = json!("glasshouse");
        assert_eq!(named(&by_own(&shared), &keys, &EXPECTED).as_deref(), Some("d.hart"));
        let by_mail = Expected { claim: "email", ..EXPECTED };
        assert_eq!(named(&by_own(&claims()), &keys, &by_mail), None, "nobody checked the address");
        let mut checked = claims();
        checked["email_verified"] = json!(true);
        assert_eq!(named(&by_own(&checked), &keys, &by_mail).as_deref(), Some("d.hart@example.com"));

        // Others' keys, no signature, and a signature with what everybody knows.
        let forged = |header: Value, sign: &dyn Fn(&[u8]) -> Vec<u8>| token(&header, &claims(), sign);
        let known = |text: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, own.public_key().as_ref());
            hmac::sign(&key, text).as_ref().to_vec()
        };
        for token in [
            forged(header.clone(), &|text| other.sign(text).as_ref().to_vec()),
            forged(json!({ "alg": "EdDSA", "kid": "k2" }), &|text| own.sign(text).as_ref().to_vec()),
            forged(json!({ "alg": "none" }), &|_| Vec::new()),
            forged(json!({ "alg": "HS256", "kid": "k1" }), &known),
            forged(json!({ "alg": "RS256", "kid": "k1" }), &|text| own.sign(text).as_ref().to_vec()),
            by_own(&claims()).replacen('.', "..", 1),
            String::new(),
        ] {
            assert_eq!(named(&token, &keys, &EXPECTED), None, "{token}");
        }
        let unnamed = forged(json!({ "alg": "EdDSA" }), &|text| own.sign(text).as_ref().to_vec());
        assert_eq!(named(&unnamed, &keys, &EXPECTED).as_deref(), Some("d.hart"), "a key without a name is tried");
        assert_eq!(named(&by_own(&claims()), &json!({ "keys": 7 }), &EXPECTED), None);
    }
}

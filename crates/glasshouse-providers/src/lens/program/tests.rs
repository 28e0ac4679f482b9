use super::*;

fn run(code: &str, input: &str) -> (Vec<String>, Result<(), Stopped>) {
    let program = Program::new(code, 1).unwrap_or_else(|e| panic!("{code}: {e}"));
    let input = from_json(input).expect("JSON");
    let mut outputs = Vec::new();
    let end = program.run(input, "a/b.json", "k", 200_000, |v| outputs.push(to_json(v)));
    (outputs, end)
}

#[test]
fn programs_do_what_jq_does() {
    for (code, input, outputs) in [
        (".a.b", r#"{"a":{"b":1.50}}"#, "1.50"),
        (".a[]", r#"{"a":[1,"x",null]}"#, "1 \"x\" null"),
        (".[\"a\"][1:]", r#"{"a":[1,2,3]}"#, "[2,3]"),
        (".a?, (.b? // 7), .c?", "[]", "7"),
        ("[.[] | select(.x > 1) | {x, y: \"\\(.x)-\\($key)\"}]", r#"[{"x":1},{"x":2}]"#, r#"[{"x":2,"y":"2-k"}]"#),
        (". as {a: $x, b: [$y]} | {$x, $y}", r#"{"a":1,"b":[2]}"#, r#"{"x":1,"y":2}"#),
        ("with_entries(.value = .value)", "{}", "!"),
        ("with_entries({key: (.key + \"!\"), value})", r#"{"a":1}"#, r#"{"a!":1}"#),
        ("if type == \"object\" then \"o\" elif . == null then \"n\" else empty end", "null", "\"n\""),
        ("map(tostring) | join(\", \")", r#"["a",1,true]"#, "\"a, 1, true\""),
        ("split(\" - \") | first, last, length", "\"x - y - z\"", "\"x\" \"z\" 3"),
        ("reduce .[] as $x (0; . + $x)", "[1,2,3]", "6"),
        ("foreach .[] as $x (0; . + $x; [$x, .])", "[1,2]", "[1,1] [2,3]"),
        ("add, add(.[] | . * 2)", "[1,2]", "3 6"),
        ("to_entries[] | \"\\(.key)=\\(.value)\"", r#"{"a":1}"#, "\"a=1\""),
        ("any(. == 2), all(. < 2), IN(.[]; 1)", "[1,2]", "!"),
        ("any(. == 2), all(. < 2), (.[0] | IN(1, 5))", "[1,2]", "true false true"),
        ("try error(\"x\") catch .", "1", "\"x\""),
        ("[..] | length", "[[1],{}]", "4"),
        ("first(.[] | tonumber), -.[1]", r#"["12",3]"#, "12 -3"),
        (
            "limit(2; .[]), has(0), (.[0] | startswith(\"a\"), contains(\"b\"))",
            r#"["ab",2]"#,
            "\"ab\" 2 true true true",
        ),
        ("$file | rtrimstr(\".json\") | ascii_upcase", "1", "\"A/B\""),
        ("keys_unsorted, (.s | trim | ltrimstr(\"x\"))", r#"{"s":" xy "}"#, "[\"s\"] \"y\""),
        ("def f: .; f", "1", "!"),
        (".a | 123456789012345678901234567890", "{}", "123456789012345678901234567890"),
    ] {
        match Program::new(code, 1) {
            Err(_) => assert_eq!(outputs, "!", "{code}"),
            Ok(_) => {
                let (found, end) = run(code, input);
                assert_eq!((found.join(" ").as_str(), end), (outputs, Ok(())), "{code}");
            }
        }
    }
}

#[test]
fn what_could_run_for_ever_or_outside_is_refused() {
    for (code, line, what) in [
        ("def f: f; f", 1, "def"),
        (".\n| repeat(.)", 2, "`repeat`"),
        ("range(1; 2)", 1, "`range`"),
        ("range(10)", 1, "`range`"),
        ("recurse(.)", 1, "`recurse`"),
        ("until(false; .)", 1, "`until`"),
        ("while(true; .)", 1, "`while`"),
        ("input", 1, "`input`"),
        ("env", 1, "`env`"),
        ("$ENV", 1, "$ENV"),
        ("now", 1, "`now`"),
        ("halt", 1, "`halt`"),
        ("\"x\" | fromjson", 1, "`fromjson`"),
        ("path(..)", 1, "`path`"),
        (".a = 1", 1, "assignments"),
        ("\n.a |= .", 1, "assignments"),
        ("label $x | break $x", 1, "label"),
        ("@base64 \"\\(.)\"", 1, "@base64"),
        ("import \"x\" as x; .", 1, "the program"),
        ("__step", 1, "`__step`"),
        ("error_empty", 1, "`error_empty`"),
        ("$nothing", 1, "$nothing"),
        ("\n\n.a |", 3, "its end"),
        ("{a: }", 1, "where"),
        ("\"abc", 1, "lacks"),
    ] {
        let error = Program::new(code, 1).err().unwrap_or_else(|| panic!("{code} was taken")).to_string();
        assert!(error.starts_with(&format!("line {line}: ")) && error.contains(what), "{code}: {error}");
    }
}

#[test]
fn programs_that_are_too_deep_or_long_are_refused_without_harm() {
    for code in [
        "(".repeat(5000),
        "[".repeat(41) + &"]".repeat(41),
        "-".repeat(990) + "1",
        "try ".repeat(990) + ".",
        "if ".repeat(900),
        "reduce ".repeat(900),
        ".|".repeat(450) + ".",
        "1+".repeat(450) + "1",
        ".a//".repeat(300) + "1",
        "not ".repeat(3000),
        ".a".repeat(4000),
        ".[]".repeat(300) + " as $x | try " + &"-".repeat(300) + "1",
    ] {
        assert!(Program::new(&code, 1).is_err(), "{}", &code[..20]);
    }
    assert!(Program::new(&(".a".repeat(300)), 1).is_ok());
}

#[test]
fn work_without_end_is_stopped() {
    let twice = |part: &str, times: usize| vec![part; times].join(" | ");
    for code in [
        twice("(.,.)", 60) + " | empty",
        twice("(.,.)", 60),
        twice("[.,.]", 60),
        twice("{a: ., b: .}", 60),
        format!("[{}]", vec!["(.,.)"; 40].join(" + ")),
        format!("\"x\" | {}", twice(". + .", 60)),
        format!("\"x\" | {}", twice("\"\\(.)\\(.)\\(.)\"", 60)),
        format!("[1] | {}", twice(". + .", 60)),
        format!("3 | {}", twice(". * .", 60)),
        format!("{{{}, z: empty}}", (0..40).map(|n| format!("k{n}: (.,.)")).collect::<Vec<_>>().join(",")),
        format!("try ({}) | empty", twice("try (.,.)", 50)),
        format!("({})?", twice("((.,.)?)", 50)),
        format!("[{}] | length", twice("(.,.)", 50)),
        format!("first({} | select(. == 7))", twice("(.,.)", 50)),
        format!("reduce ({}) as $x (0; 1)", twice("(.,.)", 50)),
        format!("({}) // 1", twice("(null,null)", 50)),
        format!("[\"x\",\"x\"] | {}", twice("(join(\"x\") | [., .])", 60)),
        format!("\"a\" | {}", twice("(split(\"a\") | join(\"aaa\") | . + .)", 40)),
        "[.[] as $a | .[] as $b | .[] as $c | .[] as $d | $a == $b]".into(),
        "[.[] as $a | .[] | first($a, .[]?)] | length".into(),
    ] {
        let list = format!("[{}1]", "1,".repeat(200));
        let began = std::time::Instant::now();
        let (outputs, end) = run(&code, &list);
        let shown: String = code.chars().take(60).collect();
        assert!(outputs.len() <= 200_000 && began.elapsed().as_secs() < 20, "{shown}");
        if !code.contains("first($a") && !code.contains("$b]") {
            assert_eq!(end, Err(Stopped::Budget), "{shown}");
        }
    }
}

#[test]
fn programs_that_fail_say_why() {
    let (outputs, end) = run(".a, .a.b", r#"{"a":"x"}"#);
    assert_eq!(outputs, ["\"x\""]);
    assert!(matches!(&end, Err(Stopped::Error(message)) if message.contains("index")), "{end:?}");
    assert_eq!(run("error(\"odd\")", "1").1, Err(Stopped::Error("odd".into())));
}

#[test]
fn inputs_are_bounded() {
    assert!(from_json(&("[".repeat(102) + &"]".repeat(102))).is_none());
    assert!(from_json(&("[".repeat(99_999) + &"]".repeat(99_999))).is_none());
    assert!(from_json(&("[".repeat(90) + &"]".repeat(90))).is_some());
    let digits = "9".repeat(1_000_000);
    let long = from_json(&digits).expect("a value");
    assert_eq!(to_json(&long), format!("\"{digits}\""), "a number of a million digits stays a text");
    let value = from_json(r#"{"a":[1.10,-2,"\ud83d x",true,null],"a":1e3}"#).expect("a value");
    assert_eq!(to_json(&value), r#"{"a":1e3}"#);
}

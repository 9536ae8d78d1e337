//! Broken JSON, requests of a wrong form, and what else a stream can hold.

use crate::story::{Manner, Step, Story};

pub(crate) fn stories() -> Vec<Story> {
    let mut stories: Vec<_> = TEXTS.iter().map(|text| Story::raw(*text)).collect();
    stories.extend(truncated());
    stories.extend(split());
    stories.extend(nested());
    stories.extend(names());
    stories.extend(strings());
    stories.extend(pipelined());
    stories
}

const PING: &[u8] = br#"{"execute":"guest-ping","id":1}"#;

const TEXTS: &[&[u8]] = &[
    // no request at all
    b"",
    b" ",
    b"\n",
    b"\r\n\t \n",
    b"{}",
    b"[]",
    b"null",
    b"true",
    b"12",
    b"-1.5e3",
    b"\"text\"",
    b"'text'",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x1b[6n",
    // in lines, and with what looks like a request within a string
    b"{\n  \"execute\": \"guest-sync\",\n  \"arguments\": {\n    \"id\": 5\n  }\n}\n",
    b"{\r\n\t\"arguments\": {\"id\": 5},\r\n\t\"execute\": \"guest-sync\"\r\n}\r\n",
    br#"{"execute":"guest-ping","id":"{\"execute\":\"guest-info\"}"}"#,
    br#"{"execute":"guest-ping","id":"{'execute':'guest-info'}"}"#,
    br#"{'execute':'guest-ping','id':'{"execute":"guest-info"}'}"#,
    br#"{"execute":"guest-ping","id":["{ 'arguments'", "{\"execute\""]}"#,
    // of a wrong form
    br#"{"id":7}"#,
    br#"{"arguments":{}}"#,
    br#"{"execute":null}"#,
    br#"{"execute":1,"id":2}"#,
    br#"{"execute":true}"#,
    br#"{"execute":[]}"#,
    br#"{"execute":{}}"#,
    br#"{"execute":""}"#,
    br#"{"execute":"guest-ping","foo":1,"id":2}"#,
    br#"{"execute":"guest-ping","zoo":1,"foo":1}"#,
    br#"{"zoo":1,"foo":1}"#,
    br#"{"execute":1,"arguments":2,"foo":3}"#,
    br#"{"execute":1,"arguments":2}"#,
    br#"{"execute":"guest-ping","arguments":null}"#,
    br#"{"execute":"guest-ping","":1}"#,
    br#"{"exec-oob":"guest-ping","id":2}"#,
    br#"{"execute":"guest-ping","exec-oob":"guest-ping"}"#,
    br#"{"execute":"guest-ping","control":{}}"#,
    br#"{"QMP":{}}"#,
    br#"{"return":{}}"#,
    // twice the same name
    br#"{"execute":"guest-ping","execute":"guest-ping"}"#,
    br#"{"execute":"guest-sync","arguments":{"id":1,"id":2}}"#,
    br#"{"execute":"guest-ping","id":{"a":1,"a":2}}"#,
    // separators
    br#"{"execute":"guest-ping",}"#,
    br#"{,"execute":"guest-ping"}"#,
    br#"{"execute" "guest-ping"}"#,
    br#"{"execute":"guest-ping" "id":1}"#,
    br#"{"execute"::"guest-ping"}"#,
    br#"{"execute":"guest-ping","id":}"#,
    br#"{"execute":"guest-ping","id":[1,]}"#,
    br#"{"execute":"guest-ping","id":[,1]}"#,
    br#"{"execute":"guest-ping","id":[1 2]}"#,
    br#"{"execute":"guest-ping","id":[1:2]}"#,
    br#"{execute:"guest-ping"}"#,
    br#"{1:"guest-ping"}"#,
    br#"{null:1}"#,
    br#"{"a"}"#,
    br#"{"a":}"#,
    br#"["a":1]"#,
    br#"{"execute":"guest-ping"]"#,
    br#"{"execute":"guest-ping","id":[1}}"#,
    b"}",
    b"]",
    b",",
    b":",
    b"{]",
    b"[}",
    b"{\"a\":[}",
    b"}{\"execute\":\"guest-ping\"}",
    b"]]]",
    // numbers
    br#"{"execute":"guest-ping","id":01}"#,
    br#"{"execute":"guest-ping","id":+1}"#,
    br#"{"execute":"guest-ping","id":.5}"#,
    br#"{"execute":"guest-ping","id":5.}"#,
    br#"{"execute":"guest-ping","id":1e}"#,
    br#"{"execute":"guest-ping","id":1e+}"#,
    br#"{"execute":"guest-ping","id":1E5}"#,
    br#"{"execute":"guest-ping","id":0x10}"#,
    br#"{"execute":"guest-ping","id":-}"#,
    br#"{"execute":"guest-ping","id":--1}"#,
    br#"{"execute":"guest-ping","id":1-1}"#,
    br#"{"execute":"guest-ping","id":NaN}"#,
    br#"{"execute":"guest-ping","id":Infinity}"#,
    br#"{"execute":"guest-ping","id":99999999999999999999999}"#,
    br#"{"execute":"guest-ping","id":-99999999999999999999999}"#,
    br#"{"execute":"guest-ping","id":0.1}"#,
    br#"{"execute":"guest-ping","id":123456789.123456789}"#,
    br#"{"execute":"guest-ping","id":1e-7}"#,
    br#"{"execute":"guest-ping","id":1e300}"#,
    br#"{"execute":"guest-ping","id":5e-324}"#,
    br#"{"execute":"guest-ping","id":1e400}"#,
    br#"{"execute":"guest-sync","arguments":{"id":1e400}}"#,
    // words
    br#"{"execute":"guest-ping","id":True}"#,
    br#"{"execute":"guest-ping","id":nul}"#,
    br#"{"execute":"guest-ping","id":nulll}"#,
    br#"{"execute":"guest-ping","id":undefined}"#,
    br#"{"execute":"guest-ping","id":%d}"#,
    br#"{"execute":"guest-ping","id":%s}"#,
    b"truefalse",
    b"true false",
    b"1 2 3",
    b"garbage garbage\n",
    // comments and other tongues
    br#"{"execute":"guest-ping"} // comment"#,
    br#"/* a */ {"execute":"guest-ping"}"#,
    b"# a\n{\"execute\":\"guest-ping\"}",
    b"\xef\xbb\xbf{\"execute\":\"guest-ping\"}",
    b"{\0\"\0e\0x\0e\0c\0u\0t\0e\0\"\0",
    // several at once
    br#"{"execute":"guest-ping","id":1}{"execute":"guest-ping","id":2}"#,
    b"{\"execute\":\"guest-ping\",\"id\":1}\n{\"execute\":\"guest-ping\",\"id\":2}\r\n",
    br#"{"execute":"guest-ping"}{"execute":"guest-nope"}{"execute":"guest-ping","id":2}"#,
    br#"{"execute":"guest-ping"}garbage{"execute":"guest-ping","id":2}"#,
    b"{\"execute\":\"guest-ping\"}garbage\n{\"execute\":\"guest-ping\",\"id\":2}",
    b"{\"execute\":\"guest-ping\n{\"execute\":\"guest-ping\",\"id\":2}",
    b"{\"execute\":\"guest-ping\n{\"execute\":\"guest-ping\",\"id\":2}\n{\"execute\":\"guest-ping\",\"id\":3}",
    b"{\"execute\":\n{\"execute\":\"guest-ping\",\"id\":2}",
    br#"{"execute":"guest-sync","arguments":{"id":1}}{"execute":"guest-sync","arguments":{"id":2}}"#,
    br#"{"execute":"guest-sync-delimited","arguments":{"id":1}}{"execute":"guest-ping"}"#,
    br#"{"execute":"guest-ping"}{"execute":"guest-sync-delimited","arguments":{"id":1}}"#,
    br#"{"execute":"guest-get-host-name"}{"execute":"guest-get-timezone"}{"execute":"guest-ping"}"#,
    // the delimiter
    b"\xff",
    b"\xff\xff\xff",
    b"\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":1}}",
    b"{\"execute\":\xff\"guest-ping\"}",
    b"{\"execute\":\"guest\xff-ping\"}",
    b"{\"execute\":\"guest-ping\"\xff}",
    b"{\"execute\":\"guest-ping\xff{\"execute\":\"guest-ping\",\"id\":2}",
    b"{\"execute\":\"guest-ping\"\xff{\"execute\":\"guest-ping\",\"id\":2}",
    b"{\"execute\":\"guest-ping\",\"id\":\xff1}",
    b"12\xff",
    b"garb\xffage",
    b"\"\\\xff\"",
    b"\xfe",
    b"\xfe{\"execute\":\"guest-ping\"}",
    b"{\"execute\":\"guest-ping\",\"id\":\"\xfe\"}",
];

/// Ended too early, and gone on with by the delimiter and by a newline.
fn truncated() -> Vec<Story> {
    let text = br#"{"execute":"guest-sync","arguments":{"id":1},"id":["a\n",true,null,-1.5e3]}"#;
    let cuts = 1..text.len();
    cuts.flat_map(|cut| {
        let newline = [&text[..cut], b"\n", PING].concat();
        [Story::raw(&text[..cut]), Story::raw(newline)]
    })
    .collect()
}

/// Many requests in one write.
fn pipelined() -> Vec<Story> {
    let request = |id: usize, name: &str| format!(r#"{{"execute":"{name}","id":{id}}}"#);
    let many = |count: usize, names: &[&str]| {
        let name = |id: usize| names[id % names.len()];
        let requests: Vec<_> = (0..count).map(|id| request(id, name(id))).collect();
        Story::raw(requests.join("\n"))
    };
    let mixed = ["guest-get-osinfo", "guest-ping", "guest-nothing"];
    vec![
        many(200, &["guest-ping"]),
        many(60, &mixed),
        many(1000, &mixed),
    ]
}

/// One request in two writes, cut at every byte, and in a write a byte.
fn split() -> Vec<Story> {
    let texts: [&[u8]; 5] = [
        PING,
        b"\xff{\"execute\":\"guest-sync-delimited\",\"arguments\":{\"id\":1}}\n",
        br#"{'execute':'guest-nope','id':["\u00e9\ud83d\ude00\"\\", 'a"b', 1.5]}"#,
        "{\"execute\":\"guest-ping\",\"id\":\"größer 😀\"}".as_bytes(),
        b"{\"execute\":garbage}\n{\"execute\":\"guest-ping\"}\xff{\"execute\":\"guest-ping\"}",
    ];
    let split = |text: &&[u8]| Story::one(Step::raw(*text).manner(Manner::ByteByByte));
    texts.iter().map(split).collect()
}

/// Arrays and objects in each other, up to the limit and beyond.
fn nested() -> Vec<Story> {
    let deep = |open: &str, close: &str, depth: usize| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!(r#"{{"execute":"guest-ping","id":{open}1{close}}}"#)
    };
    let mut texts = Vec::new();
    for depth in [
        1, 10, 120, 127, 130, 500, 1022, 1023, 1024, 1025, 3000, 20_000,
    ] {
        texts.push(deep("[", "]", depth));
        texts.push(deep("{\"a\":", "}", depth));
        texts.push("[".repeat(depth));
        texts.push("{\"a\":".repeat(depth));
        texts.push("]".repeat(depth.min(200)));
    }
    let values = |count| {
        format!(
            r#"{{"execute":"guest-ping","id":[{}0]}}"#,
            "0,".repeat(count)
        )
    };
    texts.extend([values(1000), values(100_000)]);
    texts.into_iter().map(Story::raw).collect()
}

/// Commands that do not exist, and texts that look like ones that do.
fn names() -> Vec<Story> {
    let long = "x".repeat(10_000);
    let names = [
        "guest",
        "guest-",
        "guest-pin",
        "guest-pingg",
        "Guest-Ping",
        "guest_ping",
        " guest-ping",
        "guest-ping\\n",
        "guest-ping\\u0000",
        "guest-p\\u0069ng",
        "\\u0067uest-ping",
        "ping",
        "qmp_capabilities",
        "query-status",
        "guest-get-devices",
        "guest-\u{e4}",
        "\\u00e4",
        "\\ud83d\\ude00",
        "%s%n",
        "a\\\"b",
        "a'b",
        "\\\\",
        "/",
        "../guest-ping",
        "guest-exec-",
        &long[..100],
        &long[..255],
        &long[..256],
        &long[..300],
        &long,
    ];
    let request = |name: &str| Story::raw(format!(r#"{{"execute":"{name}","id":1}}"#));
    names.map(request).into()
}

/// What can stand in a string and what cannot.
const STRINGS: &[&[u8]] = &[
    br"\b\f\n\r\t\/\\",
    br#"\""#,
    br"\'",
    br"\x41",
    br"\a",
    br"\0",
    br"\U0041",
    br"\u0041",
    br"\u004",
    br"\u",
    br"\uzzzz",
    br"\u00E9",
    br"\u0000",
    br"\u0001",
    br"\u001f",
    br"\u007f",
    br"\u0080",
    br"\ud83d\ude00",
    br"\ud83d",
    br"\ude00",
    br"\ud83dx",
    br"\ud83d\n",
    br"\ud83d\ud83d",
    br"\ud83d\u0041",
    br"\ude00\ud83d",
    br"\ufffd",
    br"\ufffe",
    br"\uffff",
    br"\ufdd0",
    br"\ud83f\udfff",
    br"\udbff\udfff",
    br"\udbff\udffd",
    br"\u2028",
    b"\\",
    b"\\\n",
    b"a\nb",
    b"a\tb",
    b"a\rb",
    b"\0",
    b"\x01",
    b"\x1f",
    b"\x7f",
    b"\x80",
    b"\xbf",
    b"\xc0\x80",
    b"\xc1\xbf",
    b"\xc2\x80",
    b"\xc3\xa4",
    b"\xc3",
    b"\xc3(",
    b"\xe0\x80\x80",
    b"\xe0\xa0\x80",
    b"\xe2\x82\xac",
    b"\xe2\x82",
    b"\xed\x9f\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xef\xbf\xbd",
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf0\x80\x80\x80",
    b"\xf0\x9f\x98\x80",
    b"\xf4\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80",
    b"\xf8",
    b"\xfc",
    b"\xfe",
    b"'",
    b"a'b",
    b"%s",
    b"%%",
    b"%d%",
];

/// Strings as ids: escapes, surrogates, control characters, bytes that are no text.
fn strings() -> Vec<Story> {
    let mut stories = Vec::new();
    for text in STRINGS {
        for quote in [&b"\""[..], b"'"] {
            let id = [quote, *text, quote].concat();
            let request = [br#"{"execute":"guest-ping","id":"#, &id[..], b"}"].concat();
            stories.push(Story::raw(request));
        }
        let newline = [b"\"", *text, b"\"\n", PING].concat();
        stories.push(Story::raw(newline));
    }
    stories
}

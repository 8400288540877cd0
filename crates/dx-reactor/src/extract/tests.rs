//! Every extractor, called as a route calls it.

use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::app::App;
use crate::bytes::Bytes;
use crate::handler::{Outcome, poll_reply};
use crate::json::Json;
use crate::request::tests::request;
use crate::route_error::RouteError;
use crate::router::Dispatched;
use crate::text::Text;

/// Status and content of what `app` answers, or a problem's detail if it is one.
fn ask(app: App, line: &str, headers: &str, body: &str) -> (u16, String) {
    let head = format!("{line} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    let Outcome { response, panicked } = answer(app, request(&head, body.as_bytes()));
    assert!(!panicked, "{line}");
    let (status, body) = (response.status().code(), response.body());
    if response.content_type().is_some_and(|value| value.as_bytes().ends_with(b"problem+json")) {
        let problem: serde_json::Value = serde_json::from_slice(body).expect("a problem");
        let detail = problem.get("detail").and_then(|detail| detail.as_str());
        return (status, detail.unwrap_or_default().to_owned());
    }
    (status, String::from_utf8_lossy(body).into_owned())
}

/// What `app` answers, of which no handler waits.
pub(crate) fn answer(app: App, request: Request) -> Outcome {
    let router = app.compile().expect("routes");
    let mut cx = Context::from_waker(Waker::noop());
    match router.dispatch(request) {
        Dispatched::Ready(outcome) => outcome,
        Dispatched::Pending(mut future) => match poll_reply(&mut future, &mut cx) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("a handler waits"),
        },
    }
}

#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
}

#[derive(Deserialize, Debug)]
struct Named<T> {
    a: T,
}

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Wrapped(u8);

#[derive(Deserialize, Debug)]
#[expect(dead_code, reason = "read by `Debug`")]
struct Two {
    b: Option<bool>,
    a: Wrapped,
    c: Option<f32>,
}

fn written<T: core::fmt::Debug>(Path(value): Path<T>) -> String {
    format!("{value:?}")
}

#[test]
fn paths_of_every_shape() {
    let one =
        |app: fn(App) -> App, path: &str| ask(app(App::new()), &format!("GET {path}"), "", "");
    type Row<'a> = (fn(App) -> App, &'a str, u16, &'a str);
    let rows: [Row<'_>; 30] = [
        (|app| app.get("/{a}", written::<u8>), "/255", 200, "255"),
        (
            |app| app.get("/{a}", written::<u8>),
            "/256",
            400,
            "the path parameter `a`: not an integer from 0 to 255",
        ),
        (|app| app.get("/{a}", written::<i8>), "/-128", 200, "-128"),
        (|app| app.get("/{a}", written::<u16>), "/1", 200, "1"),
        (|app| app.get("/{a}", written::<i16>), "/-1", 200, "-1"),
        (|app| app.get("/{a}", written::<u32>), "/1", 200, "1"),
        (|app| app.get("/{a}", written::<i64>), "/-9", 200, "-9"),
        (|app| app.get("/{a}", written::<u128>), "/9", 200, "9"),
        (|app| app.get("/{a}", written::<f64>), "/1.5", 200, "1.5"),
        (|app| app.get("/{a}", written::<char>), "/%C3%A9", 200, "'é'"),
        (
            |app| app.get("/{a}", written::<char>),
            "/ab",
            400,
            "the path parameter `a`: not one character",
        ),
        (|app| app.get("/{a}", written::<bool>), "/true", 200, "true"),
        (
            |app| app.get("/{a}", written::<bool>),
            "/yes",
            400,
            "the path parameter `a`: not `true` or `false`",
        ),
        (|app| app.get("/{a}", written::<String>), "/a%20b", 200, "\"a b\""),
        (|app| app.get("/{a}", written::<Option<u8>>), "/1", 200, "Some(1)"),
        (|app| app.get("/{a}", written::<Wrapped>), "/7", 200, "Wrapped(7)"),
        (|app| app.get("/{a}", written::<Color>), "/red", 200, "Red"),
        (
            |app| app.get("/{a}", written::<Color>),
            "/blue",
            400,
            "the path parameter `a`: unknown variant `blue`, expected `red`",
        ),
        (|app| app.get("/{a}", written::<(u8,)>), "/1", 200, "(1,)"),
        (|app| app.get("/{a}/{b}", written::<(u8, String)>), "/1/x", 200, "(1, \"x\")"),
        (
            |app| app.get("/{a}/{b}", written::<(u8, u8)>),
            "/1/x",
            400,
            "the path parameter `b`: not an integer from 0 to 255",
        ),
        (|app| app.get("/{a}/{b}", written::<Vec<u8>>), "/1/2", 200, "[1, 2]"),
        (
            |app| app.get("/{a}/{b}", written::<Two>),
            "/1/true",
            200,
            "Two { b: Some(true), a: Wrapped(1), c: None }",
        ),
        (
            |app| app.get("/{a}/{b}", written::<Two>),
            "/x/true",
            400,
            "the path parameter `a`: not an integer from 0 to 255",
        ),
        (
            |app| app.get("/{a}/{b}", written::<BTreeMap<String, u8>>),
            "/1/2",
            200,
            "{\"a\": 1, \"b\": 2}",
        ),
        // The program's own fault: the client is told nothing.
        (|app| app.get("/{a}/{b}", written::<u8>), "/1/2", 500, ""),
        (|app| app.get("/{a}", written::<(u8, u8)>), "/1", 500, ""),
        (|app| app.get("/{x}", written::<Named<u8>>), "/1", 500, ""),
        (|app| app.get("/{a}", written::<Named<Vec<u8>>>), "/1", 500, ""),
        (|app| app.get("/none", written::<u8>), "/none", 500, ""),
    ];
    for (app, path, status, content) in rows {
        assert_eq!(one(app, path), (status, content.to_owned()), "{path}");
    }
}

#[test]
fn what_the_program_did_wrong_is_said_to_the_program() {
    let rejection = |pattern: &str, path: &str| {
        let kept = std::rc::Rc::new(core::cell::RefCell::new(String::new()));
        let told = kept.clone();
        let app = App::new().get(pattern, move |path: Result<Path<Named<u8>>, PathRejection>| {
            *told.borrow_mut() = path.map(|Path(Named { a })| a).expect_err("refused").to_string();
        });
        ask(app, &format!("GET {path}"), "", "");
        kept.take()
    };
    assert_eq!(rejection("/{b}", "/1"), "the pattern has no parameter `a`");
    assert_eq!(rejection("/{a}", "/x"), "the path parameter `a`: not an integer from 0 to 255");
}

#[derive(Deserialize, Debug)]
struct Search {
    q: String,
    #[serde(default)]
    tag: Vec<u8>,
    page: Option<u32>,
}

fn search(Query(found): Query<Search>) -> String {
    format!("{} {:?} {:?}", found.q, found.tag, found.page)
}

#[test]
fn queries() {
    let rows = [
        ("GET /?q=a+b%21", 200, "a b! [] None"),
        ("GET /?q=&tag=1&x=y&tag=2&page=3", 200, " [1, 2] Some(3)"),
        ("GET /?q=%E4%B8%96", 200, "世 [] None"),
        ("GET /?page=3", 400, "the query does not fit: missing field `q`"),
        ("GET /", 400, "the query does not fit: missing field `q`"),
        ("GET /?q=a&page=x", 400, "the query does not fit: `page`: invalid digit found in string"),
        ("GET /?q=a&q=b", 400, "the query does not fit: `q`: unsupported value"),
    ];
    for (line, status, content) in rows {
        let found = ask(App::new().get("/", search), line, "", "");
        assert_eq!(found, (status, content.to_owned()), "{line}");
    }
    let maybe = |query: Option<Query<Search>>| format!("{}", query.is_some());
    for (line, status, content) in [("/", 200, "false"), ("/?q=1", 200, "true"), ("/?", 400, "")] {
        let (code, found) = ask(App::new().get("/", maybe), &format!("GET {line}"), "", "");
        assert_eq!((code, code == 400 || found == content), (status, true), "{line} {found}");
    }
}

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn bodies() {
    let app = || {
        App::new()
            .post("/json", |Json(Named { a }): Json<Named<u8>>| a.to_string())
            .post("/form", |Form(Named { a }): Form<Named<u8>>| a.to_string())
            .post("/bytes", |bytes: Bytes| bytes)
            .post("/text", |text: Text| text)
            .post("/string", async |text: String| text)
            .post("/maybe", |json: Option<Json<u8>>| format!("{json:?}"))
            .post("/refused", |json: Result<Json<u8>, crate::JsonRejection>| {
                json.expect_err("refused").to_string()
            })
    };
    let types = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n";
    let rows = [
        ("/json", JSON, "{\"a\":1}", 200, "1"),
        ("/json", "", "{\"a\":1}", 415, "the content type must be application/json"),
        (
            "/json",
            JSON,
            "{",
            400,
            "the body is not JSON at line 1, column 1: EOF while parsing an object",
        ),
        (
            "/json",
            JSON,
            "{\"a\":300}",
            422,
            "the JSON does not fit: `a`: invalid value: integer `300`, expected u8 at line 1 \
             column 8",
        ),
        ("/form", FORM, "a=1", 200, "1"),
        ("/form", types, "a=%31&b=2", 200, "1"),
        ("/form", JSON, "a=1", 415, "the content type must be application/x-www-form-urlencoded"),
        ("/form", FORM, "a=x", 422, "the form does not fit: `a`: invalid digit found in string"),
        ("/form", FORM, "", 422, "the form does not fit: missing field `a`"),
        ("/bytes", "", "abc", 200, "abc"),
        ("/text", "", "\u{e9}", 200, "\u{e9}"),
        ("/string", "", "\u{e9}", 200, "\u{e9}"),
        ("/maybe", "", "", 200, "None"),
        ("/maybe", JSON, "1", 200, "Some(Json(1))"),
        ("/maybe", "", "1", 415, "the content type must be application/json"),
        (
            "/maybe",
            JSON,
            "",
            400,
            "the body is not JSON at line 1, column 0: EOF while parsing a value",
        ),
        ("/refused", "", "1", 200, "the content type must be application/json"),
    ];
    for (path, headers, body, status, content) in rows {
        let found = ask(app(), &format!("POST {path}"), headers, body);
        assert_eq!(found, (status, content.to_owned()), "{path} {body}");
    }
    let app = App::new().post("/", |_: Text| ());
    let outcome = answer(app, request("POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"a\xff"));
    let wanted =
        br#"{"title":"Bad Request","status":400,"detail":"the body is not UTF-8 after 1 bytes"}"#;
    assert_eq!(outcome.response.body(), wanted);
}

struct Depth(u8);

impl HeaderField for Depth {
    const NAME: &'static str = "x-depth";

    fn from_value(value: &[u8]) -> Option<Self> {
        core::str::from_utf8(value).ok()?.parse().ok().map(Self)
    }
}

#[test]
fn headers() {
    let app = || {
        App::new()
            .get("/one", |Header(Depth(depth)): Header<Depth>| depth.to_string())
            .get("/maybe", |depth: Option<Header<Depth>>| depth.is_some().to_string())
            .get("/all", |headers: Headers| {
                let all: Vec<_> = headers.get_all("x-a").map(<[u8]>::escape_ascii).collect();
                let first = headers.get_str("X-A").unwrap_or_default().to_owned();
                format!("{} {all:?} {first} {headers:?}", headers.len()).replace("EscapeAscii", "")
            })
    };
    let rows = [
        ("/one", "X-Depth: 3\r\n", 200, "3"),
        ("/one", "", 400, "the header `x-depth` is missing"),
        ("/one", "x-depth: many\r\n", 400, "the value of the header `x-depth` is invalid"),
        ("/maybe", "", 200, "false"),
        ("/maybe", "x-depth: 1\r\n", 200, "true"),
        ("/maybe", "x-depth: x\r\n", 400, "the value of the header `x-depth` is invalid"),
    ];
    for (path, headers, status, content) in rows {
        let found = ask(app(), &format!("GET {path}"), headers, "");
        assert_eq!(found, (status, content.to_owned()), "{path} {headers}");
    }
    let (status, content) = ask(app(), "GET /all", "X-a: 1\r\nx-A: 2\r\n", "");
    assert_eq!(status, 200);
    assert!(content.starts_with("3 [") && content.ends_with("1 Headers(3 lines)"), "{content}");
}

#[test]
fn up_to_eight_arguments_in_their_order() {
    #[expect(clippy::too_many_arguments, reason = "that is what is tested")]
    fn eight(
        method: Method,
        Path(id): Path<u8>,
        Query(search): Query<Search>,
        headers: Headers,
        state: State<u32>,
        depth: Option<Header<Depth>>,
        refused: Result<Header<Depth>, HeaderRejection>,
        Json(body): Json<u8>,
    ) -> String {
        let (q, count) = (search.q, headers.len());
        format!(
            "{method} {id} {q} {count} {} {} {} {body}",
            *state,
            depth.is_some(),
            refused.is_err()
        )
    }
    let app = || App::new().state(5_u32).put("/{id}", eight);
    let found = ask(app(), "PUT /1?q=a", JSON, "9");
    assert_eq!(found, (200, "PUT 1 a 2 5 false true 9".to_owned()));
    // Everything is wrong: the first is told.
    let (status, detail) = ask(app(), "PUT /x", "", "");
    assert_eq!((status, detail.contains("`id`")), (400, true), "{detail}");
    async fn later(Path(id): Path<String>, request: Request) -> String {
        format!("{id} {}", request.path())
    }
    assert_eq!(ask(App::new().get("/{id}", later), "GET /a", "", ""), (200, "a /a".to_owned()));
}

#[test]
fn the_nearest_state_is_taken_and_one_must_be_there() {
    let inner = || App::new().get("/b", |a: State<u8>, b: State<u16>| format!("{} {}", *a, *b));
    let app = App::new().nest("/a", inner().state(1_u8)).state(2_u16).state(3_u8);
    assert_eq!(ask(app, "GET /a/b", "", ""), (200, "1 2".to_owned()));
    let missing = App::new().nest("/a", inner()).state(2_u16).compile().map(drop);
    let wanted = RouteError::MissingState {
        method: Some(Method::Get),
        pattern: "/a/b".to_owned(),
        type_name: "u8",
    };
    assert_eq!(missing, Err(wanted));
    let fallback =
        App::new().nest("/a", App::new().fallback(|_: State<u8>| ())).compile().map(drop);
    let wanted =
        RouteError::MissingState { method: None, pattern: "/a".to_owned(), type_name: "u8" };
    assert_eq!(fallback, Err(wanted));
    let twice = App::new().state(1_u8).state(2_u8).compile().map(drop);
    assert_eq!(twice, Err(RouteError::DuplicateState { type_name: "u8" }));
    let optional = |state: Option<State<u8>>| format!("{:?}", state.map(|state| *state));
    assert_eq!(ask(App::new().get("/", optional), "GET /", "", ""), (200, "None".to_owned()));
}

#[test]
fn a_panic_while_extracting_stays_in() {
    struct Bomb;

    impl FromHead for Bomb {
        type Rejection = Infallible;

        fn from_head(_: &Request, _: &Scope) -> Result<Self, Infallible> {
            panic!("while extracting")
        }
    }
    for app in [App::new().get("/", |_: Bomb| ()), App::new().get("/", async |_: Bomb| ())] {
        let outcome = answer(app, request("GET / HTTP/1.1\r\nHost: a\r\n\r\n", b""));
        assert_eq!((outcome.response.status().code(), outcome.panicked), (500, true));
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Every field that a value can be read from, and a list.
#[derive(Deserialize, Debug, PartialEq, Clone)]
struct Everything {
    number: u64,
    signed: i32,
    float: f64,
    flag: bool,
    letter: char,
    text: String,
    maybe: Option<u8>,
    #[serde(default)]
    list: Vec<String>,
}

impl Everything {
    /// As `name=value` pairs, in an order of their own.
    fn pairs(&self) -> String {
        let mut pairs = vec![
            format!("number={}", self.number),
            format!("flag={}", self.flag),
            format!("text={}", encoded(&self.text)),
        ];
        pairs.extend(self.list.iter().map(|each| format!("list={}", encoded(each))));
        pairs.push(format!("letter={}", encoded(&self.letter.to_string())));
        pairs.extend(self.maybe.map(|maybe| format!("maybe={maybe}")));
        pairs.push(format!("float={}&signed={}", self.float, self.signed));
        pairs.join("&")
    }
}

prop_compose! {
    fn everything()(
        (number, signed, flag, letter) in any::<(u64, i32, bool, char)>(),
        float in prop::num::f64::NORMAL,
        text in ".{0,9}",
        maybe in any::<Option<u8>>(),
        list in prop::collection::vec(".{0,5}", 0..4),
    ) -> Everything {
        Everything { number, signed, float, flag, letter, text, maybe, list }
    }
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in everything()) {
        let pairs = value.pairs();
        let wanted = value.clone();
        let query = move |Query(found): Query<Everything>| (found == wanted).to_string();
        let found = ask(App::new().get("/", query), &format!("GET /?{pairs}"), "", "");
        prop_assert_eq!(found, (200, "true".to_owned()));
        let wanted = value.clone();
        let form = move |Form(found): Form<Everything>| (found == wanted).to_string();
        let found = ask(App::new().post("/", form), "POST /", FORM, &pairs);
        prop_assert_eq!(found, (200, "true".to_owned()));

        let text = format!("x{}", value.text);
        let path = format!("/{}/{}/{}", value.number, encoded(&text), value.signed);
        let wanted = (value.number, text, value.signed);
        let tuple = move |Path(found): Path<(u64, String, i32)>| (found == wanted).to_string();
        let app = App::new().get("/{number}/{text}/{signed}", tuple);
        prop_assert_eq!(ask(app, &format!("GET {path}"), "", ""), (200, "true".to_owned()));
    }

    /// Nothing that a peer can send gets past the fence, or is the server's fault.
    #[test]
    fn whatever_is_sent_is_taken_or_refused(
        query in "((number|flag|list|[a-z]?)=?(%[0-9a-f]{2}|[a-z0-9+;=.~-]){0,5}&?){0,5}",
        part in "(%[0-9a-f]{2}|[a-z0-9.-]){1,6}",
        body in "\\PC{0,40}",
    ) {
        let app = || {
            App::new()
                .get("/q", |Query(_): Query<Everything>| ())
                .get("/p/{number}", |Path(_): Path<i16>| ())
                .post("/f", |Form(_): Form<Everything>| ())
                .post("/j", |Json(_): Json<Everything>| ())
        };
        let rows = [
            ask(app(), &format!("GET /q?{query}"), "", ""),
            ask(app(), &format!("GET /p/{part}"), "", ""),
            ask(app(), "POST /f", FORM, &body),
            ask(app(), "POST /j", JSON, &body),
        ];
        for (status, detail) in rows {
            prop_assert!([200, 400, 422].contains(&status), "{} {}", status, detail);
        }
    }
}

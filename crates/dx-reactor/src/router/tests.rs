//! The table of routing.

use core::cell::Cell;
use core::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::*;
use crate::app::App;
use crate::handler::poll_reply;
use crate::request::tests::request;
use crate::response::Response;

/// The answer to `METHOD target`.
fn answer(router: &Router, line: &str) -> Response {
    let outcome = outcome(router, line);
    assert!(!outcome.panicked, "{line}");
    outcome.response
}

fn outcome(router: &Router, line: &str) -> Outcome {
    let head = format!("{line} HTTP/1.1\r\nHost: a\r\n\r\n");
    match router.dispatch(request(&head, b"")) {
        Dispatched::Ready(outcome) => outcome,
        Dispatched::Pending(mut future) => {
            let mut cx = Context::from_waker(Waker::noop());
            match poll_reply(&mut future, &mut cx) {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => panic!("{line}: still pending"),
            }
        }
    }
}

fn compile(app: App) -> Router {
    app.compile().expect("the routes are good")
}

/// Status, and content if it is no problem or else what `Allow` says.
fn brief(response: &Response) -> (u16, String) {
    let allow = response.header("allow").map(|value| value.as_bytes());
    let problem = response.content_type().is_some_and(|value| value.as_bytes().ends_with(b"+json"));
    let content = if problem { &[][..] } else { response.body() };
    let text = String::from_utf8_lossy(allow.unwrap_or(content)).into_owned();
    (response.status().code(), text)
}

fn check(router: &Router, rows: &[(&str, u16, &str)]) {
    for (line, status, text) in rows {
        let found = brief(&answer(router, line));
        assert_eq!(found, (*status, (*text).to_owned()), "{line}");
    }
}

/// Writes the pattern's name and all parameters.
fn show(name: &'static str) -> impl Fn(Request) -> String {
    move |request: Request| format!("{name} {:?}", request.params().collect::<Vec<_>>())
}

#[test]
fn paths() {
    let router = compile(
        App::new()
            .get("/", show("root"))
            .get("/a", show("a"))
            .get("/a/", show("a/"))
            .get("/a/b", show("a/b"))
            .get("/a/{x}", show("x"))
            .get("/a/{x}/c", show("xc"))
            .get("/a/{x}/{y}/{z}/{u}/{v}", show("many"))
            .get("/files/{*rest}", show("files"))
            .get("/files/list", show("list"))
            .get("/doc/{name}.json", show("json"))
            .get("/doc/{name}", show("doc"))
            .get("/caf%C3%A9", show("cafe")),
    );
    check(
        &router,
        &[
            ("GET /", 200, "root []"),
            ("GET /?a=/b", 200, "root []"),
            ("GET http://other", 200, "root []"),
            ("GET http://other/a", 200, "a []"),
            ("GET http://other/a/1?x", 200, r#"x [("x", "1")]"#),
            ("GET /a", 200, "a []"),
            ("GET /a/", 200, "a/ []"),
            ("GET /A", 404, ""),
            ("GET /%61", 404, ""),
            ("GET /aa", 404, ""),
            ("GET //a", 404, ""),
            ("GET /a/b", 200, "a/b []"),
            ("GET /a/bb", 200, r#"x [("x", "bb")]"#),
            ("GET /a/b/", 404, ""),
            ("GET /a/b/c", 200, r#"xc [("x", "b")]"#),
            ("GET /a//c", 404, ""),
            (
                "GET /a/1/2/3/4/5",
                200,
                r#"many [("x", "1"), ("y", "2"), ("z", "3"), ("u", "4"), ("v", "5")]"#,
            ),
            ("GET /files", 404, ""),
            ("GET /files/", 404, ""),
            ("GET /files/x", 200, r#"files [("rest", "x")]"#),
            ("GET /files/x/../y/", 200, r#"files [("rest", "x/../y/")]"#),
            ("GET /files/list", 200, "list []"),
            ("GET /files/list/x", 200, r#"files [("rest", "list/x")]"#),
            ("GET /doc/a.json", 200, r#"json [("name", "a")]"#),
            ("GET /doc/a.txt", 200, r#"doc [("name", "a.txt")]"#),
            ("GET /caf%C3%A9", 200, "cafe []"),
            ("GET /caf%c3%a9", 404, ""),
        ],
    );
}

#[test]
fn params_are_decoded_or_refused() {
    let router = compile(
        App::new()
            .get("/one/{x}", show("one"))
            .get("/two/{x}/{y}", show("two"))
            .get("/all/{*x}", show("all"))
            .get("/%{x}", show("cut")),
    );
    check(
        &router,
        &[
            ("GET /one/a+b", 200, r#"one [("x", "a+b")]"#),
            ("GET /one/a%20b", 200, r#"one [("x", "a b")]"#),
            ("GET /one/a%2Fb", 200, r#"one [("x", "a/b")]"#),
            ("GET /one/%E4%B8%96", 200, "one [(\"x\", \"\u{4e16}\")]"),
            ("GET /one/%25", 200, r#"one [("x", "%")]"#),
            ("GET /one/%2525", 200, r#"one [("x", "%25")]"#),
            ("GET /two/%61/b", 200, r#"two [("x", "a"), ("y", "b")]"#),
            ("GET /two/a/%62", 200, r#"two [("x", "a"), ("y", "b")]"#),
            ("GET /two/%61/%62", 200, r#"two [("x", "a"), ("y", "b")]"#),
            ("GET /all/a/%2e%2e/%62", 200, r#"all [("x", "a/../b")]"#),
            ("GET /one/%FF", 400, ""),
            ("GET /two/a/%E4%B8", 400, ""),
            ("GET /all/a/%C0%AF", 400, ""),
            ("GET /%41", 200, r#"cut [("x", "41")]"#),
            // The escape begins inside the pattern's text and ends in the value.
            ("GET /%25%41", 200, r#"cut [("x", "25A")]"#),
        ],
    );
    let detail = answer(&router, "GET /one/%FF");
    let wanted = br#"{"title":"Bad Request","status":400,"detail":"the path is not UTF-8"}"#;
    assert_eq!(detail.body(), wanted);
}

#[test]
fn params_are_not_copied() {
    let app = App::new().get("/{a}/{b}", |request: Request| {
        let (a, b) = (request.param_text("a").unwrap(), request.param_text("b").unwrap());
        let path = request.path_bytes().as_ptr_range();
        assert!(path.contains(&a.as_bytes().as_ptr()));
        assert!(!path.contains(&b.as_bytes().as_ptr()));
        let again = request.param_text("b").unwrap();
        assert_eq!(again.as_ptr(), b.as_ptr());
        assert_eq!(request.param("b").map(str::as_ptr), Some(b.as_ptr()));
        assert_eq!(request.param_text("c"), None);
        drop(request);
        format!("{a} {b}")
    });
    let router = compile(app);
    check(&router, &[("GET /first/%73econd", 200, "first second")]);
    // The memory of the last request is used again.
    check(&router, &[("GET /x/%79", 200, "x y")]);
}

#[test]
fn methods() {
    let router = compile(
        App::new()
            .get("/read", "read".answered())
            .get("/both", "get".answered())
            .head("/both", "head".answered())
            .post("/write", "post".answered())
            .put("/write", "put".answered())
            .patch("/write", "patch".answered())
            .delete("/write", "delete".answered())
            .options("/own", "options".answered())
            .route(Method::Trace, "/own", "trace".answered())
            .route(Method::Other, "/other", |request: Request| request.method_str().to_owned()),
    );
    check(
        &router,
        &[
            ("GET /read", 200, "read"),
            ("HEAD /read", 200, "read"),
            ("OPTIONS /read", 204, "GET, HEAD, OPTIONS"),
            ("POST /read", 405, "GET, HEAD, OPTIONS"),
            ("TRACE /read", 405, "GET, HEAD, OPTIONS"),
            ("PURGE /read", 405, "GET, HEAD, OPTIONS"),
            ("get /read", 405, "GET, HEAD, OPTIONS"),
            ("HEAD /both", 200, "head"),
            ("GET /both", 200, "get"),
            ("POST /write", 200, "post"),
            ("PUT /write", 200, "put"),
            ("PATCH /write", 200, "patch"),
            ("DELETE /write", 200, "delete"),
            ("GET /write", 405, "POST, PUT, PATCH, DELETE, OPTIONS"),
            ("HEAD /write", 405, "POST, PUT, PATCH, DELETE, OPTIONS"),
            ("OPTIONS /own", 200, "options"),
            ("TRACE /own", 200, "trace"),
            ("GET /own", 405, "OPTIONS, TRACE"),
            ("PURGE /other", 200, "PURGE"),
            ("GET /other", 405, "OPTIONS"),
            ("OPTIONS *", 204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"),
            ("CONNECT a:1", 501, ""),
            ("GET /none", 404, ""),
            ("OPTIONS /none", 404, ""),
            ("PURGE /none", 501, ""),
        ],
    );
    check(&compile(App::new()), &[("GET /", 404, ""), ("OPTIONS *", 204, "OPTIONS")]);
}

/// Shortens tables: a handler that answers this text.
trait Answered {
    fn answered(self) -> impl Fn() -> &'static str;
}

impl Answered for &'static str {
    fn answered(self) -> impl Fn() -> &'static str {
        move || self
    }
}

#[test]
fn nesting_and_fallbacks() {
    let inner = App::new()
        .get("/", show("inner root"))
        .get("/x", show("inner x"))
        .get("/{id}/z", show("inner z"))
        .fallback(show("inner fallback"));
    let middle = App::new().get("/m", show("middle")).nest("/inner", inner);
    let router = compile(
        App::new()
            .nest("/{tenant}/api", middle)
            .nest("/plain", App::new().get("/p", show("plain")))
            .fallback(show("outer fallback")),
    );
    check(
        &router,
        &[
            ("GET /t/api/m", 200, r#"middle [("tenant", "t")]"#),
            ("GET /t/api/inner", 200, r#"inner root [("tenant", "t")]"#),
            ("GET /t/api/inner/", 200, r#"inner fallback [("tenant", "t")]"#),
            ("GET /t/api/inner/x", 200, r#"inner x [("tenant", "t")]"#),
            ("GET /t/api/inner/1/z", 200, r#"inner z [("tenant", "t"), ("id", "1")]"#),
            ("GET /%74/api/inner/1/2", 200, r#"inner fallback [("tenant", "t")]"#),
            ("PURGE /t/api/inner/1/2", 200, r#"inner fallback [("tenant", "t")]"#),
            ("GET /%ff/api/inner/1/2", 400, ""),
            ("GET /t/api/innerx", 200, "outer fallback []"),
            ("GET /t/api", 200, "outer fallback []"),
            ("GET /plain/p", 200, "plain []"),
            ("GET /plain/q", 200, "outer fallback []"),
            ("PURGE /plain/q", 200, "outer fallback []"),
            ("POST /plain/p", 405, "GET, HEAD, OPTIONS"),
            ("OPTIONS *", 204, "GET, HEAD, OPTIONS"),
            ("CONNECT a:1", 501, ""),
        ],
    );
}

#[test]
fn the_fallback_of_the_longest_prefix_answers() {
    let inner = App::new().get("/x", show("x")).fallback(show("inner"));
    let outer = App::new().nest("/{rest}", inner).nest("/b", App::new().fallback(show("b")));
    let router = compile(App::new().nest("/a", outer.fallback(show("outer"))));
    check(
        &router,
        &[
            ("GET /a/1/x", 200, r#"x [("rest", "1")]"#),
            ("GET /a/1/y", 200, r#"inner [("rest", "1")]"#),
            ("GET /a/1", 200, r#"inner [("rest", "1")]"#),
            ("GET /a/b", 200, "b []"),
            ("GET /a/b/x", 200, r#"x [("rest", "b")]"#),
            ("GET /a/b/y", 200, "b []"),
            ("GET /a/", 200, "outer []"),
            ("GET /a", 200, "outer []"),
            ("GET /", 404, ""),
        ],
    );
}

#[test]
fn faults() {
    let h = || "";
    let conflict = |pattern: &str, methods: &[Method], with: &str, with_methods: &[Method]| {
        RouteError::Conflict {
            pattern: pattern.into(),
            methods: methods.into(),
            with: with.into(),
            with_methods: with_methods.into(),
        }
    };
    let pattern = |pattern: &str, fault| RouteError::Pattern { pattern: pattern.into(), fault };
    let prefix = |prefix: &str, fault| RouteError::Prefix { prefix: prefix.into(), fault };
    let app = App::new;
    let rows = [
        (
            app().get("/a", h).post("/a", h).get("/a", h),
            RouteError::Duplicate { method: Method::Get, pattern: "/a".into() },
        ),
        (
            app().get("/u/{id}", h).put("/u/{id}", h).post("/u/{name}", h),
            conflict("/u/{name}", &[Method::Post], "/u/{id}", &[Method::Get, Method::Put]),
        ),
        (
            app().get("/n/{id}", h).nest("/n", app().delete("/{other}", h)),
            conflict("/n/{other}", &[Method::Delete], "/n/{id}", &[Method::Get]),
        ),
        (app().get("a", h), pattern("a", PatternFault::NoLeadingSlash)),
        (app().nest("/n", app().get("a", h)), pattern("a", PatternFault::NoLeadingSlash)),
        (
            app().nest("/{x}", app().get("/{x}", h)),
            pattern("/{x}/{x}", PatternFault::DuplicateParam),
        ),
        (app().get("/{a}{b}", h), pattern("/{a}{b}", PatternFault::SeveralParamsInSegment)),
        (app().nest("/n/", app()), prefix("/n/", PatternFault::TrailingSlash)),
        (app().nest("/", app()), prefix("/", PatternFault::TrailingSlash)),
        (app().nest("", app()), prefix("", PatternFault::NoLeadingSlash)),
        (app().nest("/{*a}", app()), prefix("/{*a}", PatternFault::MisplacedCatchAll)),
        (app().nest("/a", app().nest("b", app())), prefix("b", PatternFault::NoLeadingSlash)),
        (
            app().route(Method::Connect, "/a", h),
            RouteError::Unroutable { method: Method::Connect, pattern: "/a".into() },
        ),
        (
            app().fallback(h).fallback(h),
            RouteError::DuplicateFallback { prefix: String::new(), with: String::new() },
        ),
        (
            app().nest("/{a}", app().fallback(h)).nest("/{b}", app().fallback(h)),
            RouteError::DuplicateFallback { prefix: "/{b}".into(), with: "/{a}".into() },
        ),
        (
            app().get("/a/{x}", h).get("/a/{*y}", h),
            conflict("/a/{*y}", &[Method::Get], "/a/{x}", &[Method::Get]),
        ),
    ];
    for (row, (app, wanted)) in rows.into_iter().enumerate() {
        assert_eq!(app.compile().err(), Some(wanted), "row {row}");
    }
}

#[test]
fn panics_are_fenced_in() {
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    let router =
        compile(App::new().get("/sync", || -> () { panic!("sync") }).get("/async", move || {
            counted.set(counted.get() + 1);
            async {
                if true {
                    panic!("async")
                }
            }
        }));
    for line in ["GET /sync", "GET /async", "HEAD /async"] {
        let outcome = outcome(&router, line);
        let status = outcome.response.status();
        assert_eq!((status, outcome.panicked), (Status::INTERNAL_SERVER_ERROR, true), "{line}");
    }
    assert_eq!(calls.get(), 2);
}

/// Which pattern matches, by rule: segment by segment, text before `{name}` before `{*name}`.
fn oracle<'p>(patterns: &[&'p str], path: &str) -> Option<&'p str> {
    let rank = |pattern: &&'p str| -> Option<Vec<u8>> {
        let mut rank = Vec::new();
        let mut segments = path[1..].split('/');
        for part in pattern[1..].split('/') {
            if part.starts_with("{*") {
                rank.push(2);
                let rest = segments.collect::<Vec<_>>().join("/");
                return (!rest.is_empty()).then_some(rank);
            }
            let segment = segments.next()?;
            let param = part.starts_with('{');
            if if param { segment.is_empty() } else { segment != part } {
                return None;
            }
            rank.push(u8::from(param));
        }
        segments.next().is_none().then_some(rank)
    };
    let ranked = patterns.iter().filter_map(|pattern| Some((rank(pattern)?, *pattern)));
    ranked.min().map(|(_, pattern)| pattern)
}

const PATTERN: &str = r"(/(a|b|ab|\{x[0-3]\})){1,4}(/|/\{\*r\})?";

proptest! {
    #[test]
    fn routing_follows_the_rule(
        patterns in prop::collection::btree_set(PATTERN, 1..8),
        paths in prop::collection::vec("(/(a|b|ab|c|)){1,5}", 1..20),
    ) {
        // Patterns that are refused alone or next to earlier ones are left out.
        let build = |patterns: &[String]| {
            let app = patterns.iter().fold(App::new(), |app, pattern| {
                let name = pattern.clone();
                app.get(pattern, move || name.clone())
            });
            app.compile()
        };
        let mut good: Vec<String> = Vec::new();
        for pattern in patterns {
            good.push(pattern);
            if build(&good).is_err() {
                good.pop();
            }
        }
        let router = build(&good).expect("each was added because this worked");
        let names: Vec<&str> = good.iter().map(|pattern| &**pattern).collect();
        for path in paths {
            let found = answer(&router, &format!("GET {path}"));
            let wanted = oracle(&names, &path);
            let status = found.status();
            let found = (status == Status::OK).then(|| str::from_utf8(found.body()).unwrap());
            prop_assert_eq!(found, wanted, "{} in {:?}", path, names);
        }
    }

    #[test]
    fn no_pattern_panics(
        patterns in prop::collection::vec("[/ab{}*.%\\PC]{0,12}", 1..6),
        prefix in "[/ab{}*]{0,5}",
        path in "(/[ab.]{0,3}){1,4}",
    ) {
        let inner = patterns.iter().fold(App::new(), |app, pattern| app.get(pattern, || ""));
        let app = App::new().nest(&prefix, inner.fallback(|| "")).get("/a/{x}", || "");
        if let Ok(router) = app.compile() {
            answer(&router, &format!("GET {path}"));
        }
        for pattern in &patterns {
            if let Ok(router) = App::new().get(pattern, || "").compile() {
                answer(&router, &format!("GET {path}"));
            }
        }
    }
}

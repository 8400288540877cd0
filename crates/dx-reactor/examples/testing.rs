//! How an application is tested: in memory, at once, with a clock that the test owns.
//!
//! Try it: `cargo run --example testing`. In a project of your own, `dx-reactor` is a
//! dev-dependency with the feature `testing`, `app` is your application, and each block below is a
//! `#[test]`.

use std::cell::Cell;
use std::time::Duration;

use dx_reactor::testing::TestClient;
use dx_reactor::{App, Json, Path, State, Status};
use serde::{Deserialize, Serialize};

/// The application under test: votes, closed a minute after the first.
#[derive(Default)]
struct Votes {
    yes: Cell<u32>,
    no: Cell<u32>,
    closes: Cell<Option<dx_reactor::io::Instant>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Vote {
    Yes,
    No,
}

fn vote(votes: State<Votes>, Json(vote): Json<Vote>) -> Status {
    let now = dx_rt::time::now();
    let closes = votes.closes.get().unwrap_or(now + Duration::from_secs(60));
    if now >= closes {
        return Status::CONFLICT;
    }
    votes.closes.set(Some(closes));
    let count = match vote {
        Vote::Yes => &votes.yes,
        Vote::No => &votes.no,
    };
    count.set(count.get() + 1);
    Status::ACCEPTED
}

async fn outcome(votes: State<Votes>, Path(seconds): Path<u64>) -> Json<(u32, u32)> {
    dx_rt::time::sleep(Duration::from_secs(seconds)).await;
    Json((votes.yes.get(), votes.no.get()))
}

fn app() -> App {
    App::new().state(Votes::default()).post("/votes", vote).get("/outcome/{seconds}", outcome)
}

pub(crate) fn main() {
    let client = TestClient::new(app);

    // A request is a line, and its answer is there.
    assert_eq!(client.post("/votes").json(&Vote::Yes).send().status(), Status::ACCEPTED);
    assert_eq!(client.get("/outcome/0").send().json::<(u32, u32)>(), (1, 0));

    // What a client does wrong is told where it is.
    let refused = client.post("/votes").json(&"perhaps").send();
    assert_eq!(refused.status(), Status::UNPROCESSABLE_CONTENT);
    assert!(refused.text().contains("unknown variant `perhaps`"), "{refused:?}");

    // A handler that waits is answered when the test lets time pass; nobody sleeps.
    let later = client.get("/outcome/30").start();
    assert_eq!(client.post("/votes").json(&Vote::No).send().status(), Status::ACCEPTED);
    client.advance(Duration::from_secs(29));
    assert!(!later.is_answered());
    client.advance(Duration::from_secs(1));
    assert_eq!(later.finish().json::<(u32, u32)>(), (1, 1));

    // Time has its effects.
    client.advance(Duration::from_secs(30));
    assert_eq!(client.post("/votes").json(&Vote::No).send().status(), Status::CONFLICT);

    // Every client has a server of its own.
    let other = TestClient::new(app);
    assert_eq!(other.get("/outcome/0").send().json::<(u32, u32)>(), (0, 0));
    println!("all as it should be");
}

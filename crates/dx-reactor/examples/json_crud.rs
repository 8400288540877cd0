//! Notes in a database, as JSON: create, read, update, delete.
//!
//! SQLite blocks, so its calls go to threads that may (`dx_rt::spawn_blocking`); meanwhile the
//! worker answers others.
//!
//! Try it: `cargo run --example json_crud -- notes.db`, then
//!
//! ```text
//! notes=http://127.0.0.1:8080/notes json='content-type: application/json'
//! curl -i -H "$json" -d '{"text":"milk"}' $notes
//! curl -i $notes/1
//! curl -i -X PUT -H "$json" -d '{"text":"tea"}' $notes/1
//! curl -i "$notes?search=te&limit=10"
//! curl -i -X DELETE $notes/1
//! curl -i -H "$json" -d '{"text":5}' $notes
//! ```

use std::sync::{Arc, Mutex, PoisonError};

use dx_reactor::{
    App, DxReactor, HeaderName, HeaderValue, IntoResponse, Json, Path, Problem, Query, Response,
    State, Status,
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};

/// One connection for each worker. Threads of the pool take turns at it.
#[derive(Clone)]
pub(crate) struct Db(Arc<Mutex<Connection>>);

impl Db {
    pub(crate) fn open(path: &str) -> Result<Self, rusqlite::Error> {
        let db = Connection::open(path)?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.execute_batch(
            "create table if not exists notes (id integer primary key, text text not null)",
        )?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    /// Runs `job` where it may block.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, Failure> {
        let db = self.0.clone();
        let work = move || job(&db.lock().unwrap_or_else(PoisonError::into_inner));
        match dx_rt::spawn_blocking(work).await {
            Ok(outcome) => outcome.map_err(Failure::Database),
            Err(_) => Err(Failure::Busy),
        }
    }
}

/// Why a note cannot be had.
enum Failure {
    Missing,
    Database(rusqlite::Error),
    /// The pool's queue is full.
    Busy,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let problem = match self {
            Self::Missing => Problem::new(Status::NOT_FOUND).with_detail("no such note"),
            Self::Busy => Problem::new(Status::SERVICE_UNAVAILABLE),
            Self::Database(error) => {
                eprintln!("json_crud: {error}"); // for us, not for the client
                Problem::new(Status::INTERNAL_SERVER_ERROR)
            }
        };
        problem.into_response()
    }
}

#[derive(Deserialize)]
struct Draft {
    text: String,
}

#[derive(Serialize)]
struct Note {
    id: i64,
    text: String,
}

impl Note {
    fn read(row: &Row<'_>) -> Result<Self, rusqlite::Error> {
        Ok(Self { id: row.get(0)?, text: row.get(1)? })
    }
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    search: String,
    limit: Option<u8>,
}

async fn list(db: State<Db>, Query(filter): Query<Filter>) -> Result<Json<Vec<Note>>, Failure> {
    let limit = filter.limit.unwrap_or(100);
    let notes = db.run(move |db| {
        let mut query = db.prepare_cached(
            "select id, text from notes where instr(text, ?1) > 0 order by id limit ?2",
        )?;
        query.query_map((filter.search, limit), Note::read)?.collect()
    });
    notes.await.map(Json)
}

async fn create(db: State<Db>, Json(draft): Json<Draft>) -> Result<impl IntoResponse, Failure> {
    const LOCATION: HeaderName = HeaderName::from_static("location");
    let note = db.run(|db| {
        db.prepare_cached("insert into notes (text) values (?1)")?.execute([&draft.text])?;
        Ok(Note { id: db.last_insert_rowid(), text: draft.text })
    });
    let note = note.await?;
    let place = HeaderValue::new(format!("/notes/{}", note.id)).expect("digits");
    Ok((Status::CREATED, [(LOCATION, place)], Json(note)))
}

async fn read(db: State<Db>, Path(id): Path<i64>) -> Result<Json<Note>, Failure> {
    let note = db.run(move |db| {
        let mut query = db.prepare_cached("select id, text from notes where id = ?1")?;
        query.query_row([id], Note::read).optional()
    });
    note.await?.map(Json).ok_or(Failure::Missing)
}

async fn update(
    db: State<Db>,
    Path(id): Path<i64>,
    Json(draft): Json<Draft>,
) -> Result<Json<Note>, Failure> {
    let note = db.run(move |db| {
        let mut query = db.prepare_cached("update notes set text = ?2 where id = ?1")?;
        let changed = query.execute((id, &draft.text))?;
        Ok((changed > 0).then_some(Note { id, text: draft.text }))
    });
    note.await?.map(Json).ok_or(Failure::Missing)
}

async fn delete(db: State<Db>, Path(id): Path<i64>) -> Result<Status, Failure> {
    let deleted =
        db.run(move |db| db.prepare_cached("delete from notes where id = ?1")?.execute([id]));
    if deleted.await? > 0 { Ok(Status::NO_CONTENT) } else { Err(Failure::Missing) }
}

pub(crate) fn app(db: Db) -> App {
    App::new()
        .state(db)
        .get("/notes", list)
        .post("/notes", create)
        .get("/notes/{id}", read)
        .put("/notes/{id}", update)
        .delete("/notes/{id}", delete)
}

pub(crate) fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| {
        eprintln!("json_crud: say where the notes are: json_crud notes.db");
        std::process::exit(2);
    });
    let opened = move |worker| match Db::open(&path) {
        Ok(db) => app(db),
        Err(error) => panic!("{path}, {worker:?}: {error}"),
    };
    let server = DxReactor::build().app(opened).build();
    let ended = server.ignite_with(|running| println!("http://{}/notes", running.addr()));
    if let Err(error) = ended {
        eprintln!("json_crud: {error}");
        std::process::exit(1);
    }
}

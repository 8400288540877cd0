//! Files of any length in both directions, a piece at a time.
//!
//! Try it: `cargo run --example streaming_upload`, then
//! `curl -T BIG_FILE http://127.0.0.1:8080/files/one` and
//! `curl http://127.0.0.1:8080/files/one | cmp - BIG_FILE`. The server's memory does not grow with
//! the file: pieces are written as they come, a slow disk slows the client down, and the way back
//! is sendfile(2). `curl http://127.0.0.1:8080/count/100000` is content that is made while it is
//! sent.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use dx_io::FileBuf;
use dx_reactor::{
    App, Body, BodyError, BodyStream, BodyStreamError, BodyWriter, DxReactor, IntoResponse, Path,
    Problem, Response, ServerError, State, Status,
};
use dx_rt::fs::File;

/// Where the files are.
struct Folder(PathBuf);

/// Why a file could not be taken.
enum Failure {
    Name,
    Client(BodyStreamError),
    Disk(io::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Name => Status::NOT_FOUND.into_response(),
            Self::Client(error) => error.into_response(),
            Self::Disk(error) => {
                eprintln!("streaming_upload: {error}");
                Problem::new(Status::INTERNAL_SERVER_ERROR).into_response()
            }
        }
    }
}

/// A path below the folder: names of letters and digits lead nowhere else.
fn place(folder: &Folder, name: &str) -> Result<PathBuf, Failure> {
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { Ok(folder.0.join(name)) } else { Err(Failure::Name) }
}

async fn put(
    State(folder): State<Folder>,
    Path(name): Path<String>,
    body: BodyStream,
) -> Result<(Status, String), Failure> {
    let path = place(&folder, &name)?;
    // Under another name until it is whole, so that nobody gets half a file.
    let unfinished = path.with_extension("part");
    let bytes = match take(unfinished.clone(), body).await {
        Ok(bytes) => bytes,
        Err(failure) => {
            blocking(move || std::fs::remove_file(unfinished)).await.map_err(Failure::Disk)?;
            return Err(failure);
        }
    };
    blocking(move || std::fs::rename(unfinished, path)).await.map_err(Failure::Disk)?;
    Ok((Status::CREATED, format!("{bytes} bytes\n")))
}

/// Writes the content to a new file; its length.
async fn take(path: PathBuf, mut body: BodyStream) -> Result<u64, Failure> {
    let file = blocking(|| std::fs::File::create(path)).await.map_err(Failure::Disk)?;
    let file = File::from(file);
    let mut written = 0;
    while let Some(piece) = body.next().await {
        let mut rest = piece.map_err(Failure::Client)?.into_vec();
        while !rest.is_empty() {
            let (count, buffer) = file.write_at(FileBuf::Owned(rest), written).await;
            let count = count.map_err(Failure::Disk)?;
            written += count as u64;
            rest = buffer[count..].to_vec();
        }
    }
    Ok(written)
}

async fn get(State(folder): State<Folder>, Path(name): Path<String>) -> Result<Response, Failure> {
    let path = place(&folder, &name)?;
    let opened = blocking(|| {
        let file = std::fs::File::open(path)?;
        let length = file.metadata()?.len();
        Ok((file, length))
    });
    let (file, length) = opened.await.map_err(|_| Failure::Name)?;
    Ok(Response::bytes("application/octet-stream", Body::file(file.into(), 0..length)))
}

/// Numbers, a line each.
fn count(Path(last): Path<u64>) -> Response {
    Response::text(Body::written_by(async move |mut out: BodyWriter| {
        for first in (1..=last).step_by(1000) {
            let lines = first..=last.min(first + 999);
            out.write(lines.map(|number| format!("{number}\n")).collect::<String>()).await?;
        }
        Ok::<(), BodyError>(())
    }))
}

/// Calls the system where it may take its time.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    dx_rt::spawn_blocking(call).await.unwrap_or_else(|_| Err(io::ErrorKind::ResourceBusy.into()))
}

pub(crate) fn app(folder: PathBuf) -> App {
    App::new()
        .state(Folder(folder))
        .put("/files/{name}", put)
        .get("/files/{name}", get)
        .get("/count/{last}", count)
}

pub(crate) fn main() -> Result<(), ServerError> {
    let folder = std::env::temp_dir();
    println!("http://127.0.0.1:8080/count/10, files in {}", folder.display());
    DxReactor::build()
        .listen(SocketAddr::from(([127, 0, 0, 1], 8080)))
        .app(move |_| app(folder.clone()))
        .build()
        .ignite()
}

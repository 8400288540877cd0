//! Building what is measured, with cargo, as release.
//!
//! Owns the two cargo invocations and where their executables went. Invariant: an executable is
//! used only if cargo has just reported it as up to date.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::servers::Server;

/// The load generator's target.
const LOAD: &str = "load";

/// Executables by target name.
#[derive(Debug)]
pub(crate) struct Built {
    executables: HashMap<String, PathBuf>,
}

impl Built {
    /// The executable of `server`.
    pub(crate) fn server(&self, server: Server) -> &Path {
        &self.executables[server.target()]
    }

    /// The load generator.
    pub(crate) fn load(&self) -> &Path {
        &self.executables[LOAD]
    }
}

/// Builds `servers` and the load generator.
pub(crate) fn build(servers: &[Server]) -> Result<Built, Box<dyn Error>> {
    let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut built = Built { executables: HashMap::new() };
    let packages = ["-p", "bench-load", "-p", "bench-floors", "-p", "bench-actix"];
    cargo(&bench, &packages, &mut built)?;
    if servers.iter().any(|server| server.is_ours()) {
        cargo(&bench.join(".."), &["--example", "hello", "-p", "dx-reactor"], &mut built)?;
    }
    let targets = servers.iter().map(|server| server.target()).chain([LOAD]);
    match targets.into_iter().find(|target| !built.executables.contains_key(*target)) {
        Some(missing) => Err(format!("cargo built no executable called {missing}").into()),
        None => Ok(built),
    }
}

/// One line of `cargo build --message-format json`; other fields do not matter here.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn cargo(workspace: &Path, arguments: &[&str], built: &mut Built) -> Result<(), Box<dyn Error>> {
    eprintln!("cargo build --release {}", arguments.join(" "));
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--message-format", "json-render-diagnostics"])
        .args(arguments)
        .current_dir(workspace)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("cargo build {} failed", arguments.join(" ")).into());
    }
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Message = serde_json::from_str(line)?;
        if let (Some(target), Some(executable)) = (message.target, message.executable) {
            built.executables.insert(target.name, executable);
        }
    }
    Ok(())
}

//! Building what is measured, with cargo, as release.
//!
//! Owns the two cargo invocations and where their executables went. Invariant: an executable is
//! used only if cargo has just reported it as up to date.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::machine::bench_folder;
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
    let mut built = Built { executables: HashMap::new() };
    let mut packages = vec!["-p", "bench-load"];
    for package in servers.iter().filter_map(|server| server.package()) {
        if !packages.contains(&package) {
            packages.extend(["-p", package]);
        }
    }
    cargo(bench_folder(), &packages, &mut built)?;
    if servers.iter().any(|server| server.is_ours()) {
        let hello = ["--example", "hello", "-p", "dx-reactor"];
        cargo(&bench_folder().join(".."), &hello, &mut built)?;
    }
    let targets = servers.iter().map(|server| server.target()).chain([LOAD]);
    match targets.into_iter().find(|target| !built.executables.contains_key(*target)) {
        Some(missing) => Err(format!("cargo built no executable called {missing}").into()),
        None => Ok(built),
    }
}

/// Builds one executable of this workspace.
pub(crate) fn build_one(package: &str, target: &str) -> Result<PathBuf, Box<dyn Error>> {
    let mut built = Built { executables: HashMap::new() };
    cargo(bench_folder(), &["-p", package], &mut built)?;
    let found = built.executables.remove(target);
    Ok(found.ok_or_else(|| format!("cargo built no executable called {target}"))?)
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
        .args(["build", "--release", "--locked", "--message-format", "json-render-diagnostics"])
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

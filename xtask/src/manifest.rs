//! Reads what the rules need of a `Cargo.toml`.
//!
//! Owns the package's name and its dependency tables, in every spelling that cargo takes: inline
//! tables, dotted keys, a table per dependency, tables per target (The Cargo Book, "Specifying
//! Dependencies"). Knows no crate. Invariant: a dependency is known by its package's name, whatever
//! it is renamed to. Strings of several lines are not read; manifests have no use for them.

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The package's name; empty when there is none.
    pub(crate) name: String,
    /// In the order in which they are written.
    pub(crate) dependencies: Vec<Dependency>,
}

/// One dependency.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The name of the package.
    pub(crate) package: String,
    /// The line, from 1, at which it is first mentioned.
    pub(crate) line: usize,
    /// Whether only tests, examples and benches see it.
    pub(crate) is_dev: bool,
    /// Whether a feature turns it on.
    pub(crate) is_optional: bool,
    /// Whether it is found by a path, not in a registry.
    pub(crate) has_path: bool,
}

/// The table that a line is in.
enum Table {
    Package,
    Dependencies { is_dev: bool, first: usize },
    Other,
}

/// Reads `text`, which cargo has accepted; of anything else, as much as can be understood.
pub(crate) fn read(text: &str) -> Manifest {
    let mut reader =
        Reader { manifest: Manifest::default(), keys: Vec::new(), table: Table::Other };
    // The name of the dependency whose own table this is, to stand before the keys in it.
    let mut prefix: Option<String> = None;
    for (number, line) in logical_lines(text) {
        if let Some(header) = line.strip_prefix('[') {
            prefix = reader.header(header.trim_end_matches(']'));
            if let Some(name) = &prefix {
                reader.set(name, number, "", "");
            }
            continue;
        }
        let Some((key, value)) = split_once(&line, '=') else { continue };
        let mut path = split(key, '.').into_iter().map(unquoted);
        let first = path.next().unwrap_or_default();
        match &prefix {
            Some(name) => reader.set(name, number, first, value),
            None => reader.set(first, number, path.next().unwrap_or_default(), value),
        }
    }
    reader.manifest
}

struct Reader {
    manifest: Manifest,
    /// The key under which each dependency was written.
    keys: Vec<String>,
    table: Table,
}

impl Reader {
    /// Enters the table `header`; returns the dependency whose own table it is.
    fn header(&mut self, header: &str) -> Option<String> {
        let mut parts: Vec<&str> = split(header, '.').into_iter().map(unquoted).collect();
        if parts.len() > 2 && parts[0] == "target" {
            parts.drain(..2);
        }
        let first = self.keys.len();
        self.table = match parts[0] {
            "package" if parts.len() == 1 => Table::Package,
            "dependencies" | "build-dependencies" => Table::Dependencies { is_dev: false, first },
            "dev-dependencies" => Table::Dependencies { is_dev: true, first },
            _ => Table::Other,
        };
        let is_own = matches!(self.table, Table::Dependencies { .. }) && parts.len() > 1;
        is_own.then(|| parts[1].to_owned())
    }

    /// Takes in `name.attribute = value`, or `name = value` when there is no attribute.
    fn set(&mut self, name: &str, line: usize, attribute: &str, value: &str) {
        match self.table {
            Table::Other => {}
            Table::Package => {
                if name == "name" && attribute.is_empty() {
                    unquoted(value).clone_into(&mut self.manifest.name);
                }
            }
            Table::Dependencies { is_dev, first } => {
                let known = self.keys[first..].iter().position(|key| key == name);
                let index = known.map_or(self.keys.len(), |offset| first + offset);
                if known.is_none() {
                    self.keys.push(name.to_owned());
                    self.manifest.dependencies.push(Dependency {
                        package: name.to_owned(),
                        line,
                        is_dev,
                        is_optional: false,
                        has_path: false,
                    });
                }
                self.manifest.dependencies[index].set(attribute, value);
            }
        }
    }
}

impl Dependency {
    fn set(&mut self, attribute: &str, value: &str) {
        match attribute {
            "package" => unquoted(value).clone_into(&mut self.package),
            "optional" => self.is_optional = value.trim() == "true",
            "path" => self.has_path = true,
            "" => {
                let Some(inside) = value.trim().strip_prefix('{') else { return };
                for pair in split(inside.trim_end().trim_end_matches('}'), ',') {
                    if let Some((key, value)) = split_once(pair, '=')
                        && !unquoted(key).is_empty()
                    {
                        self.set(unquoted(key), value);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The lines of `text` with their numbers, without comments; one that leaves a bracket open is
/// joined with those that close it.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut depth = 0_isize;
    for (index, line) in text.lines().enumerate() {
        let end = unquoted_chars(line).find(|&(_, c)| c == '#').map_or(line.len(), |(at, _)| at);
        let line = line[..end].trim();
        match lines.last_mut() {
            Some((_, open)) if depth > 0 => {
                open.push(' ');
                open.push_str(line);
            }
            _ if line.is_empty() => continue,
            _ => lines.push((index + 1, line.to_owned())),
        }
        depth += unquoted_chars(line).map(|(_, c)| step(c)).sum::<isize>();
    }
    lines
}

/// How far `c` leads into brackets.
fn step(c: char) -> isize {
    match c {
        '[' | '{' => 1,
        ']' | '}' => -1,
        _ => 0,
    }
}

/// The characters of `text` outside quotes, with their offsets.
fn unquoted_chars(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut open = None;
    let mut is_escaped = false;
    text.char_indices().filter(move |&(_, c)| match open {
        Some(quote) => {
            if is_escaped {
                is_escaped = false;
            } else if c == '\\' && quote == '"' {
                is_escaped = true;
            } else if c == quote {
                open = None;
            }
            false
        }
        None if c == '"' || c == '\'' => {
            open = Some(c);
            false
        }
        None => true,
    })
}

/// The parts of `text` between the `separator`s that are in no quotes and no brackets.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0);
    for (offset, c) in unquoted_chars(text) {
        depth += step(c);
        if c == separator && depth == 0 {
            parts.push(&text[start..offset]);
            start = offset + c.len_utf8();
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `text` before and after the first `separator` outside quotes.
fn split_once(text: &str, separator: char) -> Option<(&str, &str)> {
    let (offset, c) = unquoted_chars(text).find(|&(_, c)| c == separator)?;
    Some((&text[..offset], &text[offset + c.len_utf8()..]))
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::read;

    /// Package, line, and a letter for each of dev, optional, path.
    type Row<S> = (S, usize, S);

    fn summary(text: &str) -> Vec<Row<String>> {
        let row = |dependency: super::Dependency| {
            let flags = [
                (dependency.is_dev, 'd'),
                (dependency.is_optional, 'o'),
                (dependency.has_path, 'p'),
            ];
            let letters = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter);
            (dependency.package, dependency.line, letters.collect())
        };
        read(text).dependencies.into_iter().map(row).collect()
    }

    #[test]
    fn dependencies_are_read_in_every_spelling() {
        let rows: &[(&str, &[Row<&str>])] = &[
            ("[dependencies]\na = \"1\"", &[("a", 2, "")]),
            ("[dependencies]\na.workspace = true # why", &[("a", 2, "")]),
            ("[dependencies]\na.path = \"../a\"\na.optional = true", &[("a", 2, "op")]),
            ("[dependencies]\n\"a\" = { path = \"../a\", optional = true }", &[("a", 2, "op")]),
            ("[dependencies]\nb = { package = \"a\", version = \"1\" }", &[("a", 2, "")]),
            ("[dependencies.b]\npackage = \"a\"\noptional = true", &[("a", 1, "o")]),
            ("[dependencies.'a']\nversion = '1'", &[("a", 1, "")]),
            ("[dev-dependencies]\na = '1'", &[("a", 2, "d")]),
            ("[build-dependencies]\na = '1'", &[("a", 2, "")]),
            ("[target.'cfg(a.b = \"c\")'.dependencies]\na = '1'", &[("a", 2, "")]),
            ("[target.x.dev-dependencies.a]\nversion = '1'", &[("a", 1, "d")]),
            ("[ dependencies ]\n  a = '1'", &[("a", 2, "")]),
            (
                "[dependencies]\na = { version = \"1\", features = [\n \"path\", # b = 1\n],\n\
                 optional = true }\nc = \"1\"",
                &[("a", 2, "o"), ("c", 6, "")],
            ),
            (
                "[dependencies]\na = '1'\n[dev-dependencies]\na = '1'",
                &[("a", 2, ""), ("a", 4, "d")],
            ),
            ("[dependencies]\na = { optional = false }", &[("a", 2, "")]),
            (
                "[dependencies]\na = { version = \"\\\"{#\" }\nb = '1'",
                &[("a", 2, ""), ("b", 3, "")],
            ),
            ("[dependencies]\n# a = '1'\n", &[]),
            ("[workspace.dependencies]\na = '1'", &[]),
            ("[features]\na = ['dep:b']\n[[bench]]\nname = 'c'", &[]),
            ("a = '1'", &[]),
            ("[dependencies]\na = [", &[("a", 2, "")]),
        ];
        for (text, expected) in rows {
            let expected: Vec<_> = expected
                .iter()
                .map(|(package, line, flags)| (package.to_string(), *line, flags.to_string()))
                .collect();
            assert_eq!(summary(text), expected, "{text}");
        }
    }

    #[test]
    fn the_package_has_a_name() {
        assert_eq!(read("[package]\nname = \"a\" # b\n[[bench]]\nname = \"c\"\n").name, "a");
        assert_eq!(read("[[bench]]\nname = \"c\"\n").name, "");
        assert_eq!(read("").name, "");
    }
}

//! `cargo xtask sbom`: writes the software bill of materials of the binary `cpor`, in the format
//! CycloneDX 1.5 (JSON). It lists the crates that are compiled into the binary, at the versions of
//! `Cargo.lock`, and how they depend on each other. The crates that only build scripts and tests
//! use are not listed.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fs,
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::{
    paths,
    shell::{cargo, print_line, print_step, read_output},
};

/// The package whose binary is described.
const BINARY: &str = "cpor";

/// Writes `target/cpor.cdx.json`.
pub(crate) fn write_sbom() -> Result<()> {
    print_step("software bill of materials");
    let metadata = read_output(
        cargo().args(["metadata", "--format-version", "1", "--locked"]).args(["--filter-platform", &host_triple()?]),
    )?;
    let metadata: Value = serde_json::from_str(&metadata).context("the output of `cargo metadata`")?;
    let lock = fs::read_to_string(paths::root().join("Cargo.lock")).context("reading Cargo.lock")?;
    let document = bill_of_materials(&metadata, &checksums(&lock))?;
    let file = paths::target()?.join("cpor.cdx.json");
    fs::write(&file, serde_json::to_string_pretty(&document)? + "\n")
        .with_context(|| format!("writing {}", file.display()))?;
    let count = document["components"].as_array().map_or(0, Vec::len);
    print_line(format_args!("{count} components, written to {}", file.display()));
    Ok(())
}

/// Returns the platform of this machine, for which the binary is built.
fn host_triple() -> Result<String> {
    let version = read_output(crate::shell::command("rustc").args(["--version", "--verbose"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc --version --verbose` names no host")?.to_owned())
}

/// Returns the SHA-256 checksums of the packages in a `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.map(|line| line.trim_end_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .filter_map(|package| {
            Some(((value(package, "name")?, value(package, "version")?), value(package, "checksum")?))
        })
        .collect()
}

/// Creates the document from the output of `cargo metadata`.
fn bill_of_materials(metadata: &Value, checksums: &BTreeMap<(String, String), String>) -> Result<Value> {
    let packages = by_id(&metadata["packages"]);
    let nodes = by_id(&metadata["resolve"]["nodes"]);
    let root = packages.iter().find(|(_, package)| package["name"] == BINARY).context("there is no package cpor")?.0;
    let mut used = BTreeMap::new();
    let mut unvisited = vec![root.clone()];
    while let Some(id) = unvisited.pop() {
        let dependencies = dependencies(nodes.get(&id).context("a package is not resolved")?);
        if let Entry::Vacant(entry) = used.entry(id) {
            unvisited.extend(dependencies.iter().cloned());
            entry.insert(dependencies);
        }
    }
    let component = |id: &String| -> Result<Value> {
        let package = packages.get(id).context("a package has no metadata")?;
        Ok(component(package, checksums, id == root))
    };
    let components = used.keys().filter(|id| *id != root).map(component).collect::<Result<Vec<_>>>()?;
    let graph = used.iter().map(|(id, dependencies)| {
        let reference = |id: &String| packages.get(id).map(|package| package_url(package));
        json!({ "ref": reference(id), "dependsOn": dependencies.iter().filter_map(reference).collect::<Vec<_>>() })
    });
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": component(root)? },
        "components": components,
        "dependencies": graph.collect::<Vec<_>>(),
    }))
}

/// Returns the elements of a list by their field `id`.
fn by_id(list: &Value) -> BTreeMap<String, &Value> {
    let elements = list.as_array().into_iter().flatten();
    elements.filter_map(|element| Some((element["id"].as_str()?.to_owned(), element))).collect()
}

/// Returns the ids of the packages that are compiled into the binary because of this one.
fn dependencies(node: &Value) -> BTreeSet<String> {
    let is_normal = |dependency: &&Value| {
        dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| kind["kind"].is_null())
    };
    let dependencies = node["deps"].as_array().into_iter().flatten().filter(is_normal);
    dependencies.filter_map(|dependency| Some(dependency["pkg"].as_str()?.to_owned())).collect()
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>, is_root: bool) -> Value {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut component = json!({
        "type": if is_root { "application" } else { "library" },
        "bom-ref": package_url(package),
        "name": text("name"),
        "version": text("version"),
        "purl": package_url(package),
    });
    if let Some(license) = package["license"].as_str() {
        // Old packages separate alternatives with a slash.
        component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksums.get(&(text("name"), text("version"))) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    component
}

/// Returns the package URL (purl) of a package.
fn package_url(package: &Value) -> String {
    let text = |key: &str| package[key].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str, dependencies: &[(&str, Value)]) -> Value {
        let dependency = |(id, kind): &(&str, Value)| json!({ "pkg": id, "dep_kinds": [{ "kind": kind }] });
        json!({ "id": id, "deps": dependencies.iter().map(dependency).collect::<Vec<_>>() })
    }

    #[test]
    fn lists_what_is_compiled_into_the_binary() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let metadata = json!({
            "packages": [package("cpor"), package("tonic"), package("bytes"), package("insta"), package("cc")],
            "resolve": { "nodes": [
                node("cpor", &[("tonic", Value::Null), ("insta", json!("dev")), ("cc", json!("build"))]),
                node("tonic", &[("bytes", Value::Null)]),
                node("bytes", &[]),
            ] },
        });
        let lock = "[[package]]\nname = \"bytes\"\nversion = \"1.0.0\"\nchecksum = \"abc\"\n";
        let document = bill_of_materials(&metadata, &checksums(lock)).unwrap();
        let names: Vec<_> = document["components"].as_array().unwrap().iter().map(|c| c["name"].clone()).collect();
        assert_eq!(names, ["bytes", "tonic"]);
        assert_eq!(document["components"][0]["hashes"][0]["content"], "abc");
        assert_eq!(document["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(document["metadata"]["component"]["purl"], "pkg:cargo/cpor@1.0.0");
        let tonic = json!({ "ref": "pkg:cargo/tonic@1.0.0", "dependsOn": ["pkg:cargo/bytes@1.0.0"] });
        assert!(document["dependencies"].as_array().unwrap().contains(&tonic));
    }
}

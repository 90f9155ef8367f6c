//! Generates the Rust code and the descriptor sets that the repository keeps beside its protos.
//!
//! `cargo xtask proto --generate` runs it after a change in `proto/`. It needs no protoc. The
//! generated files are committed, so that building the product compiles no protobuf compiler; CI
//! generates them again and fails if they differ.
#![expect(clippy::print_stdout, reason = "a command line tool talks to a person and to CI's log")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Generated files by their path in the repository.
type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Schemas that the tests of request validation use, and the descriptor sets made of them.
const TEST_SCHEMAS: &str = "crates/rpc/src/request/testdata";

/// The code and the descriptors of the API.
const GENERATED: &str = "crates/proto/src/generated";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = generate_api(&root)?;
    files.extend(compile_test_schemas(&root)?);
    match std::env::args().nth(1).as_deref() {
        None => write(&root, &files),
        Some("--check") => check(&root, &files),
        Some(other) => bail!("unknown argument {other}; the only one is --check"),
    }
}

/// Compiles `proto/cpor`: one Rust file for each `cpor.*` package, and one descriptor set with the
/// comments and options that reflection, authorization and validation read.
fn generate_api(root: &Path) -> Result<Files> {
    let (protos, vendor) = (root.join("proto"), root.join("proto/vendor"));
    let mut sources = Vec::new();
    collect_protos(&protos.join("cpor"), &mut sources)?;
    sources.push(vendor.join("google/rpc/error_details.proto"));
    sources.sort();

    let mut compiler = protox::Compiler::new([protos, vendor])?;
    compiler.include_imports(true).include_source_info(true).open_files(sources)?;
    // protox encodes the descriptors itself, because a conversion to the types of prost-types would
    // drop the project's own options.
    let descriptors = compiler.encode_file_descriptor_set();

    let out = tempdir(root)?;
    let mut config = tonic_prost_build::Config::new();
    // The generated types contain their full names, by which validation and paging find their
    // descriptors.
    config.enable_type_names();
    tonic_prost_build::configure()
        .out_dir(&out)
        .build_transport(true)
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;

    let mut files = Files::from([(Path::new(GENERATED).join("descriptors.binpb"), descriptors)]);
    for entry in fs::read_dir(&out)? {
        let path = entry?.path();
        let name = path.file_name().context("a generated file without a name")?;
        // Only options use the imported packages, and options are read from the descriptors.
        let name = name.to_string_lossy();
        if name.starts_with("cpor.") {
            // The package cpor.type is a raw identifier in Rust; its file needs no `r#`.
            files.insert(Path::new(GENERATED).join(name.replace("r#", "")), fs::read(&path)?);
        }
    }
    fs::remove_dir_all(out)?;
    Ok(files)
}

/// Compiles each schema of the validation tests to a descriptor set beside it.
fn compile_test_schemas(root: &Path) -> Result<Files> {
    let mut sources = Vec::new();
    collect_protos(&root.join(TEST_SCHEMAS), &mut sources)?;
    let mut files = Files::new();
    for source in sources {
        let name = source.file_name().context("a schema without a name")?;
        let mut compiler = protox::Compiler::new([root.join(TEST_SCHEMAS), root.join("proto/vendor")])?;
        compiler.include_imports(true).open_file(name)?;
        let path = Path::new(TEST_SCHEMAS).join(name).with_extension("binpb");
        files.insert(path, compiler.encode_file_descriptor_set());
    }
    Ok(files)
}

fn write(root: &Path, files: &Files) -> Result<()> {
    for (path, content) in files {
        fs::write(root.join(path), content).with_context(|| format!("writing {}", path.display()))?;
    }
    println!("generated {} files", files.len());
    Ok(())
}

/// Returns an error if a committed file differs from the one that is generated from the protos.
fn check(root: &Path, files: &Files) -> Result<()> {
    let differs = |(path, content): &(&PathBuf, &Vec<u8>)| fs::read(root.join(path)).ok().as_ref() != Some(*content);
    let stale: Vec<String> = files.iter().filter(differs).map(|(path, _)| path.display().to_string()).collect();
    if !stale.is_empty() {
        bail!("not current: {}; run `cargo xtask proto --generate` and commit the result", stale.join(", "));
    }
    println!("{} generated files are current", files.len());
    Ok(())
}

fn collect_protos(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect_protos(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

/// Creates a folder below `target/` for temporary files.
fn tempdir(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target").join(format!("proto-codegen-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

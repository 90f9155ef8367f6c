//! Fuzz target: sheets that are imported. A sheet is read, or refused with a message.
use super::{FileKind, Sheet, SheetArgs};

#[test]
fn fuzz_sheet() {
    let seeds: [&[u8]; 6] = [
        b"a;b;c\r\n1,5;\"x;y\";\r\n;;\r\n",
        b"sep=,\na,b,c\n\"quoted \"\"text\"\"\",2,3\n",
        b"\xef\xbb\xbfa\tb\tc\n1\t2\t3\n",
        b"\xff\xfea\0,\0b\0\n\0\x31\0,\0\x32\0\n\0",
        b"a,b\nDvo\xf8\xe1kov\xe1,\x9e\n",
        include_bytes!("testdata/sheet.xlsx"),
    ];
    let encodings = [None, Some(encoding_rs::WINDOWS_1250), Some(encoding_rs::UTF_16LE)];
    cpor_fuzz::fuzz(&seeds, |input| {
        let kind = if input.starts_with(b"PK") { FileKind::Xlsx } else { FileKind::Csv };
        for encoding in encodings {
            let sheet = Sheet::parse(kind, input, &SheetArgs { encoding }, |name| ["a", "b", "c"].contains(&name));
            if let Ok(sheet) = sheet {
                for row in sheet.map_while(Result::ok) {
                    assert!(row.line > 0);
                }
            }
        }
    });
}

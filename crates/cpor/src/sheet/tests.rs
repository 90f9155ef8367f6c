use super::*;

fn is_known(name: &str) -> bool {
    ["a", "b", "c"].contains(&name)
}

fn parse(kind: FileKind, content: &[u8], encoding: &str) -> anyhow::Result<Vec<(u64, String)>> {
    let encoding = Encoding::for_label(encoding.as_bytes());
    let sheet = Sheet::parse(kind, content, &SheetArgs { encoding }, is_known)?;
    let text = |row: SheetRow| {
        let cells = row.cells.iter().map(|(name, cell)| format!("{name}={cell}")).collect::<Vec<_>>().join(" ");
        (row.line, row.fault.map_or(cells, |fault| format!("! {fault}")))
    };
    sheet.map(|row| row.map(text)).collect()
}

fn csv(content: &str) -> Vec<(u64, String)> {
    parse(FileKind::Csv, content.as_bytes(), "").unwrap()
}

fn error(content: &str) -> String {
    parse(FileKind::Csv, content.as_bytes(), "").unwrap_err().to_string()
}

fn rows(rows: &[(u64, &str)]) -> Vec<(u64, String)> {
    rows.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
}

#[test]
fn r59a_the_separator_is_detected() {
    let expected = rows(&[(2, "a=1,5 b=x;y")]);
    for content in ["a;b\n1,5;\"x;y\"\n", "A,B\n\"1,5\",x;y\n", "a\t b \n1,5\tx;y\n", "\u{feff}a;b\r\n1,5;\"x;y\"\r\n"]
    {
        assert_eq!(csv(content), expected, "{content}");
    }
    let expected = rows(&[(3, "a=1 b=x,y")]);
    for content in ["sep=|\na|b\n1|x,y\n", "SEP=;\r\na;b\r\n1;x,y\r\n", "\"sep=;\"\na;b\n1;x,y"] {
        assert_eq!(csv(content), expected, "{content}");
    }
    assert_eq!(csv("a\n1;2\n"), rows(&[(2, "a=1;2")]));
}

#[test]
fn r59a_the_encoding_is_recognized_or_named() {
    let text = "a,b\r\nDvořáková,ž\r\n";
    let utf16 = |mark: &str, bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(bytes).collect()
    };
    let windows_1250 = encoding_rs::WINDOWS_1250.encode(text).0.into_owned();
    for (content, encoding) in [
        (text.as_bytes().to_vec(), ""),
        (format!("\u{feff}{text}").into_bytes(), "windows-1252"),
        (utf16("\u{feff}", u16::to_le_bytes), ""),
        (utf16("\u{feff}", u16::to_be_bytes), ""),
        (utf16("", u16::to_le_bytes), ""),
        (utf16("", u16::to_be_bytes), ""),
        (windows_1250.clone(), "windows-1250"),
    ] {
        let parsed = parse(FileKind::Csv, &content, encoding).unwrap();
        assert_eq!(parsed, rows(&[(2, "a=Dvořáková b=ž")]), "{encoding}");
    }
    let error = parse(FileKind::Csv, &windows_1250, "").unwrap_err().to_string();
    assert_eq!(error, "line 2 is not in UTF-8; name the encoding, for example --encoding windows-1252");
    assert!(parse(FileKind::Csv, b"\xff\xfea\0\n\0\x00\xd8", "").unwrap_err().to_string().contains("UTF-16LE"));
    assert_eq!(parse_encoding("1250").unwrap(), encoding_rs::WINDOWS_1250);
    assert!(parse_encoding("klingon").is_err());
}

#[test]
fn r59a_lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        let content = ["a,b", "1,\"x", "y\"", "", " ,\u{a0}", "2,z", ",", "3"].join(end);
        let quoted = format!("a=1 b=x{end}y");
        assert_eq!(csv(&content), rows(&[(2, quoted.as_str()), (6, "a=2 b=z"), (8, "a=3 b=")]), "{end:?}");
        assert_eq!(csv(&format!("{end}{end}a{end}1")), rows(&[(4, "a=1")]));
    }
}

#[test]
fn r59a_blank_rows_and_unnamed_columns_are_ignored() {
    assert_eq!(csv("a,,b,\n1,,x,\n,,,\n 2 , , y\u{a0},,,\n"), rows(&[(2, "a=1 b=x"), (4, "a=2 b=y")]));
    assert_eq!(
        csv("a,,b\n1,?,x\n2,,y,,!\n3,,z\n"),
        rows(&[
            (2, "! cell 2 has content, but its column has no name"),
            (3, "! cell 5 has content, but its column has no name"),
            (4, "a=3 b=z")
        ])
    );
}

#[test]
fn r59a_a_missing_quotation_mark_is_a_fault_of_the_file() {
    assert_eq!(error("a,b\r\n1,x\r\n\"2,y\r\n3,z\r\n"), "line 3: a quotation mark begins a cell whose end is missing");
    assert_eq!(
        error("sep=,\na,b\n\"1,x\n2,\"y, z\"\n"),
        "line 3: a quotation mark begins a cell whose end is missing; the next quotation mark is in line 4"
    );
    assert_eq!(csv("a,b\n\"1\"\"\n2\",5\" pipe\n"), rows(&[(2, "a=1\"\n2 b=5\" pipe")]));
}

#[test]
fn r59a_a_header_without_known_columns_is_refused() {
    let unknown = error("a|b\n1|2\n");
    assert!(unknown.starts_with("the header `a|b` has no known column. This is the file as UTF-8 with"), "{unknown}");
    assert!(error("a;b;d\n").contains("`d`. This is the file as UTF-8 with the separator semicolon"));
    assert_eq!(error("\n , \n"), "the file has no header");
}

#[test]
fn r59a_the_kind_of_a_file_follows_from_content_and_name() {
    let kind = |name: &str, content: &[u8]| FileKind::of(Path::new(name), content).map_err(|error| error.to_string());
    assert_eq!(kind("x.CSV", b"a"), Ok(FileKind::Csv));
    assert_eq!(kind("x.JsonL", b"{"), Ok(FileKind::JsonLines));
    assert_eq!(kind("x.csv", b"PK\x03\x04"), Ok(FileKind::Xlsx));
    assert!(kind("x.xlsx", b"a,b").unwrap_err().contains("not a workbook"));
    assert!(kind("x.ods", b"PK\x03\x04").unwrap_err().contains("save it as .xlsx"));
    assert!(kind("x.xlsx", b"\xd0\xcf\x11\xe0").unwrap_err().contains("password"));
    assert!(kind("x.doc", b"").unwrap_err().contains(".csv, .xlsx or .jsonl"));
}

#[test]
fn r59a_a_workbook_is_read_from_its_first_visible_sheet_of_claims() {
    let content = include_bytes!("testdata/sheet.xlsx");
    assert_eq!(
        parse(FileKind::Xlsx, content, "").unwrap(),
        rows(&[
            (3, "a=1002 b=Jana Dvořáková c=true"),
            (6, "a=xy b=2026-03-16 c==1+1"),
            (1_048_576, "! cell 1 has content, but its column has no name")
        ])
    );
    let torn = parse(FileKind::Xlsx, &content[..content.len() / 2], "").unwrap_err().to_string();
    assert!(torn.contains("not a workbook"), "{torn}");
}

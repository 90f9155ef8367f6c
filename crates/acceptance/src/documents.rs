//! Small documents of each type that is accepted as evidence (R14).

/// A PDF document.
pub const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// A PNG image of one pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x35\x81\x84\x00\x00\x00\x00IEND\xaeB`\x82";

/// The beginning and the end of a JPEG image.
pub const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9";

/// A Word document.
pub const DOCX: &[u8] = include_bytes!("documents/proof.docx");

/// An Excel workbook.
pub const XLSX: &[u8] = include_bytes!("documents/proof.xlsx");

/// A PowerPoint presentation.
pub const PPTX: &[u8] = include_bytes!("documents/proof.pptx");

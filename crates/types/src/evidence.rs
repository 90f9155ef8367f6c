//! The evidence documents of a claim, by which a partner proves its work for the customer.

use crate::string_enum;

string_enum! {
    /// The file format of a document. The content of the file determines it, not the name (R14).
    pub enum EvidenceKind, "a kind of document" {
        /// A PDF document.
        Pdf = "pdf",
        /// A Word document.
        Docx = "docx",
        /// An Excel workbook.
        Xlsx = "xlsx",
        /// A PowerPoint presentation.
        Pptx = "pptx",
        /// A PNG image.
        Png = "png",
        /// A JPEG image.
        Jpeg = "jpeg",
    }
}

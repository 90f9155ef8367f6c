//! The kinds of personal data in a claim.

use crate::string_enum;

string_enum! {
    /// A kind of personal data that can be erased when a claim has ended (R56).
    pub enum PersonalData, "a kind of personal data" {
        /// The contacts and the solution seller that a claim names, and the addresses of mails to
        /// them.
        Contacts = "contacts",
        /// The ids of people who acted or were assigned, and the addresses of mails to them.
        Subjects = "subjects",
        /// The texts that people wrote: reasons, comments and notes.
        FreeText = "free_text",
    }
}

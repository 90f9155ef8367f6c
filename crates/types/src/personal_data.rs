use crate::words::words;

words! {
    /// Personal data that can be erased once a claim has come to rest (R56).
    pub enum PersonalData, "a kind of personal data" {
        /// Contacts and the solution seller, and the addresses of mails to them.
        Contacts = "contacts",
        /// Who did something, or was to, and the addresses of mails to them.
        Subjects = "subjects",
        /// What people wrote: reasons, comments and notes.
        Words = "words",
    }
}

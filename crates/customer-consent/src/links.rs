//! Consent links. A notice (a mail to the customer contact) contains a link, with which its reader
//! can approve or decline the claim for the customer (R43).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use cpor_database::Db;
use cpor_types::{Clock, Entropy, Personal};
use sea_orm::DbErr;
use sha2::{Digest as _, Sha256};

use crate::store::holder::{self, HolderLink};
use crate::store::link::{self, ConsentLink};

/// Creates and finds consent links. The token at the end of a link has 256 random bits, and only
/// its SHA-256 is stored, so that a reader of the database cannot act for a customer. The hash
/// needs neither a salt nor a key, because 256 random bits cannot be guessed.
///
/// Links expire by the machine's clock, not by the business clock of deadlines. The expiry limits
/// how long a stolen mail can be misused. The time in which the customer can decide is limited by
/// the consent window.
#[derive(Clone)]
pub(crate) struct ConsentLinks {
    /// The database of the service.
    pub(crate) db: Db,
    /// The clock of real time, by which links expire.
    pub(crate) clock: Arc<dyn Clock>,
    /// The source of tokens.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The base URL of the consent page.
    pub(crate) public_url: String,
    /// The time after which a link expires.
    pub(crate) lifetime: TimeDelta,
}

impl ConsentLinks {
    /// Stores a new link and returns its URL. The URL is the only place where the token exists.
    pub(crate) async fn create(&self, link: ConsentLink) -> Result<Personal, DbErr> {
        let (token, now) = (self.new_token(), self.clock.now());
        link::insert(&self.db, TokenHash::of(token.expose()), link, now, now + self.lifetime).await?;
        Ok(self.url("consent", &token))
    }

    /// Stores a new link for the holder of a legacy association, which was recorded before claims
    /// existed (R58a), and returns its URL.
    pub(crate) async fn create_for_holder(&self, link: HolderLink) -> Result<Personal, DbErr> {
        let token = self.new_token();
        holder::insert_link(&self.db, TokenHash::of(token.expose()), link, self.clock.now() + self.lifetime).await?;
        Ok(self.url("statement", &token))
    }

    fn new_token(&self) -> Personal {
        URL_SAFE_NO_PAD.encode(self.entropy.secret()).into()
    }

    fn url(&self, page: &str, token: &Personal) -> Personal {
        format!("{}/{page}/{}", self.public_url.trim_end_matches('/'), token.expose()).into()
    }

    /// Returns the link of a holder with this token, or `None` if there is none or it has expired.
    pub(crate) async fn find_for_holder(&self, token: TokenHash) -> Result<Option<HolderLink>, DbErr> {
        holder::find_link(&self.db, token, self.clock.now()).await
    }

    /// Returns the link with this token, or `None` if there is none or it has expired.
    pub(crate) async fn find(&self, token: TokenHash) -> Result<Option<ConsentLink>, DbErr> {
        link::find(&self.db, token, self.clock.now()).await
    }

    /// Deletes the links that have expired.
    pub(crate) async fn delete_expired(&self) -> Result<(), DbErr> {
        let now = self.clock.now();
        let deleted = link::delete_expired(&self.db, now).await? + holder::delete_expired_links(&self.db, now).await?;
        if deleted > 0 {
            tracing::info!(deleted, "expired consent links deleted");
        }
        Ok(())
    }
}

/// The SHA-256 of a token, under which a link is stored. Every text can be hashed, so looking up a
/// malformed token takes as long as looking up one that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash(pub(crate) [u8; 32]);

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

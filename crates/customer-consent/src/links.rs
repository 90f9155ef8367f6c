//! ConsentLinks in e-mails: who holds one may speak for the customer (R43).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use cpor_kit::Db;
use cpor_types::{Clock, Entropy};
use sea_orm::DbErr;
use sha2::{Digest as _, Sha256};

use crate::store::link::{self, ConsentLink};

/// Mints links and knows them again. A token is 256 random bits; only its SHA-256 is stored, so that whoever reads the database cannot
/// act for a customer. Expiry is in real time: it bounds how long a forgotten mail matters, not how long a customer may decide.
#[derive(Clone)]
pub(crate) struct ConsentLinks {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) public_url: String,
    pub(crate) lifetime: TimeDelta,
}

impl ConsentLinks {
    /// A new link to what `link` says. The address is the only place where its token exists.
    pub(crate) async fn create(&self, link: ConsentLink) -> Result<String, DbErr> {
        let token = URL_SAFE_NO_PAD.encode(self.entropy.secret());
        let now = self.clock.now();
        link::insert(&self.db, hash_token(&token), link, now, now + self.lifetime).await?;
        Ok(format!("{}/consent/{token}", self.public_url.trim_end_matches('/')))
    }

    /// What the link with this token leads to; `None` if there is none, or no longer.
    pub(crate) async fn find(&self, token: &str) -> Result<Option<ConsentLink>, DbErr> {
        if !has_token_format(token) {
            return Ok(None);
        }
        link::find(&self.db, hash_token(token), self.clock.now()).await
    }

    /// Deletes what has expired.
    pub(crate) async fn delete_expired(&self) -> Result<(), DbErr> {
        let deleted = link::delete_expired(&self.db, self.clock.now()).await?;
        if deleted > 0 {
            tracing::info!(deleted, "expired links deleted");
        }
        Ok(())
    }
}

/// What no token can be is not looked up.
fn has_token_format(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

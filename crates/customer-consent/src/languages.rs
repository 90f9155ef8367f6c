//! The languages that customers are spoken to in, and who gets which.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::texts::{Texts, TextsError};

const ENGLISH: (&str, &str) = ("en.toml", include_str!("../texts/en.toml"));
const OTHERS: [(&str, &str); 7] = [
    ("cs.toml", include_str!("../texts/cs.toml")),
    ("de.toml", include_str!("../texts/de.toml")),
    ("es.toml", include_str!("../texts/es.toml")),
    ("fr.toml", include_str!("../texts/fr.toml")),
    ("hu.toml", include_str!("../texts/hu.toml")),
    ("pl.toml", include_str!("../texts/pl.toml")),
    ("ru.toml", include_str!("../texts/ru.toml")),
];
const BY_CALENDAR: (&str, &str) = ("languages.toml", include_str!("../texts/languages.toml"));

/// Every language that is shipped.
#[derive(Clone, Debug)]
pub(crate) struct Languages {
    english: Arc<Texts>,
    others: Vec<Arc<Texts>>,
    by_calendar: BTreeMap<String, String>,
}

/// Which language is spoken where a calendar is kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByCalendar {
    calendars: BTreeMap<String, String>,
}

impl Languages {
    /// The languages that come with the product.
    pub(crate) fn shipped() -> Result<Self, TextsError> {
        let read = |(file, content)| Texts::read(file, content).map(Arc::new);
        let (file, content) = BY_CALENDAR;
        let table: ByCalendar =
            toml::from_str(content).map_err(|error| TextsError { file, reason: error.to_string() })?;
        Ok(Self {
            english: read(ENGLISH)?,
            others: OTHERS.into_iter().map(read).collect::<Result<_, _>>()?,
            by_calendar: table.calendars,
        })
    }

    /// All of them, English first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Texts>> {
        std::iter::once(&self.english).chain(&self.others)
    }

    /// What everybody may be expected to read.
    pub(crate) fn english(&self) -> &Arc<Texts> {
        &self.english
    }

    /// The language with this tag, region and script left aside: `de-AT` is German.
    pub(crate) fn named(&self, tag: &str) -> Option<&Arc<Texts>> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        self.all().find(|texts| texts.language.eq_ignore_ascii_case(primary))
    }

    /// The language of e-mails to a tenant with this calendar.
    pub(crate) fn of_calendar(&self, calendar: &str) -> &Arc<Texts> {
        self.by_calendar.get(calendar).and_then(|tag| self.named(tag)).unwrap_or(&self.english)
    }

    /// The best that an `Accept-Language` header asks for, if any of it is spoken here.
    pub(crate) fn accepted(&self, header: &str) -> Option<&Arc<Texts>> {
        let wishes = header.split(',').filter_map(|wish| {
            let (tag, rest) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let quality: f32 = rest.trim().strip_prefix("q=")?.parse().ok()?;
            Some((self.named(tag)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // Of equals the first: they are asked for in that order.
        let better = |best: Option<(_, f32)>, next: (_, f32)| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            Some(_) | None => Some(next),
        };
        wishes.fold(None, better).map(|(texts, _)| texts)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn languages() -> Languages {
        Languages::shipped().unwrap()
    }

    /// Every text of a file by its key, with the places in braces that it has.
    fn places(content: &str) -> BTreeMap<String, BTreeSet<String>> {
        let table: toml::Table = content.parse().unwrap();
        let sections = table.into_iter().filter_map(|(section, value)| Some((section, value.as_table()?.clone())));
        let texts = sections.flat_map(|(section, texts)| {
            texts
                .into_iter()
                .filter_map(move |(key, value)| Some((format!("{section}.{key}"), value.as_str()?.to_owned())))
        });
        let in_braces =
            |text: &str| text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect();
        texts.map(|(key, text)| (key, in_braces(&text))).collect()
    }

    #[test]
    fn every_language_has_every_text_with_the_same_places_and_no_other() {
        let english = places(ENGLISH.1);
        for (file, content) in OTHERS {
            let other = places(content);
            assert_eq!(other.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{file}");
            for (key, places) in &english {
                assert_eq!(&other[key], places, "{file}: {key}");
            }
        }
    }

    #[test]
    fn nothing_is_left_untranslated() {
        let languages = languages();
        let english = toml::from_str::<toml::Table>(ENGLISH.1).unwrap();
        for (file, content) in OTHERS {
            let other = toml::from_str::<toml::Table>(content).unwrap();
            for section in ["silence", "until", "choice", "page", "confirm", "problem", "mail", "change", "sees"] {
                for (key, text) in english[section].as_table().unwrap() {
                    assert_ne!(other[section].get(key).unwrap(), text, "{file}: {section}.{key}");
                }
            }
        }
        let tags: BTreeSet<_> = languages.all().map(|texts| texts.language.clone()).collect();
        assert_eq!(tags.into_iter().collect::<Vec<_>>(), ["cs", "de", "en", "es", "fr", "hu", "pl", "ru"]);
    }

    #[test]
    fn a_file_that_lacks_a_text_or_has_one_too_many_does_not_load() {
        let lacking = ENGLISH.1.replace("decline_button =", "decline_knob =");
        let error = Texts::read("en.toml", &lacking).unwrap_err().to_string();
        assert!(error.contains("en.toml") && error.contains("decline_knob"), "{error}");
        let cut = ENGLISH.1.replace("asks_again = ", "# asks_again = ");
        assert!(Texts::read("en.toml", &cut).unwrap_err().to_string().contains("asks_again"));
    }

    #[test]
    fn mails_are_in_the_language_of_the_tenants_calendar() {
        let languages = languages();
        for (calendar, language) in [("de", "de"), ("cz", "cs"), ("us-east", "en"), ("utc", "en"), ("mars", "en")] {
            assert_eq!(languages.of_calendar(calendar).language, language, "{calendar}");
        }
        for tag in languages.by_calendar.values() {
            assert!(languages.named(tag).is_some(), "{tag}");
        }
    }

    #[test]
    fn the_page_is_in_the_language_that_the_browser_likes_best_of_ours() {
        let languages = languages();
        let of = |header: &str| languages.accepted(header).map(|texts| texts.language.clone());
        assert_eq!(of("de-AT,de;q=0.9,en;q=0.5").as_deref(), Some("de"));
        assert_eq!(of("ja,en;q=0.3, FR ; q=0.4").as_deref(), Some("fr"));
        assert_eq!(of("en;q=0,pl;q=0.1").as_deref(), Some("pl"));
        assert_eq!(of("hu,cs").as_deref(), Some("hu"));
        for nothing in ["", "ja", "*", "de;q=x", ";;,"] {
            assert_eq!(of(nothing), None, "{nothing:?}");
        }
    }
}

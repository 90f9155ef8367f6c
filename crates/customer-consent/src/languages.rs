//! The languages of mails and pages. Mails use the language of the tenant's business calendar, and
//! pages use the language that the reader's browser accepts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::translation::{Translation, TranslationError};

/// The name and the content of the English translation file.
const ENGLISH: (&str, &str) = ("en.toml", include_str!("../texts/en.toml"));
/// The names and contents of the other translation files.
const OTHER_LANGUAGES: [(&str, &str); 7] = [
    ("cs.toml", include_str!("../texts/cs.toml")),
    ("de.toml", include_str!("../texts/de.toml")),
    ("es.toml", include_str!("../texts/es.toml")),
    ("fr.toml", include_str!("../texts/fr.toml")),
    ("hu.toml", include_str!("../texts/hu.toml")),
    ("pl.toml", include_str!("../texts/pl.toml")),
    ("ru.toml", include_str!("../texts/ru.toml")),
];
/// The name and the content of the file that assigns languages to calendars.
const LANGUAGE_BY_CALENDAR: (&str, &str) = ("languages.toml", include_str!("../texts/languages.toml"));

/// All translations that are part of this program, and the language of each calendar.
#[derive(Clone, Debug)]
pub(crate) struct Languages {
    english: Arc<Translation>,
    others: Vec<Arc<Translation>>,
    /// The language tag for each calendar id.
    language_by_calendar: BTreeMap<String, String>,
}

/// The content of `languages.toml`: a language tag for each calendar id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarLanguages {
    /// The language tag for each calendar id.
    calendars: BTreeMap<String, String>,
}

impl Languages {
    /// Reads the translations that are shipped with the product.
    pub(crate) fn shipped() -> Result<Self, TranslationError> {
        let read = |(file, content)| Translation::read(file, content).map(Arc::new);
        let (file, content) = LANGUAGE_BY_CALENDAR;
        let table: CalendarLanguages =
            toml::from_str(content).map_err(|error| TranslationError { file, reason: error.to_string() })?;
        Ok(Self {
            english: read(ENGLISH)?,
            others: OTHER_LANGUAGES.into_iter().map(read).collect::<Result<_, _>>()?,
            language_by_calendar: table.calendars,
        })
    }

    /// Returns all translations, English first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Translation>> {
        std::iter::once(&self.english).chain(&self.others)
    }

    /// Returns the English translation, which is used if no other fits.
    pub(crate) fn english(&self) -> &Arc<Translation> {
        &self.english
    }

    /// Returns the translation for a language tag. Region and script are ignored: `de-AT` is
    /// German.
    pub(crate) fn by_tag(&self, tag: &str) -> Option<&Arc<Translation>> {
        let primary = tag.split('-').next().unwrap_or_default().trim();
        self.all().find(|translation| translation.language.eq_ignore_ascii_case(primary))
    }

    /// Returns the language of mails to a tenant with this calendar.
    pub(crate) fn for_calendar(&self, calendar: &str) -> &Arc<Translation> {
        self.language_by_calendar.get(calendar).and_then(|tag| self.by_tag(tag)).unwrap_or(&self.english)
    }

    /// Returns the best translation for an `Accept-Language` header, or `None` if none of the
    /// accepted languages is shipped.
    pub(crate) fn by_accept_language(&self, header: &str) -> Option<&Arc<Translation>> {
        let preferences = header.split(',').filter_map(|preference| {
            let (tag, quality) = preference.split_once(';').unwrap_or((preference, "q=1"));
            let quality: f32 = quality.trim().strip_prefix("q=")?.parse().ok()?;
            Some((self.by_tag(tag)?, quality)).filter(|(_, quality)| *quality > 0.0)
        });
        // If several languages have the same quality, the one that the header lists first is used.
        let choose_better = |best: Option<(_, f32)>, next: (_, f32)| match best {
            Some(best) if best.1 >= next.1 => Some(best),
            Some(_) | None => Some(next),
        };
        preferences.fold(None, choose_better).map(|(translation, _)| translation)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn languages() -> Languages {
        Languages::shipped().unwrap()
    }

    /// Returns every key of a translation file with the placeholders of its text.
    fn placeholders(content: &str) -> BTreeMap<String, BTreeSet<String>> {
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
    fn all_languages_have_the_same_keys_and_placeholders() {
        let english = placeholders(ENGLISH.1);
        for (file, content) in OTHER_LANGUAGES {
            let other = placeholders(content);
            assert_eq!(other.keys().collect::<Vec<_>>(), english.keys().collect::<Vec<_>>(), "{file}");
            for (key, placeholders) in &english {
                assert_eq!(&other[key], placeholders, "{file}: {key}");
            }
        }
    }

    #[test]
    fn every_text_is_translated() {
        let languages = languages();
        let english = toml::from_str::<toml::Table>(ENGLISH.1).unwrap();
        for (file, content) in OTHER_LANGUAGES {
            let other = toml::from_str::<toml::Table>(content).unwrap();
            for section in [
                "no_response",
                "decline_until",
                "choice",
                "page",
                "confirm",
                "problem",
                "mail",
                "change",
                "partner_access",
                "holder",
            ] {
                for (key, text) in english[section].as_table().unwrap() {
                    assert_ne!(other[section].get(key).unwrap(), text, "{file}: {section}.{key}");
                }
            }
        }
        let tags: BTreeSet<_> = languages.all().map(|translation| translation.language.clone()).collect();
        assert_eq!(tags.into_iter().collect::<Vec<_>>(), ["cs", "de", "en", "es", "fr", "hu", "pl", "ru"]);
    }

    #[test]
    fn missing_and_unknown_keys_are_errors() {
        let lacking = ENGLISH.1.replace("decline_button =", "decline_knob =");
        let error = Translation::read("en.toml", &lacking).unwrap_err().to_string();
        assert!(error.contains("en.toml") && error.contains("decline_knob"), "{error}");
        let cut = ENGLISH.1.replace("confirmation_note = ", "# confirmation_note = ");
        assert!(Translation::read("en.toml", &cut).unwrap_err().to_string().contains("confirmation_note"));
    }

    #[test]
    fn the_calendar_determines_the_mail_language() {
        let languages = languages();
        for (calendar, language) in [("de", "de"), ("cz", "cs"), ("us-east", "en"), ("utc", "en"), ("mars", "en")] {
            assert_eq!(languages.for_calendar(calendar).language, language, "{calendar}");
        }
        for tag in languages.language_by_calendar.values() {
            assert!(languages.by_tag(tag).is_some(), "{tag}");
        }
    }

    #[test]
    fn accept_language_picks_the_best_language() {
        let languages = languages();
        let language =
            |header: &str| languages.by_accept_language(header).map(|translation| translation.language.clone());
        assert_eq!(language("de-AT,de;q=0.9,en;q=0.5").as_deref(), Some("de"));
        assert_eq!(language("ja,en;q=0.3, FR ; q=0.4").as_deref(), Some("fr"));
        assert_eq!(language("en;q=0,pl;q=0.1").as_deref(), Some("pl"));
        assert_eq!(language("hu,cs").as_deref(), Some("hu"));
        for unsupported in ["", "ja", "*", "de;q=x", ";;,"] {
            assert_eq!(language(unsupported), None, "{unsupported:?}");
        }
    }
}

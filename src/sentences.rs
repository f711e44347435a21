//! Sentences of a caption: the boundaries of Unicode UAX #29, but for those after abbreviations,
//! initials and quoted sentences.

use std::num::NonZeroUsize;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations that a capital letter or a number may follow within a sentence, in lower case.
const ABBREVIATIONS: [&str; 31] = [
    "approx", "ca", "capt", "cf", "col", "dr", "e.g", "esp", "est", "feat", "ft", "gen", "hon",
    "i.e", "incl", "lt", "messrs", "mr", "mrs", "ms", "mt", "prof", "rev", "sgt", "ss", "st",
    "viz", "vs", "bros", "mme", "mlle",
];

/// Abbreviations that only a number may follow within a sentence, in lower case.
const BEFORE_NUMBERS: [&str; 18] = [
    "avg", "c", "ch", "fig", "figs", "max", "min", "no", "nos", "nr", "op", "p", "pp", "pt", "sec",
    "v", "var", "vol",
];

/// Words that begin a sentence and hardly ever a name, in lower case.
const STARTERS: [&str; 37] = [
    "a",
    "after",
    "all",
    "an",
    "and",
    "as",
    "at",
    "both",
    "but",
    "each",
    "he",
    "her",
    "his",
    "however",
    "i",
    "in",
    "it",
    "its",
    "no",
    "on",
    "one",
    "overall",
    "several",
    "she",
    "some",
    "the",
    "their",
    "then",
    "there",
    "these",
    "they",
    "this",
    "throughout",
    "we",
    "when",
    "while",
    "you",
];

/// Words before the name of a note, in lower case: "in the key of C. Violins enter".
const BEFORE_NOTES: [&str; 12] =
    ["an", "chord", "flat", "from", "in", "key", "note", "of", "string", "to", "tuned", "vitamin"];

/// Characters that close what is quoted, emphasized or in brackets.
const CLOSERS: [char; 15] =
    ['"', '\'', ')', ']', '}', '*', '_', '”', '’', '»', '」', '』', '）', '】', '›'];

/// Characters that open it.
const OPENERS: [char; 17] =
    ['"', '\'', '(', '[', '{', '*', '_', '“', '‘', '«', '「', '『', '（', '【', '‹', '¿', '¡'];

/// Ranges of the sentences of a text, without the white space around them.
pub(crate) fn sentences(text: &str) -> impl Iterator<Item = Range<usize>> {
    // As long as three full stops, and a sentence may end in both.
    let plain = text.replace('…', "...");
    let bounds = plain.split_sentence_bound_indices().skip(1).map(|(at, _)| adjusted(&plain, at));
    let bounds: Vec<_> = bounds.chain([plain.len()]).collect();
    let mut start = 0;
    bounds.into_iter().filter_map(move |bound| {
        let bound = bound.max(start);
        let (sentence, rest) = (&plain[start..bound], &plain[bound..]);
        if !rest.is_empty() && !is_boundary(sentence, rest) {
            return None;
        }
        let from = bound - sentence.trim_start().len();
        let range = from..start + sentence.trim_end().len();
        start = bound;
        (!range.is_empty()).then_some(range)
    })
}

/// Moves a boundary behind the emphasis of Markdown that closes there, and before a quote that
/// opens there: UAX #29 takes it for a closing one.
fn adjusted(text: &str, bound: usize) -> usize {
    let (before, after) = text.split_at(bound);
    if before.ends_with(['“', '‘', '«', '「', '『', '（', '【', '‹']) {
        return before.trim_end_matches(OPENERS).len();
    }
    let closing = after.len() - after.trim_start_matches(['*', '_']).len();
    if before.ends_with(char::is_whitespace) { bound } else { bound + closing }
}

/// The first `count` sentences of a text.
pub fn first_sentences(text: &str, count: NonZeroUsize) -> &str {
    let end = sentences(text).nth(count.get() - 1).map_or(text.len(), |sentence| sentence.end);
    text[..end].trim_end()
}

/// True if a sentence ends before `rest`; UAX #29 has a boundary there.
fn is_boundary(sentence: &str, rest: &str) -> bool {
    let (text, next) = (sentence.trim_end(), rest.trim_start());
    let gap = [&sentence[text.len()..], &rest[..rest.len() - next.len()]].concat();
    // The number or sign of an item in a list belongs to its text.
    if !text.contains(char::is_alphabetic) {
        return false;
    }
    if gap.matches('\n').count() > 1 {
        return true;
    }
    let next = next.trim_start_matches(OPENERS);
    let continues = next.starts_with(char::is_lowercase);
    let words = text.trim_end_matches(CLOSERS);
    match words.chars().next_back() {
        Some('.') => !gap.is_empty() && !continues && !is_abbreviated(words, next),
        // In an address: "http://host/?query".
        Some('!' | '?') => !gap.is_empty() && !continues,
        Some(end) if gap.is_empty() && !end.is_ascii() && !end.is_alphanumeric() => {
            // "「止まれ。」と言う": the sentence around the quoted one goes on.
            words.len() == text.len() || !next.starts_with(['と', 'っ'])
        }
        // Other ends of a paragraph are white space here.
        _ => gap.contains('\n') && !continues,
    }
}

/// True if a full stop marks an abbreviation or an initial, and the sentence goes on with `next`.
fn is_abbreviated(words: &str, next: &str) -> bool {
    let words = words.strip_suffix('.').unwrap_or(words);
    let mut last = words.rsplit(char::is_whitespace);
    let word = last.next().unwrap_or_default().trim_start_matches(OPENERS);
    let before = last.find(|word| !word.is_empty());
    let next = next.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_number = next.starts_with(|c: char| c.is_numeric());
    let lower = word.to_lowercase();
    let is_starter = STARTERS.contains(&next.to_lowercase().as_str());
    if ["e.g", "i.e"].contains(&lower.as_str()) || is_number && BEFORE_NUMBERS.contains(&&*lower) {
        return true;
    }
    if ABBREVIATIONS.contains(&lower.as_str()) {
        return !is_starter;
    }
    is_initial(word, before) && !(is_starter && before.is_some())
}

/// True for the initials of a name or a country: `J`, `J.S`, `U.S`.
fn is_initial(word: &str, before: Option<&str>) -> bool {
    let mut letters = word.split('.');
    let is_one = |letter: &str| {
        letter.chars().count() == 1 && letter.starts_with(|c: char| c.is_uppercase())
    };
    let before = before.unwrap_or_default().to_lowercase();
    let is_note = matches!(word, "A" | "B" | "C" | "D" | "E" | "F" | "G");
    letters.all(is_one) && !(is_note && BEFORE_NOTES.contains(&before.as_str()))
}

#[cfg(test)]
mod tests {
    use support::random::{cases, soup};

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        sentences(text).map(|range| &text[range]).collect()
    }

    #[test]
    fn a_full_stop_of_an_abbreviation_an_initial_or_a_number_ends_no_sentence() {
        for whole in [
            "Mr. Smith greets Dr. Jones and Mrs. Hill.",
            "Instruments, e.g. Steinway pianos, i.e. Grand pianos, play.",
            "It lasts approx. 30 seconds at 3.5 kHz, No. 5 of op. 27, vol. 2.",
            "A piece by J. S. Bach, J.R.R. Tolkien and George W. Bush.",
            "The U.S. Army band plays at 5 p.m. on St. Patrick's Day.",
            "Rain etc. and wind at 9 a.m. fade... then stop.",
            "Rain… then wind.",
            "Track feat. Jay plays vs. Another at http://a.b/?Query=1 now.",
            "A hum of min. 50 Hz, max. 60 Hz.",
        ] {
            assert_eq!(split(whole), [whole]);
        }
    }

    #[test]
    fn a_sentence_ends_after_its_quotes_brackets_and_emphasis() {
        for (text, expected) in [
            ("A man says \"Stop!\" twice. Rain.", vec!["A man says \"Stop!\" twice.", "Rain."]),
            ("He says “Go.” Then rain.", vec!["He says “Go.”", "Then rain."]),
            ("(Applause.) The band stops.", vec!["(Applause.)", "The band stops."]),
            ("**Summary.** Rain falls.", vec!["**Summary.**", "Rain falls."]),
            ("**Rain falls.** **Wind blows.**", vec!["**Rain falls.**", "**Wind blows.**"]),
            ("It fades... Silence. What?! No!", vec!["It fades...", "Silence.", "What?!", "No!"]),
            ("It fades… Silence.", vec!["It fades…", "Silence."]),
        ] {
            assert_eq!(split(text), expected);
        }
    }

    #[test]
    fn a_sentence_may_end_in_a_note_a_letter_or_an_abbreviation() {
        for (text, expected) in [
            (
                "It is in the key of C. Violins enter.",
                vec!["It is in the key of C.", "Violins enter."],
            ),
            ("It is section B. The choir sings.", vec!["It is section B.", "The choir sings."]),
            ("It ends at 5 p.m. The bell rings.", vec!["It ends at 5 p.m.", "The bell rings."]),
            ("Main St. The bus stops.", vec!["Main St.", "The bus stops."]),
            ("The level is 3. The rest is 5.", vec!["The level is 3.", "The rest is 5."]),
        ] {
            assert_eq!(split(text), expected);
        }
    }

    #[test]
    fn lines_and_items_of_a_list_are_sentences_and_a_wrapped_line_is_none() {
        assert_eq!(split("1. Rain falls.\n2. Wind blows."), ["1. Rain falls.", "2. Wind blows."]);
        assert_eq!(split("- Rain\n- Wind\n\nend"), ["- Rain", "- Wind", "end"]);
        assert_eq!(split("Rain falls on\nthe roof."), ["Rain falls on\nthe roof."]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn full_stops_of_chinese_and_japanese_need_no_space() {
        assert_eq!(split("雨が降る。風が吹く！"), ["雨が降る。", "風が吹く！"]);
        assert_eq!(split("「止まれ。」と言う。雨だ。"), ["「止まれ。」と言う。", "雨だ。"]);
        assert_eq!(split("下雨了。“停！”他说。"), ["下雨了。", "“停！”", "他说。"]);
    }

    #[test]
    fn the_first_sentences_are_a_prefix_of_the_text() {
        let text = "One. Two.\n\nThree";
        let first = |count| first_sentences(text, NonZeroUsize::new(count).unwrap());
        assert_eq!([first(1), first(2), first(3), first(9)], ["One.", "One. Two.", text, text]);
    }

    #[test]
    fn a_random_text_is_its_sentences_and_white_space() {
        const WORDS: [&str; 16] =
            ["a", "B", "No", "1", ".", "…", "?", "。", "“", "”", "*", "(", ")", "\n", " ", "「"];
        cases(|random| {
            let text = String::from_utf8_lossy(&soup(random, 16, &WORDS)).into_owned();
            let end = sentences(&text).fold(0, |end, sentence| {
                assert_eq!(text[end..sentence.start].trim(), "");
                sentence.end
            });
            assert_eq!(text[end..].trim(), "");
        });
    }
}

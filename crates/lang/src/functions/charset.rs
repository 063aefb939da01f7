//! Text in other encodings, by their IANA names.

use encoding_rs::Encoding;

/// An encoding that is known here.
pub(super) enum Charset {
    Utf8,
    Utf16 {
        big: bool,
        mark: bool,
    },
    /// One byte a character, the first 256 (or 128) of Unicode.
    Narrow(u32),
    Table(&'static Encoding),
}

/// IANA names and aliases (lower case) whose encoding the web knows under the same name, and that name.
const TABLES: &[(&str, &str)] = &[
    ("big5", "big5"),
    ("csbig5", "big5"),
    ("euc-jp", "euc-jp"),
    ("cseucpkdfmtjapanese", "euc-jp"),
    ("euc-kr", "euc-kr"),
    ("cseuckr", "euc-kr"),
    ("gb18030", "gb18030"),
    ("gbk", "gbk"),
    ("cp936", "gbk"),
    ("windows-936", "gbk"),
    ("ibm866", "ibm866"),
    ("cp866", "ibm866"),
    ("iso-2022-jp", "iso-2022-jp"),
    ("iso-8859-2", "iso-8859-2"),
    ("latin2", "iso-8859-2"),
    ("iso-8859-3", "iso-8859-3"),
    ("iso-8859-4", "iso-8859-4"),
    ("iso-8859-5", "iso-8859-5"),
    ("iso-8859-6", "iso-8859-6"),
    ("iso-8859-7", "iso-8859-7"),
    ("iso-8859-8", "iso-8859-8"),
    ("iso-8859-10", "iso-8859-10"),
    ("iso-8859-13", "iso-8859-13"),
    ("iso-8859-14", "iso-8859-14"),
    ("iso-8859-15", "iso-8859-15"),
    ("latin-9", "iso-8859-15"),
    ("iso-8859-16", "iso-8859-16"),
    ("koi8-r", "koi8-r"),
    ("koi8-u", "koi8-u"),
    ("macintosh", "macintosh"),
    ("mac", "macintosh"),
    ("shift_jis", "shift_jis"),
    ("ms_kanji", "shift_jis"),
    ("csshiftjis", "shift_jis"),
    ("windows-874", "windows-874"),
    ("windows-1250", "windows-1250"),
    ("windows-1251", "windows-1251"),
    ("windows-1252", "windows-1252"),
    ("windows-1253", "windows-1253"),
    ("windows-1254", "windows-1254"),
    ("windows-1255", "windows-1255"),
    ("windows-1256", "windows-1256"),
    ("windows-1257", "windows-1257"),
    ("windows-1258", "windows-1258"),
];

/// The encoding of a name, and its official name for messages.
pub(super) fn find(name: &str) -> Option<(Charset, String)> {
    let lower = name.to_ascii_lowercase();
    let known = |c: Charset, official: &str| Some((c, official.to_owned()));
    match lower.as_str() {
        "utf-8" | "csutf8" => known(Charset::Utf8, "UTF-8"),
        "utf-16" | "csutf16" => known(
            Charset::Utf16 {
                big: true,
                mark: true,
            },
            "UTF-16",
        ),
        "utf-16be" | "csutf16be" => known(
            Charset::Utf16 {
                big: true,
                mark: false,
            },
            "UTF-16BE",
        ),
        "utf-16le" | "csutf16le" => known(
            Charset::Utf16 {
                big: false,
                mark: false,
            },
            "UTF-16LE",
        ),
        "iso-8859-1" | "iso_8859-1" | "iso_8859-1:1987" | "iso-ir-100" | "latin1" | "l1" | "ibm819"
        | "cp819" | "csisolatin1" => known(Charset::Narrow(256), "ISO_8859-1:1987"),
        "us-ascii" | "iso-ir-6" | "ansi_x3.4-1968" | "ansi_x3.4-1986" | "iso_646.irv:1991" | "iso646-us"
        | "us" | "ibm367" | "cp367" | "csascii" => known(Charset::Narrow(128), "US-ASCII"),
        _ => {
            let (_, label) = TABLES.iter().find(|(n, _)| *n == lower)?;
            let table = Encoding::for_label(label.as_bytes())?;
            known(Charset::Table(table), table.name())
        }
    }
}

impl Charset {
    /// The bytes of a text; nothing if a character has none.
    pub(super) fn encode(&self, s: &str) -> Option<Vec<u8>> {
        match self {
            Charset::Utf8 => Some(s.as_bytes().to_vec()),
            Charset::Utf16 { big, mark } => {
                let order = |u: u16| if *big { u.to_be_bytes() } else { u.to_le_bytes() };
                let start = mark.then_some(0xfeff);
                Some(
                    start
                        .into_iter()
                        .chain(s.encode_utf16())
                        .flat_map(order)
                        .collect(),
                )
            }
            Charset::Narrow(limit) => s
                .chars()
                .map(|c| (u32::from(c) < *limit).then_some(c as u8))
                .collect(),
            Charset::Table(table) => {
                let (bytes, _, lost) = table.encode(s);
                (!lost).then(|| bytes.into_owned())
            }
        }
    }

    /// The text of some bytes; nothing if they mean none.
    pub(super) fn decode(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Charset::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Charset::Utf16 { big, mark } => {
                let (pairs, odd) = bytes.as_chunks::<2>();
                if !odd.is_empty() {
                    return None;
                }
                let (mut big, mut pairs) = (*big, pairs);
                if *mark {
                    match pairs.first() {
                        Some([0xfe, 0xff]) => pairs = &pairs[1..],
                        Some([0xff, 0xfe]) => (big, pairs) = (false, &pairs[1..]),
                        _ => {}
                    }
                }
                let units: Vec<u16> = pairs
                    .iter()
                    .map(|p| {
                        if big {
                            u16::from_be_bytes(*p)
                        } else {
                            u16::from_le_bytes(*p)
                        }
                    })
                    .collect();
                String::from_utf16(&units).ok()
            }
            Charset::Narrow(limit) => bytes
                .iter()
                .map(|b| (u32::from(*b) < *limit).then_some(char::from(*b)))
                .collect(),
            Charset::Table(table) => table
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(std::borrow::Cow::into_owned),
        }
    }
}

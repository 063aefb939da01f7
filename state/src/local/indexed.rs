//! Snapshots of large states: the lines of every snapshot, and behind them an index, so that one record can be read alone.
//!
//! ```text
//! {"format":"streamform-snapshot","version":2,"standing":{…}}      \
//! ["resource","a.b",{envelope}]                                     | body
//! …                                                                /
//! entries: offset of the envelope 8 | its length 4 | name at 4 | its length 4 | kind 4 | digest 16     ordered by kind and name
//! names
//! CRC-32 of every MiB of the body, 4 each
//! probes: entries that were sealed with different keys, 4 each
//! "SFINDEX2" | length of the body 8 | entries 8 | bytes of names 8 | probes 8 | CRC-32 of the index 4 | CRC-32 of the 44 bytes before 4
//! ```
//!
//! (little endian). Opening reads the whole file once, a block at a time, and keeps the index alone: every flipped or lost byte is
//! noticed there, and the digests of all items must add up to what the first line says. One item is decoded for each key, so a key
//! that is not at hand is missed there, too. An item is held against its own digest when it is read.

use std::fs::File;
use std::io::Read as _;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use crate::RawJson;
use crate::StateError;
use crate::contents::Contents;
use crate::contents::Standing;
use crate::item::Codec;
use crate::item::Item;
use crate::item::Kind;
use crate::item::digest;
use crate::local::snapshot::Head;
use crate::records::Records;
use crate::records::Source;

/// The version in the first line.
pub(super) const VERSION: u64 = 2;

const MAGIC: &[u8; 8] = b"SFINDEX2";
const TRAILER: usize = 48;
const ENTRY: usize = 40;
const BLOCK: usize = if cfg!(test) { 1 << 10 } else { 1 << 20 };

/// Writes a snapshot that has an index. Items may come in any order.
pub(super) struct IndexWriter<'a, W: Write> {
    path: &'a Path,
    out: &'a mut W,
    body: u64,
    block: crc32fast::Hasher,
    in_block: usize,
    blocks: Vec<u32>,
    entries: Vec<(Kind, String, u64, u32, u128)>,
    /// The first item of each key.
    probes: Vec<(String, Kind, String)>,
}

impl<'a, W: Write> IndexWriter<'a, W> {
    pub(super) fn begin(path: &'a Path, out: &'a mut W, standing: &Standing) -> Result<Self, StateError> {
        let mut writer = Self {
            path,
            out,
            body: 0,
            block: crc32fast::Hasher::new(),
            in_block: 0,
            blocks: Vec::new(),
            entries: Vec::new(),
            probes: Vec::new(),
        };
        writer.line(&Head::new(VERSION, standing))?;
        Ok(writer)
    }

    pub(super) fn item(&mut self, item: &Item) -> Result<(), StateError> {
        let Item(kind, id, Some(text)) = item else {
            return Ok(());
        };
        self.line(item)?;
        // The line ends with the envelope, a bracket and its end.
        let length = text.as_str().len();
        let offset = self.body - 2 - length as u64;
        let length = u32::try_from(length).map_err(|_| self.too_large())?;
        if let Some(key) = crate::item::sealing_key(text)
            && !self.probes.iter().any(|(known, ..)| *known == key)
        {
            self.probes.push((key, *kind, id.clone()));
        }
        let entry = (*kind, id.clone(), offset, length, digest(*kind, id, text));
        self.entries.push(entry);
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<(), StateError> {
        if self.in_block > 0 {
            self.blocks.push(self.block.clone().finalize());
        }
        self.entries
            .sort_unstable_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        let names: usize = self.entries.iter().map(|entry| entry.1.len()).sum();
        if u32::try_from(names).is_err() || u32::try_from(self.entries.len()).is_err() {
            return Err(self.too_large());
        }
        let mut index = Vec::with_capacity(self.entries.len() * ENTRY + names + self.blocks.len() * 4);
        let mut name_at = 0_u32;
        for (kind, id, offset, length, digest) in &self.entries {
            index.extend_from_slice(&offset.to_le_bytes());
            index.extend_from_slice(&length.to_le_bytes());
            index.extend_from_slice(&name_at.to_le_bytes());
            index.extend_from_slice(&(id.len() as u32).to_le_bytes());
            index.extend_from_slice(&(*kind as u32).to_le_bytes());
            index.extend_from_slice(&digest.to_le_bytes());
            name_at += id.len() as u32;
        }
        for (_, id, ..) in &self.entries {
            index.extend_from_slice(id.as_bytes());
        }
        for block in &self.blocks {
            index.extend_from_slice(&block.to_le_bytes());
        }
        for (_, kind, id) in &self.probes {
            let at = self
                .entries
                .binary_search_by(|entry| (entry.0, entry.1.as_str()).cmp(&(*kind, id.as_str())));
            index.extend_from_slice(&(at.unwrap_or(0) as u32).to_le_bytes());
        }
        let mut trailer = MAGIC.to_vec();
        for number in [
            self.body,
            self.entries.len() as u64,
            names as u64,
            self.probes.len() as u64,
        ] {
            trailer.extend_from_slice(&number.to_le_bytes());
        }
        trailer.extend_from_slice(&crc32fast::hash(&index).to_le_bytes());
        let check = crc32fast::hash(&trailer);
        trailer.extend_from_slice(&check.to_le_bytes());
        self.out
            .write_all(&index)
            .and_then(|()| self.out.write_all(&trailer))
            .map_err(|error| StateError::write(self.path, error))
    }

    fn line<T: serde::Serialize>(&mut self, value: &T) -> Result<(), StateError> {
        let mut text =
            serde_json::to_vec(value).map_err(|error| StateError::write(self.path, error.into()))?;
        text.push(b'\n');
        self.body += text.len() as u64;
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(BLOCK - self.in_block));
            self.block.update(now);
            self.in_block += now.len();
            if self.in_block == BLOCK {
                self.blocks.push(std::mem::take(&mut self.block).finalize());
                self.in_block = 0;
            }
            rest = later;
        }
        self.out
            .write_all(&text)
            .map_err(|error| StateError::write(self.path, error))
    }

    fn too_large(&self) -> StateError {
        StateError::write(self.path, std::io::ErrorKind::FileTooLarge.into())
    }
}

/// A snapshot with an index, opened and checked.
#[derive(Debug)]
pub(super) struct Indexed {
    path: PathBuf,
    file: File,
    standing: Standing,
    index: Box<[u8]>,
    items: usize,
    /// How many of the items, the first ones, are records.
    records: usize,
    probes: Vec<usize>,
}

struct Trailer {
    body: u64,
    items: u64,
    names: u64,
    probes: u64,
    check: u32,
}

/// Opens a snapshot if it has an index; else `None`.
pub(super) fn open(path: &Path) -> Result<Option<Indexed>, StateError> {
    let mut file = File::open(path).map_err(|error| StateError::read(path, error))?;
    let length = file
        .metadata()
        .map_err(|error| StateError::read(path, error))?
        .len();
    let Some(trailer) = read_trailer(path, &file, length)? else {
        return Ok(None);
    };
    let corrupt = |detail: &str| StateError::corrupt(path, detail);
    let blocks = trailer.body.div_ceil(BLOCK as u64);
    let expected = [
        trailer.items.checked_mul(ENTRY as u64),
        Some(trailer.names),
        blocks.checked_mul(4),
        trailer.probes.checked_mul(4),
    ]
    .into_iter()
    .try_fold(0_u64, |sum, part| sum.checked_add(part?));
    let rest = length - TRAILER as u64;
    let index_length = rest
        .checked_sub(trailer.body)
        .filter(|found| Some(*found) == expected)
        .and_then(|found| usize::try_from(found).ok())
        .ok_or_else(|| corrupt("its parts do not fit its length"))?;
    let mut index = vec![0; index_length];
    read_at(&file, &mut index, trailer.body).map_err(|error| StateError::read(path, error))?;
    if crc32fast::hash(&index) != trailer.check {
        return Err(corrupt("its index is not what was written"));
    }
    let items = trailer.items as usize;
    let checks = items * ENTRY + trailer.names as usize;
    let probes_at = checks + blocks as usize * 4;
    let head = check_body(path, &mut file, trailer.body, &index[checks..probes_at])?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| corrupt("it is no snapshot"))?;
    if head.version != VERSION {
        return Err(corrupt("its first line is that of another version"));
    }
    let probes = index[probes_at..].chunks_exact(4).map(|at| number(at) as usize);
    let mut indexed = Indexed {
        path: path.to_owned(),
        file,
        standing: head.standing,
        items,
        records: 0,
        probes: probes.collect(),
        index: index.into_boxed_slice(),
    };
    indexed.add_up(trailer.body, trailer.names as usize)?;
    Ok(Some(indexed))
}

fn read_trailer(path: &Path, file: &File, length: u64) -> Result<Option<Trailer>, StateError> {
    let Some(at) = length.checked_sub(TRAILER as u64) else {
        return Ok(None);
    };
    let mut bytes = [0; TRAILER];
    read_at(file, &mut bytes, at).map_err(|error| StateError::read(path, error))?;
    if !bytes.starts_with(MAGIC) {
        return Ok(None);
    }
    if number(&bytes[44..]) as u32 != crc32fast::hash(&bytes[..44]) {
        return Err(StateError::corrupt(path, "its end is not what was written"));
    }
    Ok(Some(Trailer {
        body: number(&bytes[8..16]),
        items: number(&bytes[16..24]),
        names: number(&bytes[24..32]),
        probes: number(&bytes[32..40]),
        check: number(&bytes[40..44]) as u32,
    }))
}

/// Reads the body once, holding each block against its checksum; the first line comes back.
fn check_body(path: &Path, file: &mut File, body: u64, checks: &[u8]) -> Result<Vec<u8>, StateError> {
    let mut head = Vec::new();
    let mut head_ends = false;
    let mut block = vec![0; BLOCK.min(body as usize)];
    let mut at = 0;
    for check in checks.chunks_exact(4) {
        let length = (body - at).min(BLOCK as u64) as usize;
        let block = &mut block[..length];
        file.read_exact(block)
            .map_err(|error| StateError::read(path, error))?;
        if crc32fast::hash(block) != number(check) as u32 {
            return Err(StateError::corrupt(
                path,
                format!(
                    "the bytes {at} to {} are not what was written",
                    at + length as u64
                ),
            ));
        }
        if !head_ends {
            let line = memchr::memchr(b'\n', block);
            head.extend_from_slice(&block[..line.unwrap_or(length)]);
            head_ends = line.is_some();
        }
        at += length as u64;
    }
    Ok(head)
}

/// A number of up to eight bytes, little endian.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(unix)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(windows)]
fn read_at(file: &File, into: &mut [u8], at: u64) -> std::io::Result<()> {
    let mut done = 0;
    while done < into.len() {
        match std::os::windows::fs::FileExt::seek_read(file, &mut into[done..], at + done as u64)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            some => done += some,
        }
    }
    Ok(())
}

impl Indexed {
    fn entry(&self, at: usize) -> &[u8] {
        &self.index[at * ENTRY..(at + 1) * ENTRY]
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        let stored = number(&self.entry(at)[20..24]);
        Kind::ALL.into_iter().find(|kind| *kind as u64 == stored)
    }

    fn name_bytes(&self, at: usize) -> Option<&[u8]> {
        let entry = self.entry(at);
        let from = self.items * ENTRY + number(&entry[12..16]) as usize;
        self.index.get(from..from + number(&entry[16..20]) as usize)
    }

    fn name(&self, at: usize) -> &str {
        // Looked at when the index was opened.
        self.name_bytes(at)
            .and_then(|name| std::str::from_utf8(name).ok())
            .unwrap_or_default()
    }

    fn digest_of(&self, at: usize) -> u128 {
        let mut digest = [0; 16];
        digest.copy_from_slice(&self.entry(at)[24..]);
        u128::from_le_bytes(digest)
    }

    /// Holds the index against itself and the first line.
    fn add_up(&mut self, body: u64, names: usize) -> Result<(), StateError> {
        let corrupt = || StateError::corrupt(&self.path, "its index does not add up");
        let mut sum = 0_u128;
        let mut before: Option<(Kind, &str)> = None;
        let mut name_at = 0;
        let mut records = 0;
        for at in 0..self.items {
            let entry = self.entry(at);
            let end = number(&entry[..8]).checked_add(number(&entry[8..12]));
            let name = self
                .name_bytes(at)
                .and_then(|name| std::str::from_utf8(name).ok());
            let (Some(kind), Some(name), Some(end)) = (self.kind(at), name, end) else {
                return Err(corrupt());
            };
            let in_order = before.is_none_or(|before| before < (kind, name));
            if end > body || !in_order || number(&entry[12..16]) as usize != name_at {
                return Err(corrupt());
            }
            before = Some((kind, name));
            name_at += name.len();
            records += usize::from(kind == Kind::Resource);
            sum = sum.wrapping_add(self.digest_of(at));
        }
        let adds_up = self.standing.count == self.items as u64
            && self.standing.digest == format!("{sum:032x}")
            && name_at == names
            && self.probes.iter().all(|probe| *probe < self.items);
        if !adds_up {
            return Err(corrupt());
        }
        self.records = records;
        Ok(())
    }

    /// The stored form of an item, held against its digest.
    fn stored(&self, at: usize) -> Result<RawJson, StateError> {
        let entry = self.entry(at);
        let mut text = vec![0; number(&entry[8..12]) as usize];
        read_at(&self.file, &mut text, number(&entry[..8]))
            .map_err(|error| StateError::read(&self.path, error))?;
        let kind = self.kind(at).unwrap_or(Kind::Resource);
        let text = String::from_utf8(text)
            .ok()
            .and_then(|text| RawJson::from_text(text).ok())
            .filter(|text| digest(kind, self.name(at), text) == self.digest_of(at));
        text.ok_or_else(|| StateError::CorruptItem {
            path: self.path.clone(),
            kind: kind.name(),
            id: self.name(at).to_owned(),
            detail: "its digest does not fit its content".into(),
        })
    }

    /// Number of the last commit in it.
    pub(super) fn seq(&self) -> u64 {
        self.standing.seq
    }

    /// How many items there are.
    pub(super) fn len(&self) -> usize {
        self.items
    }

    /// Kind and name of an item; they are ordered by these.
    pub(super) fn key(&self, at: usize) -> (Kind, &str) {
        (self.kind(at).unwrap_or(Kind::Resource), self.name(at))
    }

    pub(super) fn item(&self, at: usize) -> Result<Item, StateError> {
        let (kind, name) = self.key(at);
        Ok(Item(kind, name.to_owned(), Some(self.stored(at)?)))
    }

    /// Reads everything, handing every item to `seen` too.
    pub(super) fn read_all(self, codec: &Codec, mut seen: impl FnMut(Item)) -> Result<Contents, StateError> {
        let mut contents = Contents::empty(&self.standing.lineage);
        for at in 0..self.items {
            let item = self.item(at)?;
            contents
                .load(codec, &item)
                .map_err(|bad| bad.in_file(&self.path))?;
            seen(item);
        }
        contents.stand_at(&self.standing);
        Ok(contents)
    }

    /// The state in it; records are read when somebody looks into them.
    pub(super) fn into_contents(self, codec: &Codec) -> Result<Contents, StateError> {
        let mut contents = Contents::empty(&self.standing.lineage);
        for probe in &self.probes {
            let mut tried = Contents::empty("");
            let item = self.item(*probe)?;
            tried.load(codec, &item).map_err(|bad| bad.in_file(&self.path))?;
        }
        for at in self.records..self.items {
            let item = self.item(at)?;
            contents
                .load(codec, &item)
                .map_err(|bad| bad.in_file(&self.path))?;
        }
        let digests = (0..self.records).map(|at| self.digest_of(at));
        let sum = digests.fold(0_u128, u128::wrapping_add);
        let (standing, count) = (self.standing.clone(), self.records);
        contents.begin_with(Records::of(Box::new(self), codec), count as u64, sum);
        contents.stand_at(&standing);
        Ok(contents)
    }
}

impl Source for Indexed {
    fn path(&self) -> &Path {
        &self.path
    }

    fn len(&self) -> usize {
        self.records
    }

    fn address(&self, at: usize) -> &str {
        self.name(at)
    }

    fn digest(&self, at: usize) -> u128 {
        self.digest_of(at)
    }

    fn text(&self, at: usize) -> Result<RawJson, StateError> {
        self.stored(at)
    }
}

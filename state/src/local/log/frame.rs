//! Frames: what makes a torn write and a damaged file tell apart.
//!
//! A frame is a header of 24 bytes and a JSON text:
//!
//! ```text
//! magic 4 | length of text, u32 | commit number, u64 | crc32 of text | crc32 of the 20 bytes before | text
//! ```
//!
//! (little endian). The header has a checksum of its own, so a length can be trusted before the text is there. The text is
//! JSON and so never holds a zero byte: where a whole disk sector reads as zeros, the write never got there.

/// Bytes before the text.
pub(super) const HEADER: usize = 24;

/// The disk's unit of writing: a write that was cut short loses whole sectors.
const SECTOR: usize = 512;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The first of a segment: who it belongs to.
    Head,
    /// A commit.
    Commit,
}

impl FrameKind {
    const fn magic(self) -> &'static [u8; 4] {
        match self {
            Self::Head => b"HEAD",
            Self::Commit => b"CMIT",
        }
    }
}

/// A frame that reads well.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) kind: FrameKind,
    pub(super) seq: u64,
    pub(super) text: &'a [u8],
}

/// Why there is no frame at some place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoFrame {
    /// The file ends here.
    End,
    /// A write was cut short here, and nothing comes after it.
    Torn,
    /// The bytes are not what was written.
    Corrupt,
}

/// Writes a frame; `None` when the text is beyond 4 GiB.
pub(super) fn encode(kind: FrameKind, seq: u64, text: &[u8]) -> Option<Vec<u8>> {
    let length = u32::try_from(text.len()).ok()?;
    let mut bytes = Vec::with_capacity(HEADER + text.len());
    bytes.extend_from_slice(kind.magic());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(text).to_le_bytes());
    let check = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&check.to_le_bytes());
    bytes.extend_from_slice(text);
    Some(bytes)
}

/// Reads the frame at `offset`.
pub(super) fn decode(file: &[u8], offset: usize) -> Result<Frame<'_>, NoFrame> {
    let rest = &file[offset.min(file.len())..];
    if rest.is_empty() {
        return Err(NoFrame::End);
    }
    let Some(header) = header(rest) else {
        return Err(without_header(file, offset));
    };
    let Some(text) = rest.get(HEADER..HEADER + header.length) else {
        return Err(NoFrame::Torn);
    };
    if crc32fast::hash(text) == header.text_check {
        return Ok(Frame {
            kind: header.kind,
            seq: header.seq,
            text,
        });
    }
    let end = offset + HEADER + header.length;
    // A commit is written after the one before is known to be on disk, so only the last one can be torn.
    if end == file.len() && lost_sector(file, offset, end) {
        Err(NoFrame::Torn)
    } else {
        Err(NoFrame::Corrupt)
    }
}

struct Header {
    kind: FrameKind,
    length: usize,
    seq: u64,
    text_check: u32,
}

fn header(bytes: &[u8]) -> Option<Header> {
    let bytes: &[u8; HEADER] = bytes.get(..HEADER)?.try_into().ok()?;
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if u32_at(20) != crc32fast::hash(&bytes[..20]) {
        return None;
    }
    let kind = [FrameKind::Head, FrameKind::Commit]
        .into_iter()
        .find(|kind| bytes.starts_with(kind.magic()))?;
    let seq = u64::from(u32_at(8)) | u64::from(u32_at(12)) << 32;
    Some(Header {
        kind,
        length: u32_at(4) as usize,
        seq,
        text_check: u32_at(16),
    })
}

/// Tells torn from corrupt where the header itself is not readable.
fn without_header(file: &[u8], offset: usize) -> NoFrame {
    let rest = &file[offset..];
    if rest.len() < HEADER {
        let begun = [FrameKind::Head, FrameKind::Commit].into_iter().any(|kind| {
            let length = rest.len().min(4);
            rest[..length] == kind.magic()[..length]
        });
        return if begun || rest.iter().all(|byte| *byte == 0) {
            NoFrame::Torn
        } else {
            NoFrame::Corrupt
        };
    }
    let later =
        (offset + 1..file.len()).any(|at| file[at..].starts_with(b"CMIT") && header(&file[at..]).is_some());
    if !later && lost_sector(file, offset, offset + HEADER) {
        NoFrame::Torn
    } else {
        NoFrame::Corrupt
    }
}

/// Whether some sector of the file, as far as it lies between `from` and `to`, is all zeros. Two bytes are the least that
/// counts, so that one flipped byte is never taken for a lost sector.
fn lost_sector(file: &[u8], from: usize, to: usize) -> bool {
    let mut start = from;
    while start < to {
        let end = ((start / SECTOR + 1) * SECTOR).min(to);
        if end - start >= 2 && file[start..end].iter().all(|byte| *byte == 0) {
            return true;
        }
        start = end;
    }
    false
}

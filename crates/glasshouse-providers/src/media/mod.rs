#![doc = include_str!("README.md")]

use crate::formats::exif::{self, media_type};
use crate::{Opened, Provider, Sink, Tree};
use glasshouse_model::{Attachment, Claim, Family, Format, Framing, Locator, Manifest, Record, Tier};

/// Loose pictures, films and sound.
pub struct Media;

static MANIFEST: Manifest = Manifest {
    id: "media",
    title: "Pictures, films and sound",
    formats: &[
        Format {
            id: "exif",
            title: "A picture with its EXIF data",
            families: &[Family::Media],
            tier: Tier::Proven,
            version: 1,
        },
        Format {
            id: "film",
            title: "A film or sound file with what its container says (QuickTime, MP4, Matroska)",
            families: &[Family::Media],
            tier: Tier::Documented,
            version: 2,
        },
    ],
    general: true,
    not_covered: &[
        "XMP and IPTC blocks, and the maker notes of cameras, are not read.",
        "Tags of sound files are not read; the files are listed.",
        "Of a file longer than 64 MiB only the beginning is looked at.",
    ],
    references: &[
        "https://www.cipa.jp/std/documents/download_e.html?DC-008-Translation-2023-E",
        "https://github.com/mindeng/nom-exif",
        "https://github.com/ianare/exif-samples",
    ],
};

/// Endings of what is never media and often numerous; their first bytes are not fetched.
const OTHERS: &[&str] = &[
    "json", "html", "htm", "csv", "tsv", "txt", "xml", "mbox", "eml", "msg", "zip", "tgz", "gz", "pdf", "ics", "vcf",
    "js", "css", "md", "log", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "db", "sqlite", "plist", "gpx", "kml",
    "pst",
];

impl Provider for Media {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn recognise(&self, tree: &Tree<'_>) -> Vec<Claim> {
        let candidates = tree.entries().iter().filter(|e| e.size > 0 && !OTHERS.contains(&e.extension().as_str()));
        candidates
            .filter_map(|entry| {
                let kind = media_type(&tree.head(entry.id))?;
                let format = if kind.starts_with("image/") { "exif" } else { "film" };
                Some(Claim::of(format, entry.id, Framing::Whole))
            })
            .collect()
    }

    fn parse(&self, opened: &Opened<'_>, out: &mut Sink) {
        for frame in opened.frames {
            let at = opened.at(Locator::whole(opened.entry.size));
            let mut record = Record::new(Family::Media, opened.claim.format);
            record.title = Some(opened.entry.name().to_owned());
            record.attachments.push(Attachment {
                name: Some(opened.entry.name().to_owned()),
                mime: media_type(frame.bytes).map(Into::into),
                size: Some(opened.entry.size),
                sha256: None,
                at: Some(at.clone()),
            });
            exif::add(opened, frame, &at, &mut record, out);
            out.record(at, record);
        }
    }
}

//! The folder of loose files: address book, calendar, track, mail, a picture and a phone's own timeline.

use crate::Sizes;
use crate::clock::{DAY, day, iso, write};
use crate::jpeg::{Shot, jpeg};
use crate::location::{distance, outing};
use crate::mail::{Post, mail};
use crate::rng::Rng;
use crate::story::{HOLDER, PEOPLE, Spot, Spread, TRIPS, offset_at, position};
use crate::truth::{Tally, needle};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes the folder.
pub(crate) fn loose(dir: &Path, seed: u64, sizes: &Sizes, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    let create = |name: &str| -> io::Result<_> { Ok(BufWriter::new(File::create(dir.join(name))?)) };
    fs::create_dir_all(dir)?;
    contacts(&mut create("contacts.vcf")?, tally)?;
    calendar(&mut create("calendar.ics")?, seed, sizes.meetings, tally)?;
    track(&mut create("track.gpx")?, seed, sizes.track, tally)?;
    timeline(&mut create("Timeline.json")?, seed, sizes.segments, spread, tally)?;
    letters(dir, Post { seed, stream: 20, count: sizes.letters, spread }, tally)?;
    let time = TRIPS[4].start * DAY + 3 * DAY;
    let place = position(time, &mut Rng::of(seed, 500, 0));
    let comment = format!("{seed:x}");
    let shot = Shot { time, offset: offset_at(time), place: Some(place), comment: &comment, tone: seed };
    fs::write(dir.join("DSC_0001.JPG"), jpeg(&shot))?;
    tally.records("media.exif", 1);
    Ok(())
}

fn contacts(out: &mut impl Write, tally: &mut Tally<'_>) -> io::Result<()> {
    for (index, person) in PEOPLE.iter().chain([&HOLDER]).enumerate() {
        let (given, family) = person.name.split_once(' ').unwrap_or((person.name, ""));
        write!(
            out,
            "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{}\r\nN:{family};{given};;;\r\nEMAIL;TYPE=INTERNET,WORK:{}\r\nitem1.TEL:{}\r\nitem1.X-ABLabel:Mobile\r\nTITLE:{}\r\nBDAY:19{}-0{}-1{}\r\n",
            person.name,
            person.email,
            person.phone,
            person.role,
            70 + index * 2,
            1 + index % 9,
            index % 10,
        )?;
        if index == 0 {
            // A long line is folded; what is folded begins with a blank.
            write!(
                out,
                "NOTE:Knows every footpath between the river and the old railway\\, and where t\r\n he good bread is.\r\n"
            )?;
        }
        write!(out, "REV:2024-12-0{}T08:00:00Z\r\nEND:VCARD\r\n", 1 + index % 9)?;
    }
    tally.records("vcard.contacts", PEOPLE.len() as u64 + 1);
    Ok(())
}

const ZONE: &str = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nTZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";

fn calendar(out: &mut impl Write, seed: u64, meetings: u64, tally: &mut Tally<'_>) -> io::Result<()> {
    const FORMAT: &str = "icalendar.events";
    write!(
        out,
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Calendar 1.0//EN\r\nX-WR-CALNAME:Mara\r\n{ZONE}"
    )?;
    for trip in TRIPS {
        let date = |days: i64| write(days * DAY, 0, "%Y%m%d");
        let (start, end) = (date(trip.start), date(trip.start + trip.days));
        let summary = format!("{}: {}", trip.city, trip.why.replace(',', "\\,"));
        write!(
            out,
            "BEGIN:VEVENT\r\nUID:trip-{start}@example.com\r\nDTSTAMP:20250104T090000Z\r\nDTSTART;VALUE=DATE:{start}\r\nDTEND;VALUE=DATE:{end}\r\nSUMMARY:{summary}\r\nLOCATION:{}\r\nGEO:{:.4};{:.4}\r\nEND:VEVENT\r\n",
            trip.spots[1].name, trip.spots[1].lat, trip.spots[1].lon,
        )?;
        tally.record(FORMAT, &summary);
    }
    for index in 0..meetings {
        let mut rng = Rng::of(seed, 510, index);
        let days = day(2019, 1, 7) + (index as i64 * 2180 / meetings.max(1) as i64) / 7 * 7 + rng.below(5) as i64;
        let hour = 9 + rng.below(8);
        let with = rng.pick(PEOPLE);
        let date = write(days * DAY, 0, "%Y%m%d");
        let summary = match index {
            0 => format!("Plant the {}", needle::HELIOTROPE),
            _ => format!("Atlas meeting {index}"),
        };
        write!(
            out,
            "BEGIN:VEVENT\r\nUID:meeting-{index}@example.com\r\nDTSTAMP:20250104T090000Z\r\nDTSTART;TZID=Europe/Berlin:{date}T{hour:02}0000\r\nDTEND;TZID=Europe/Berlin:{date}T{:02}0000\r\nSUMMARY:{summary}\r\nORGANIZER;CN=\"{}\":mailto:{}\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{}\r\nLOCATION:Museumsinsel\\, Berlin\r\nEND:VEVENT\r\n",
            hour + 1,
            with.name,
            with.email,
            HOLDER.email,
        )?;
        tally.record(FORMAT, &summary);
    }
    write!(out, "END:VCALENDAR\r\n")
}

fn track(out: &mut impl Write, seed: u64, points: u64, tally: &mut Tally<'_>) -> io::Result<()> {
    let trip = &TRIPS[3];
    let (from, to): (Spot, Spot) = (trip.spots[1], trip.spots[2]);
    write!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"Example Walker\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n  <trk>\n    <name>Over the passes</name>\n    <trkseg>\n"
    )?;
    let mut rng = Rng::of(seed, 520, 0);
    let begin = (trip.start + 2) * DAY + 6 * 3600;
    for index in 0..points {
        let way = index as f64 / points as f64;
        let height = 436.0 + 3000.0 * way + 20.0 * rng.swing();
        writeln!(
            out,
            "      <trkpt lat=\"{:.6}\" lon=\"{:.6}\"><ele>{height:.1}</ele><time>{}</time></trkpt>",
            from.lat + (to.lat - from.lat) * way + 0.002 * rng.swing(),
            from.lon + (to.lon - from.lon) * way + 0.002 * rng.swing(),
            iso(begin + (way * 30.0 * 3600.0) as i64, 0),
        )?;
    }
    tally.records("gpx.track", points);
    write!(out, "    </trkseg>\n  </trk>\n</gpx>\n")
}

/// Writes what an Android phone exports itself: visits, ways, paths and raw fixes.
fn timeline(out: &mut impl Write, seed: u64, count: u64, spread: &Spread, tally: &mut Tally<'_>) -> io::Result<()> {
    const PATH: u64 = 3;
    let mut records = 0;
    let stamp = |time: i64| write(time, offset_at(time), "%Y-%m-%dT%H:%M:%S.000%:z");
    let point = |spot: &Spot| format!("{:.7}°, {:.7}°", spot.lat, spot.lon);
    write!(out, "{{\n  \"semanticSegments\": [")?;
    for index in 0..count {
        let mut rng = Rng::of(seed, 530, index);
        let now = outing(index, count, spread);
        let [begin, leave, arrive, _] = now.times;
        let (start, end) = if index % 3 == 0 { (begin, leave) } else { (leave, arrive) };
        write!(
            out,
            "{}{{\n      \"startTime\": \"{}\",\n      \"endTime\": \"{}\",\n",
            if index == 0 { "" } else { ", " },
            stamp(start),
            stamp(end)
        )?;
        match index % 3 {
            0 => write!(
                out,
                "      \"startTimeTimezoneUtcOffsetMinutes\": {},\n      \"visit\": {{\n        \"hierarchyLevel\": 0,\n        \"probability\": 0.9,\n        \"topCandidate\": {{\n          \"placeId\": \"ChIJ{:x}\",\n          \"semanticType\": \"UNKNOWN\",\n          \"probability\": 0.8,\n          \"placeLocation\": {{\n            \"latLng\": \"{}\"\n          }}\n        }}\n      }}",
                offset_at(start) / 60,
                rng.next(),
                point(&now.from)
            )?,
            1 => write!(
                out,
                "      \"activity\": {{\n        \"start\": {{\n          \"latLng\": \"{}\"\n        }},\n        \"end\": {{\n          \"latLng\": \"{}\"\n        }},\n        \"distanceMeters\": {}.5,\n        \"topCandidate\": {{\n          \"type\": \"WALKING\",\n          \"probability\": 0.7\n        }}\n      }}",
                point(&now.from),
                point(&now.to),
                distance(&now.from, &now.to)
            )?,
            _ => {
                write!(out, "      \"timelinePath\": [")?;
                for step in 0..PATH {
                    let time = start + (end - start) * step as i64 / PATH as i64;
                    let (lat, lon) = position(time, &mut rng);
                    write!(
                        out,
                        "{}{{\n        \"point\": \"{lat:.7}°, {lon:.7}°\",\n        \"time\": \"{}\"\n      }}",
                        if step == 0 { "" } else { ", " },
                        stamp(time)
                    )?;
                }
                write!(out, "]")?;
                records += PATH;
            }
        }
        records += 1;
        write!(out, "\n    }}")?;
    }
    write!(out, "],\n  \"rawSignals\": [")?;
    for index in 0..count / 2 {
        let mut rng = Rng::of(seed, 540, index);
        let time = day(2024, 12, 1) * DAY + index as i64 * 31 * DAY / (count / 2) as i64;
        let (lat, lon) = position(time, &mut rng);
        write!(
            out,
            "{}{{\n      \"position\": {{\n        \"LatLng\": \"{lat:.7}°, {lon:.7}°\",\n        \"accuracyMeters\": {},\n        \"altitudeMeters\": 40.5,\n        \"source\": \"WIFI\",\n        \"timestamp\": \"{}\",\n        \"speedMetersPerSecond\": 0.0\n      }}\n    }}",
            if index == 0 { "" } else { ", " },
            8 + rng.below(30),
            stamp(time)
        )?;
        records += 1;
    }
    tally.records("google.timeline", records);
    write!(out, "]\n}}\n")
}

/// Writes letters as files, every second one into a Maildir.
fn letters(dir: &Path, post: Post<'_>, tally: &mut Tally<'_>) -> io::Result<()> {
    fs::create_dir_all(dir.join("mail"))?;
    for folder in ["cur", "new", "tmp"] {
        fs::create_dir_all(dir.join("Maildir").join(folder))?;
    }
    for index in 0..post.count {
        let mail = mail(post, index);
        let path = match index % 4 {
            1 => format!("Maildir/cur/{}.M{index}P1.mail.example.com:2,S", mail.time),
            3 => format!("Maildir/new/{}.M{index}P1.mail.example.com", mail.time),
            _ => format!("mail/{index:05}.eml"),
        };
        fs::write(dir.join(path), &mail.bytes)?;
        tally.record("mail.eml", &mail.text);
    }
    Ok(())
}

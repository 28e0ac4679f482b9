#!/usr/bin/env python3
"""Goes where the locators of a Glasshouse case lead and looks, written from docs/format.md alone.

A second opinion: it shares no line with the program that wrote the case and needs nothing but Python 3.11. It is
given rows as JSON lines: rows of `records` (with at least id, entry, locator, refs, title, text, time_text and
fields), of `parties` (which help to know what a record says) and of `attachments`.

    glasshouse sql CASE --format json "SELECT * FROM records ORDER BY random() LIMIT 1000" | locate.py CASE

It finds each entry in the evidence by the manifest, compares its content with the hash that the manifest gives,
and checks that the bytes at the locator hold what the record says. It prints a line for each locator that does
not, and a summary; it leaves with 0 if all do, 1 if some do not, and 2 if it cannot look.
"""

import argparse
import base64
import binascii
import csv
import email.header
import email.parser
import hashlib
import html.parser
import io
import json
import mmap
import os
import quopri
import re
import sys
import tempfile
import unicodedata
import zlib

# Names in `fields` whose value is said of the record, not written in the evidence.
DERIVED = {"kind", "timelinePath_index", "calendar", "maildir flags"}
# The points of a GPX file are counted together.
POINTS = ("wpt", "rtept", "trkpt")
DEPTH = 100


class Wrong(Exception):
    """A locator does not lead where it should."""


# --- Evidence: from the number of an entry to its content -----------------------------------------------------


class Evidence:
    """The entries of a case, by number."""

    def __init__(self, case):
        self.entries, self.parts, self.inflated = {}, {}, {}
        folder = os.path.join(case, "evidence")
        for source in sorted(os.listdir(folder)):
            for name in sorted(os.listdir(os.path.join(folder, source))):
                if re.fullmatch(r"part-[0-9]{4,}", name):
                    self.add(os.path.join(folder, source, name))
                elif match := re.fullmatch(r"(part-[0-9]{4,})\.json", name):
                    # A part that was left where it was is known by its description alone.
                    place = os.path.join(folder, source, match[1])
                    if not os.path.exists(place):
                        self.add(place)
        self.last = (None, None)

    def add(self, place):
        with open(place + ".json", encoding="utf-8") as file:
            part = json.load(file)["part"]
        self.parts[place] = (part, part.get("external") or place)
        with open(place + ".manifest.jsonl", encoding="utf-8", newline="\n") as file:
            for line in file:
                entry = json.loads(line)
                self.entries[entry["entry"]] = (place, entry)

    def path(self, number):
        return self.entries[number][1]["path"]

    def content(self, number):
        """Returns the content of an entry, after its hash was compared."""
        if self.last[0] != number:
            if number not in self.entries:
                raise Wrong(f"no manifest has an entry {number}")
            data = self.read(number)
            entry = self.entries[number][1]
            found = hashlib.sha256(data).hexdigest()
            if found != entry.get("sha256") or len(data) != entry["size"]:
                raise Wrong(f"entry {number} has {len(data)} bytes with SHA-256 {found}, other than its manifest says")
            self.last = (number, data)
        return self.last[1]

    def read(self, number):
        place, entry = self.entries[number]
        method = entry["method"]
        if entry.get("encrypted") or method not in ("stored", "deflate", "file", "tar"):
            raise Wrong(f"entry {number} is {method}, which this program does not read")
        if entry.get("parent") is not None:
            around, key = self.content(entry["parent"]), entry["parent"]
            gzipped = method == "tar" and bytes(around[:2]) == b"\x1f\x8b"
        else:
            part, file = self.parts[place]
            around, key = mapped(open(file, "rb")), place
            gzipped = method == "tar" and part["container"] == "tar.gz"
        if gzipped:
            if key not in self.inflated:
                # One archive at a time is kept inflated: entries are asked for in order.
                self.inflated = {key: inflate(around, 31)}
            around = self.inflated[key]
        end = entry["offset"] + entry["csize"]
        if end > len(around):
            raise Wrong(f"entry {number} lies past the end of what it is in")
        data = around[entry["offset"] : end]
        return inflate(data, -15) if method == "deflate" else data


def mapped(file):
    with file:
        if os.fstat(file.fileno()).st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def inflate(data, bits):
    file = tempfile.TemporaryFile()
    state, place = zlib.decompressobj(bits), 0
    while place < len(data):
        block = data[place : place + (1 << 20)]
        place += len(block)
        try:
            file.write(state.decompress(block))
        except zlib.error as error:
            raise Wrong(f"the deflate stream is damaged: {error}") from None
        if state.eof:
            # A gzip file may have several members; a raw stream ends where it ends.
            place -= len(state.unused_data)
            if bits < 0 or bytes(data[place : place + 2]) != b"\x1f\x8b":
                break
            state = zlib.decompressobj(bits)
    file.flush()
    return mapped(file)


# --- Locators -------------------------------------------------------------------------------------------------


class Locator:
    """`kind:detail@start+length`; the last `@` divides detail and range."""

    def __init__(self, text):
        match = re.fullmatch(r"(bytes|json|row|mime|node|whole):(.*)@([0-9]+)\+([0-9]+)", text, re.DOTALL)
        if match is None:
            raise Wrong("this is no locator")
        self.kind, self.detail = match[1], match[2]
        self.start, self.length = int(match[3]), int(match[4])
        self.end = self.start + self.length


class Spans:
    """Finds where in a JSON document the values at some pointers are, in one walk from its first byte.

    The document is read as Latin-1, so that a place in the text is a place in the bytes.
    """

    SPACE = re.compile(r"[ \t\r\n]*")
    # A document may stand behind an assignment: pointers are into what is assigned.
    ASSIGNMENT = re.compile(r"[ \t\r\n]*[A-Za-z_$][^=<{\"]*=")

    def __init__(self, document, pointers):
        self.text = str(document, "latin-1")
        self.skip = json.JSONDecoder(strict=False, parse_int=len, parse_float=len).raw_decode
        self.found = {}
        wanted = {}
        for pointer in pointers:
            node = wanted
            for name in pointer.split("/")[1:]:
                node = node.setdefault(name.replace("~1", "/").replace("~0", "~"), {})
            node[None] = pointer
        start = 3 if self.text.startswith("\xef\xbb\xbf") else 0
        if assigned := self.ASSIGNMENT.match(self.text, start):
            start = assigned.end()
        try:
            self.walk(self.space(start), wanted)
        except (ValueError, IndexError, RecursionError):
            # What comes before a damaged place has been found; what comes after has no pointer.
            pass

    def space(self, place):
        return self.SPACE.match(self.text, place).end()

    def walk(self, place, wanted):
        """Returns the place after the value at `place`."""
        if set(wanted) == {None}:
            _, end = self.skip(self.text, place)
        elif self.text[place] == "[":
            end = self.members(place, wanted, "]")
        elif self.text[place] == "{":
            end = self.members(place, wanted, "}")
        else:
            _, end = self.skip(self.text, place)
        if None in wanted:
            self.found[wanted[None]] = (place, end - place)
        return end

    def members(self, place, wanted, close):
        place = self.space(place + 1)
        if self.text[place] == close:
            return place + 1
        index = 0
        while True:
            name = str(index)
            if close == "}":
                name, place = self.skip(self.text, place)
                if not isinstance(name, str):
                    raise ValueError("a member without a name")
                name = name.encode("latin-1", "replace").decode("utf-8", "replace")
                place = self.space(place)
                if self.text[place] != ":":
                    raise ValueError("a member without a value")
                place = self.space(place + 1)
            inner = wanted.get(name)
            place = self.space(self.walk(place, inner) if inner else self.skip(self.text, place)[1])
            if self.text[place] == close:
                return place + 1
            if self.text[place] != ",":
                raise ValueError("neither a comma nor the end")
            place = self.space(place + 1)
            index += 1


class Looker:
    """Looks at the locators of one entry after the other."""

    def __init__(self, evidence):
        self.evidence, self.spans, self.starts = evidence, {}, {}

    def begin(self, number, locators):
        """Reads an entry and, if it is JSON, finds all pointers that are asked for at once."""
        content = self.evidence.content(number)
        self.starts = {}
        pointers = {locator.detail for locator in locators if locator.kind == "json"}
        self.spans = Spans(content, pointers).found if pointers else {}

    def look(self, number, locator):
        """Returns the texts that the bytes at a locator hold."""
        content = self.evidence.content(number)
        if locator.end > len(content):
            raise Wrong(f"its range ends at {locator.end}, its entry at {len(content)}")
        data = bytes(content[locator.start : locator.end])
        if locator.kind in ("bytes", "whole") and locator.detail:
            raise Wrong("its detail is not empty")
        return getattr(self, "look_" + locator.kind)(content, locator, data) + [self.evidence.path(number)]

    def look_json(self, content, locator, data):
        found = self.spans.get(locator.detail)
        # The document as a whole is the entry, with what white space is around its value.
        if locator.detail == "" and found is not None:
            found = (0, len(content))
            data = data.removeprefix(b"\xef\xbb\xbf")
        if found != (locator.start, locator.length):
            raise Wrong(f"the value at the pointer is at {found}")
        # Numbers stay as they are written.
        value = json.loads(data.decode("utf-8", "replace"), strict=False, parse_int=str, parse_float=str)
        names = locator.detail.split("/")[-1:]
        found = list(leaves(value)) + names
        return found + [text for text in map(repaired, found) if text is not None]

    def look_mime(self, content, locator, data):
        before = bytes(content[max(0, locator.start - 3) : locator.start])
        after = bytes(content[locator.end : locator.end + 5])
        if before not in (b"", b"\xef\xbb\xbf") and not before.endswith(b"\n"):
            raise Wrong("its range does not begin with a line")
        if after and not data.endswith(b"\n"):
            raise Wrong("its range does not end with a line")
        if data.startswith(b"From ") and after not in (b"", b"From "):
            raise Wrong("its range does not end where the next message of the mailbox begins")
        part = message(data).at(locator.detail)
        texts = [str(value) for value in part.headers.values()]
        texts += [decoded_header(value) for value in part.headers.values()]
        # Older programs write headers in their own charset, without saying which.
        return texts + readable(part) + [data.decode("utf-8", "replace"), data.decode("cp1252", "replace")]

    def look_node(self, content, locator, data):
        name, _, count = locator.detail.rpartition(" ")
        opening = re.match(rb"<[A-Za-z][\w:.-]*(\s+class=[\"'][^\s\"']+)?", data)
        if opening is None:
            raise Wrong("its range does not begin with a tag")
        # Nodes with a name are counted by their name; others by tag and first class, and then what precedes the
        # first of them counts, too.
        names = POINTS if name in POINTS else (name,)
        among = "|".join(re.escape(one) for one in names).encode()
        tag = re.compile(rb"<(?:" + among + rb")(?=[\s/>])" if name else re.escape(opening[0]))
        if name and opening[0].split()[0] != b"<" + name.encode():
            raise Wrong(f"its range is no {name}")
        if name and not data.endswith(b">") and locator.end < len(content):
            raise Wrong("its range does not end with a tag")
        if tag.pattern not in self.starts:
            begins = [match.start() for match in tag.finditer(content)]
            first = 1 if not name and begins[:1] != [0] else 0
            self.starts[tag.pattern] = {begin: first + i for i, begin in enumerate(begins)}
        found = self.starts[tag.pattern].get(locator.start)
        if str(found) != count:
            raise Wrong(f"it is number {found} of such nodes")
        reader = Markup()
        reader.feed(data.decode("utf-8", "replace"))
        reader.close()
        if reader.open:
            raise Wrong(f"its range ends inside of the node: {reader.open} is not closed")
        return ["".join(reader.text)] + reader.values

    def look_row(self, content, locator, data):
        before = io.StringIO(bytes(content[: locator.start]).decode("utf-8-sig", "replace"), newline="")
        found = sum(1 for _ in csv.reader(before))
        if str(found) != locator.detail:
            raise Wrong(f"it is row {found}")
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")))
        if len(rows) != 1:
            raise Wrong(f"its range holds {len(rows)} rows")
        return rows[0]

    def look_bytes(self, content, locator, data):
        begin = re.match(rb"[ \t]*BEGIN:(\w+)", data, re.IGNORECASE)
        end = begin and re.search(rb"(?:\A|\n)[ \t]*END:" + begin[1] + rb"[ \t]*(?:\r?\n)?\Z", data, re.IGNORECASE)
        # What was cut off ends where its entry does.
        if begin and not end and locator.end < len(content):
            raise Wrong("its range does not end with what it began")
        if not begin and locator.start and content[locator.start - 1] != 0x0A:
            raise Wrong("its range does not begin with a line")
        return plain(data)

    def look_whole(self, content, locator, data):
        if locator.start or locator.length != len(content):
            raise Wrong(f"its entry has {len(content)} bytes")
        return plain(data)


def leaves(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value
    elif value is not None:
        yield json.dumps(value)


def repaired(text):
    """Returns what a text of Facebook or Instagram means, whose UTF-8 is escaped byte by byte; none of other texts."""
    try:
        return None if text.isascii() else text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def plain(data):
    """Returns the ways to read bytes as text: as they are, and as lines of vCard and iCalendar."""
    text = data.decode("utf-8", "replace")
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    unescaped = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], unfolded)
    soft = re.sub(rb"=\r?\n", b"", data)
    quoted = quopri.decodestring(soft)
    older = re.sub(r"\\(.)", lambda m: "\n" if m[1] in "nN" else m[1], quoted.decode("cp1252", "replace"))
    return [text, unfolded, unescaped, quoted.decode("utf-8", "replace"), quoted.decode("cp1252", "replace"), older]


class Markup(html.parser.HTMLParser):
    """Reads the text and the values of attributes of a piece of HTML or XML."""

    VOID = {"br", "hr", "img", "input", "meta", "link", "wbr", "area", "base", "col", "embed", "source", "track"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.values, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.values += [value for _, value in attributes if value]
        self.text.append(" ")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.values += [value for _, value in attributes if value]

    def handle_endtag(self, tag):
        self.text.append(" ")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text.append(data)


# --- Messages -------------------------------------------------------------------------------------------------


class Part:
    """A part of a message: its headers and its body as it is written."""

    def __init__(self, data, depth, default="text/plain"):
        self.depth = depth
        if data.startswith((b"\r\n", b"\n")):
            head, self.body = b"", data[data.index(b"\n") + 1 :]
        else:
            end = re.search(rb"\r?\n\r?\n", data)
            head, self.body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
        self.headers = email.parser.BytesParser().parsebytes(head + b"\n\n", headersonly=True)
        self.headers.set_default_type(default)
        self.type = self.headers.get_content_type()

    def pieces(self):
        """Returns the parts of a multipart."""
        boundary = self.headers.get_boundary() if self.type.startswith("multipart/") else None
        if not boundary or self.depth > DEPTH:
            return []
        mark = re.escape(boundary.encode("latin-1", "replace"))
        # The line break before a boundary belongs to the boundary.
        pieces = re.split(rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]*(?=\r?\n|\Z)", self.body)
        default = "message/rfc822" if self.type == "multipart/digest" else "text/plain"
        parts = []
        for piece, closed in zip(pieces[2::2], pieces[1::2]):
            if closed:
                break
            parts.append(Part(re.sub(rb"\A\r?\n", b"", piece), self.depth + 1, default))
        return parts

    def at(self, path):
        """Returns the part at a path: numbers from the outside in, as IMAP counts them."""
        part, numbered = self, False
        for number in map(int, path.split(".") if path else []):
            if numbered and part.type == "message/rfc822":
                part, numbered = Part(part.content(), part.depth + 1), False
            # A message that is no multipart has one part, which is 1.
            pieces = part.pieces() or ([] if numbered else [part])
            if not 1 <= number <= len(pieces):
                raise Wrong(f"its message has no part {path}")
            part, numbered = pieces[number - 1], True
        return part

    def content(self):
        """Returns the body with its transfer encoding undone."""
        encoding = str(self.headers.get("content-transfer-encoding", "")).strip().lower()
        if encoding == "base64":
            letters = re.sub(rb"[^A-Za-z0-9+/]", b"", self.body)
            try:
                return base64.b64decode(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
            except binascii.Error:
                return self.body
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        return self.body

    def text(self):
        data = self.content()
        for charset in (self.headers.get_content_charset(), "utf-8", "cp1252", "latin-1"):
            try:
                return data.decode(charset or "utf-8")
            except (LookupError, UnicodeDecodeError):
                pass
        return ""


def message(data):
    # The line `From ` of a mailbox is in the range of the message and not in the message.
    return Part(re.sub(rb"\AFrom [^\n]*\n", b"", data), 0)


def readable(part):
    pieces = part.pieces()
    if pieces:
        return [text for piece in pieces for text in readable(piece)]
    if part.type == "message/rfc822" and part.depth <= DEPTH:
        return readable(Part(part.content(), part.depth + 1))
    if part.type == "text/html":
        reader = Markup()
        reader.feed(part.text())
        reader.close()
        return ["".join(reader.text)] + reader.values
    if part.type.startswith("text/"):
        text = part.text()
        return [text, re.sub(r"(?m)^>(>*From )", r"\1", text)]
    return []


def decoded_header(value):
    try:
        return str(email.header.make_header(email.header.decode_header(str(value))))
    except (LookupError, ValueError, email.header.HeaderParseError):
        return str(value)


# --- What a record says ---------------------------------------------------------------------------------------


def tight(text):
    """Returns a text without white space, which readers of formats may fold, trim or join."""
    return "".join(unicodedata.normalize("NFC", text).split())


class Held:
    """The texts that the places of a record hold."""

    def __init__(self, texts):
        self.leaves = {tight(text) for text in texts}
        self.all = "\0".join(self.leaves)

    def holds(self, text):
        return tight(text) in self.all

    def holds_lines(self, text):
        """Whether the text is there, at once or line by line, where a record joins what the evidence divides."""
        return self.holds(text) or all(self.holds(line) for line in text.splitlines())


def facts(record):
    """Returns what a record says in the words of the evidence, by the name of what says so."""
    said = [(name, record[name]) for name in ("title", "text", "time_text") if record.get(name)]
    fields = json.loads(record.get("fields") or "{}", parse_int=str, parse_float=str)
    for name, value in fields.items():
        if name not in DERIVED:
            said += [(name, leaf) for leaf in leaves(value) if leaf]
    return said


def identifiers(record, parties):
    said = [text for _, text in facts(record) if len(text) > 2]
    said += [m["text"] for m in json.loads(record.get("moments") or "[]") if m.get("text")]
    said += [record.get("conversation") or ""]
    for party in parties:
        said += [party.get("identifier") or "", party.get("name") or ""]
    return [text for text in said if text]


def check_record(record, held, parties):
    """Raises if the places of a record do not hold what it says."""
    if not held:
        return
    together = Held([text for texts in held for text in texts])
    first = record["locator"].partition(":")[0]
    kinds = {place["locator"].partition(":")[0] for place in places(record)}
    said = facts(record)
    for name, text in said:
        if name in ("title", "text"):
            # A name may be put together from its parts.
            words = name == "title" and first == "bytes" and all(map(together.holds, text.split()))
            good = words or together.holds_lines(text)
        elif name == "time_text":
            # A film holds its time as a number.
            words = record["format"] == "media.film" or all(map(together.holds, text.split()))
            good = words or together.holds(text)
        elif kinds == {"json"}:
            good = tight(text) in together.leaves
        else:
            # Headers, properties and tags of pictures are decoded one by one: only what a record is known by
            # is looked for.
            good = True
        if not good:
            raise Wrong(f"{name} is not there: {text[:200]!r}")
    known = identifiers(record, parties)
    for place, texts in zip(places(record), held):
        one = Held(texts)
        if first != "whole" and known and not any(one.holds(text) for text in known):
            raise Wrong(f"nothing that the record says is at entry {place['entry']}, {place['locator']}")


def places(record):
    """Returns the places of a record: its own and further ones, each once."""
    result = [{"entry": record["entry"], "locator": record["locator"]}]
    for place in json.loads(record.get("refs") or "[]"):
        place = {"entry": place["entry"], "locator": place["locator"]}
        if place not in result:
            result.append(place)
    return result


def embedded(data):
    """Returns what a property of a vCard or calendar holds in base64, its own text if it holds none."""
    unfolded = re.sub(rb"\r?\n[ \t]*", b"", data)
    # Quoted values before the colon may hold colons.
    match = re.match(rb'(?:[^":]|"[^"]*")*:(?:data:[^,]*,)?', unfolded)
    try:
        return base64.b64decode(unfolded[match.end() :].strip(), validate=True)
    except (AttributeError, binascii.Error):
        return data


def check_attachment(row, evidence, locator):
    data = evidence.content(row["entry"])
    if locator.end > len(data):
        raise Wrong(f"its range ends at {locator.end}, its entry at {len(data)}")
    data = bytes(data[locator.start : locator.end])
    if locator.kind == "mime":
        data = message(data).at(locator.detail).content()
    elif locator.kind == "bytes":
        data = embedded(data)
    elif locator.kind == "whole" and locator.length != evidence.entries[row["entry"]][1]["size"]:
        raise Wrong("its range is not its entry")
    if row.get("size") is not None and row["size"] != len(data):
        raise Wrong(f"it has {len(data)} bytes, not {row['size']}")
    found = hashlib.sha256(data).hexdigest()
    if row.get("sha256") not in (None, found):
        raise Wrong(f"it has SHA-256 {found}, not {row['sha256']}")


# --- The whole ------------------------------------------------------------------------------------------------


class Rows:
    """The rows that are given, by what they are."""

    def __init__(self, lines):
        self.records, self.attachments, self.parties = {}, [], {}
        for line in lines:
            if not line.strip():
                continue
            row = json.loads(line)
            if "id" in row:
                self.records[row["id"]] = row
            elif "locator" in row:
                if row["locator"] is not None:
                    self.attachments.append(row)
            else:
                self.parties.setdefault(row["record_id"], []).append(row)


def check(evidence, rows):
    """Returns the number of locators and the faults, by what has them."""
    jobs, count, faults, held = {}, 0, {}, {}

    def job(name, entry, text, then):
        nonlocal count
        count += 1
        try:
            jobs.setdefault(entry, []).append((name, Locator(text), then))
        except Wrong as wrong:
            faults[name + (text,)] = str(wrong)

    for record in rows.records.values():
        for place in places(record):
            job((record["id"], record["format"]), place["entry"], place["locator"], None)
    for row in rows.attachments:
        job((row["record_id"], "attachment"), row["entry"], row["locator"], row)

    looker = Looker(evidence)
    for entry in sorted(jobs):
        try:
            looker.begin(entry, [locator for _, locator, then in jobs[entry] if then is None])
        except Wrong as wrong:
            faults.update({name + (entry, at): str(wrong) for at, (name, _, _) in enumerate(jobs[entry])})
            continue
        for name, locator, row in jobs[entry]:
            key = (entry, locator.kind, locator.detail, locator.start)
            try:
                if row is None:
                    held.setdefault(name[0], {})[key] = looker.look(entry, locator)
                else:
                    check_attachment(row, evidence, locator)
            except (Wrong, ValueError) as wrong:
                faults[name + key] = str(wrong)
    for record in rows.records.values():
        found, keys = held.get(record["id"], {}), []
        for place in places(record):
            try:
                locator = Locator(place["locator"])
                keys.append((place["entry"], locator.kind, locator.detail, locator.start))
            except Wrong:
                pass
        # Where a place could not be looked at, that has been said already.
        if len(keys) == len(places(record)) and all(key in found for key in keys):
            try:
                check_record(record, [found[key] for key in keys], rows.parties.get(record["id"], []))
            except (Wrong, ValueError) as wrong:
                faults[(record["id"], record["format"], record["locator"])] = str(wrong)
    return count, faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("case")
    arguments.add_argument("rows", nargs="*", help="files of JSON lines; standard input if there are none")
    arguments = arguments.parse_args()
    sys.set_int_max_str_digits(0)
    try:
        lines = []
        for path in arguments.rows:
            with open(path, encoding="utf-8", newline="\n") as file:
                lines += file.readlines()
        if not arguments.rows:
            lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", newline="\n").readlines()
        rows = Rows(lines)
        evidence = Evidence(arguments.case)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"locate.py: {error!r}", file=sys.stderr)
        return 2
    count, faults = check(evidence, rows)
    for name, why in sorted(faults.items(), key=str):
        print(" ".join(str(part) for part in name) + ": " + ascii(why)[1:-1])
    bad = len(faults)
    print(f"{len(rows.records)} records, {len(rows.attachments)} attachments")
    print(f"{count} locators: {count - bad} hold their text, {bad} do not")
    return 1 if bad or not count else 0


if __name__ == "__main__":
    sys.exit(main())

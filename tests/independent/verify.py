#!/usr/bin/env python3
"""Verifies a Glasshouse case, an export or an extract of a log, written from docs/format.md alone.

A second opinion: it shares no line with the program that writes a case or with glasshouse-verify, and needs
nothing but Python 3.11. It prints a line for each fault (`altered: path: why`) and for each remark
(`note: unmentioned: path: why`), and leaves with 0 if the case is proven, 1 if it has faults, and 2 if it
cannot be checked.

    verify.py CASE|EXPORT|EXTRACT [--against CHECKPOINT_FILE] [--fingerprint HEX] [--deep]
"""

import argparse
import base64
import binascii
import hashlib
import io
import json
import os
import re
import stat
import sys
import tempfile
import tomllib
import unicodedata
import zlib

MAX_PAYLOAD = 64 << 20
MAX_SMALL = 16 << 20
MAX_LINE = 4 << 20
MAX_NESTED = 16 << 30
OPTIONAL = ("path_bytes", "crc32", "sha256", "mime", "modified", "link_target", "problem")
KINDS = {"collection", "alteration", "consultation", "disclosure", "combination", "erasure"}


class CannotCheck(Exception):
    """Nothing can be said about the folder."""


class Bad(Exception):
    """A file cannot be used; carries the class of the fault."""

    def __init__(self, kind, why):
        super().__init__(why)
        self.kind = kind


# --- Ed25519, RFC 8032 section 5.1.7 -------------------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point_add(a, b):
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    z = 2 * a[3] * b[3] * D % P
    w = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, w - z, w + z, y + x
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_mul(scalar, point):
    product = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            product = point_add(product, point)
        point = point_add(point, point)
        scalar >>= 1
    return product


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P != 0:
        return None
    return P - x if (x & 1) != sign else x


def decompress(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = recover_x(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % P)


def compress(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | ((x & 1) << 255)).to_bytes(32, "little")


BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def ed25519_verify(key, message, signature):
    if len(key) != 32 or len(signature) != 64:
        return False
    point = decompress(key)
    scalar = int.from_bytes(signature[32:], "little")
    if point is None or scalar >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    h = int.from_bytes(digest, "little") % Q
    negative = (P - point[0], point[1], point[2], P - point[3])
    return compress(point_add(point_mul(scalar, BASE), point_mul(h, negative))) == signature[:32]


# --- Small forms ----------------------------------------------------------------------------------------------


def base64_strict(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def is_hash(text):
    return isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text) is not None


def is_int(value, limit=2**64):
    return type(value) is int and 0 <= value < limit


def is_plain(path):
    if not isinstance(path, str):
        return False
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        return False
    names = path.split("/")
    return (
        length <= 4096
        and all(name not in ("", ".", "..") for name in names)
        and not any(c in "\\:" or unicodedata.category(c) == "Cc" for c in path)
    )


def read_json(text):
    def unique(pairs):
        members = dict(pairs)
        if len(members) != len(pairs):
            raise ValueError("a member is there twice")
        return members

    def refuse(_):
        raise ValueError("not a number of JSON")

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)


def is_name(name):
    return name != "" and "+" not in name and not any(c.isspace() or unicodedata.category(c) == "Cc" for c in name)


class Key:
    def __init__(self, text):
        try:
            self.name, key_id, key = text.split("+", 2)
        except ValueError:
            raise ValueError("the key is not of the form name+hash+base64") from None
        typed = base64_strict(key)
        if not is_name(self.name) or re.fullmatch("[0-9a-f]{8}", key_id) is None or typed is None:
            raise ValueError("the key is not of the form name+hash+base64")
        if len(typed) != 33 or typed[0] != 1:
            raise ValueError("the key is not an Ed25519 key")
        self.id = hashlib.sha256(self.name.encode() + b"\n" + typed).digest()[:4]
        if self.id.hex() != key_id:
            raise ValueError("the key's hash is not that of its name and bytes")
        self.bytes = typed[1:]


class Checkpoint:
    def __init__(self, data):
        text = data.decode("utf-8")
        if any(c < " " and c != "\n" for c in text):
            raise ValueError("it holds control characters")
        body, gap, lines = text.rpartition("\n\n")
        if gap == "" or not lines.endswith("\n"):
            raise ValueError("it is not a signed note")
        self.signatures = []
        for line in lines[:-1].split("\n"):
            name, blank, encoded = line.removeprefix("— ").partition(" ")
            signature = base64_strict(encoded)
            if not line.startswith("— ") or blank == "" or not is_name(name) or signature is None or len(signature) < 5:
                raise ValueError("a line of its signatures is none")
            self.signatures.append((name, signature[:4], signature[4:]))
        if len(self.signatures) > 100:
            raise ValueError("it has more than 100 signatures")
        members = body.split("\n")
        if len(members) < 3 or members[0] == "" or "" in members[3:]:
            raise ValueError("its text is not that of a checkpoint")
        self.origin = members[0]
        if re.fullmatch("0|[1-9][0-9]{0,19}", members[1]) is None or int(members[1]) >= 2**64:
            raise ValueError("its tree size is not a number")
        self.size = int(members[1])
        self.root = base64_strict(members[2])
        if self.root is None or len(self.root) != 32:
            raise ValueError("its root is not a hash")
        self.text = (body + "\n").encode()

    def signed_by(self, key):
        """Returns "yes", "forged" (a line claims to be by this key) or "others"."""
        answer = "others"
        for name, key_id, signature in self.signatures:
            if name == key.name and key_id == key.id:
                if ed25519_verify(key.bytes, self.text, signature):
                    return "yes"
                answer = "forged"
        return answer


# --- Files ----------------------------------------------------------------------------------------------------


class Folder:
    def __init__(self, root):
        self.root = root

    def place(self, path):
        return os.path.join(self.root, path)

    def open(self, path):
        """Opens a regular file without following a link; returns it with its size."""
        place, info = self.root, None
        for name in path.split("/"):
            place = os.path.join(place, name)
            try:
                info = os.lstat(place)
            except (FileNotFoundError, NotADirectoryError):
                raise Bad("missing", "it is not there") from None
            except OSError as error:
                raise Bad("unreadable", f"it cannot be read: {error.strerror}") from None
            if stat.S_ISLNK(info.st_mode):
                raise Bad("malformed", "there is a symbolic link on its path")
        if not stat.S_ISREG(info.st_mode):
            raise Bad("malformed", "it is not a regular file")
        try:
            return open(place, "rb"), info.st_size
        except OSError as error:
            raise Bad("unreadable", f"it cannot be read: {error.strerror}") from None

    def read(self, path, limit):
        file, size = self.open(path)
        with file:
            if size > limit:
                raise Bad("malformed", f"it has more than {limit} bytes")
            return file.read(limit)


def sha256_of(reader, limit):
    """Returns hash and length of what a reader gives, at most one byte past the limit."""
    digest, length = hashlib.sha256(), 0
    while length <= limit:
        block = reader.read(min(1 << 20, limit + 1 - length))
        if not block:
            break
        digest.update(block)
        length += len(block)
    return digest.hexdigest(), length


# --- The log --------------------------------------------------------------------------------------------------


def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def root_of(hashes):
    """RFC 6962 section 2.1, over hashes of leaves; the list is folded level by level."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        pairs = [hashlib.sha256(b"\1" + a + b).digest() for a, b in zip(hashes[::2], hashes[1::2])]
        hashes = pairs + (hashes[-1:] if len(hashes) % 2 else [])
    return hashes[0]


def number_path(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def tile_path(level, index, width):
    return f"log/tile/{level}/{number_path(index)}" + (f".p/{width}" if width < 256 else "")


def split_bundle(data):
    leaves, place = [], 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 2], "big")
        place += 2 + length
        if place > len(data):
            raise Bad("malformed", "the bundle ends inside a leaf")
        leaves.append(data[place - length : place])
    return leaves


def hashes_of_tile(data):
    if len(data) % 32:
        raise Bad("malformed", "it is not a row of hashes")
    return [data[i : i + 32] for i in range(0, len(data), 32)]


def leaf_of(data):
    """Returns what a leaf says, or nothing if it is not the JSON of a leaf."""
    try:
        leaf = read_json(data.decode("utf-8"))
        fits = (
            isinstance(leaf, dict)
            and is_int(leaf["v"], 2**32)
            and is_int(leaf["seq"])
            and all(isinstance(leaf[member], str) for member in ("time", "action", "payload"))
            and leaf["kind"] in KINDS
            and isinstance(leaf.get("erases", []), list)
            and all(is_int(index) for index in leaf.get("erases", []))
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return leaf if fits else None


def payload_of(data):
    """Returns what a payload file says, or nothing if it is none."""
    try:
        salt, line, text = data.decode("utf-8").partition("\n")
        payload = read_json(text)
        files, removed = payload.get("files", []), payload.get("removed", [])
        sealed, unsealed = payload.get("sealed", {}), payload.get("unsealed", [])
        fits = (
            isinstance(sealed, dict)
            and all(isinstance(value, str) for value in sealed.values())
            and isinstance(unsealed, list)
            and all(is_int(index) for index in unsealed)
            and is_hash(salt)
            and line == "\n"
            and isinstance(files, list)
            and isinstance(removed, list)
            and all(isinstance(payload[member], str) for member in ("who", "where", "authority", "tool"))
            and all(isinstance(name, str) for name in removed)
            and all(
                isinstance(file["path"], str)
                and is_int(file["size"])
                and isinstance(file["sha256"], str)
                and isinstance(file.get("external"), (str, type(None)))
                for file in files
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return payload if fits else None


class Case:
    def __init__(self, folder):
        self.folder = Folder(folder)
        self.findings = []
        self.complete = True
        self.files = {}
        self.gone = {}
        self.sealed, self.unsealed = {}, {}
        self.events = self.parts = self.entries = self.contents = 0
        self.unhashed = {}
        self.anchors = []

    def said(self, deep):
        contents = f", {self.contents} contents" if deep else ""
        return f"{self.events} events, {self.parts} parts, {self.entries} entries{contents}"

    def fault(self, kind, path, why):
        self.findings.append((True, kind, path, why))

    def note(self, kind, path, why):
        self.findings.append((False, kind, path, why))

    # The log as hashes.

    def tile(self, level, index, width, split):
        """Returns path and content of a tile or bundle; the full one stands for a partial one that is gone."""
        for has in dict.fromkeys((width, 256)):
            path = tile_path(level, index, has)
            try:
                items = split(self.folder.read(path, 256 * 65537))
            except Bad as bad:
                if bad.kind == "missing" and has != 256:
                    continue
                if bad.kind == "missing":
                    path = tile_path(level, index, width)
                raise BadTile(path, bad) from None
            if len(items) != has:
                raise BadTile(path, Bad("malformed", f"it holds {len(items)} where {has} belong"))
            return path, items[:width]
        raise AssertionError("the full tile is always tried")

    def narrower(self, level, index, width):
        try:
            names = os.listdir(self.folder.place(os.path.dirname(tile_path(level, index, 1))))
        except OSError:
            return []
        return sorted(w for w in range(1, width) if str(w) in names)

    def check_log(self, checkpoint):
        """Checks leaves and tiles; returns the bundles as (path, first leaf, leaves) and the leaves' hashes."""
        bundles, by_leaves, by_tiles, bad_tiles = [], [], [], []
        for index in range((checkpoint.size + 255) // 256):
            width = min(256, checkpoint.size - 256 * index)
            leaves = stored = None
            try:
                path, leaves = self.tile("entries", index, width, split_bundle)
                bundles.append((path, 256 * index, leaves))
            except BadTile as bad:
                self.fault(bad.kind, bad.path, str(bad))
                self.complete = False
            try:
                stored = self.tile(0, index, width, hashes_of_tile)[1]
            except BadTile:
                pass  # Said below, when every tile is looked at.
            hashes = None if leaves is None else [leaf_hash(leaf) for leaf in leaves]
            if hashes is None and stored is None:
                self.complete = False
                self.check_tiles(by_leaves, finished=False)
                return bundles, by_leaves, set()
            by_leaves += hashes or stored
            by_tiles += stored or hashes
        bad = set()
        chosen = by_leaves
        if root_of(by_leaves) != checkpoint.root:
            if root_of(by_tiles) == checkpoint.root:
                chosen = by_tiles
                bad = {n for n, (a, b) in enumerate(zip(by_leaves, by_tiles)) if a != b}
                for path in sorted({path for path, first, leaves in bundles for n in bad if first <= n < first + len(leaves)}):
                    self.fault("altered", path, "a leaf is not what the signed tree holds")
            else:
                self.complete = False
                self.fault("unexpected", "log/checkpoint", "the leaves of the log do not have the root hash that it signs")
        self.check_tiles(chosen, finished=True)
        return bundles, chosen, bad

    def check_tiles(self, hashes, finished):
        level, row = 0, hashes
        while row:
            for index in range((len(row) + 255) // 256):
                part = row[256 * index : 256 * index + 256]
                if len(part) < 256 and not finished:
                    continue
                for width in [len(part)] + self.narrower(level, index, len(part)):
                    self.compare_tile(level, index, width, part, hashes_of_tile)
                if level == 0:
                    for width in self.narrower("entries", index, len(part)):
                        self.compare_tile("entries", index, width, part, split_bundle)
            row = [root_of(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
            level += 1

    def compare_tile(self, level, index, width, hashes, split):
        try:
            path, items = self.tile(level, index, width, split)
        except BadTile as bad:
            return self.fault(bad.kind, bad.path, str(bad))
        if split is split_bundle:
            items = [leaf_hash(leaf) for leaf in items]
        if items != hashes[:width]:
            self.fault("altered", path, "a hash is not that of the leaves")

    # Events.

    def read_events(self, bundles, bad):
        missing, present, erased, last = [], set(), {}, None
        for path, first, leaves in bundles:
            for seq, data in enumerate(leaves, first):
                if seq in bad:
                    self.complete = False
                    continue
                self.events += 1
                leaf = self.read_leaf(path, seq, data)
                if leaf is None:
                    continue
                if leaf["seq"] != seq:
                    self.fault("unexpected", path, f"the leaf at place {seq} says that it is number {leaf['seq']}")
                time = sortable_time(leaf["time"])
                if time is None:
                    self.malformed(path, f"the time of leaf {seq} is not RFC 3339 in UTC")
                else:
                    if last is not None and time < last:
                        self.fault("unexpected", path, f"leaf {seq} is earlier than the one before")
                    last = time
                if (seq == 0) != (leaf["action"] == "case.created"):
                    self.fault("unexpected", path, f"leaf {seq} is {leaf['action']}; case.created is leaf 0 and no other")
                for index in leaf.get("erases", []):
                    if index >= seq:
                        self.malformed(path, f"leaf {seq} erases {index}, which is not before it")
                    else:
                        erased.setdefault(index, seq)
                payload = f"log/payload/{seq // 1000}/{seq % 1000:03}"
                try:
                    data = self.folder.read(payload, MAX_PAYLOAD)
                except Bad as problem:
                    if problem.kind == "missing":
                        missing.append((seq, payload))
                    else:
                        self.complete = False
                        self.fault(problem.kind, payload, str(problem))
                    continue
                present.add(seq)
                found = hashlib.sha256(data).hexdigest()
                if found != leaf["payload"]:
                    self.complete = False
                    self.fault("altered", payload, f"SHA-256 is {found} but leaf {seq} says {leaf['payload']}")
                    continue
                self.apply(seq, payload, data)
        self.check_sealed(erased)
        for seq, payload in missing:
            if seq in erased:
                self.note("erased", payload, f"event {erased[seq]} says that it was erased")
                path = f"log/sealed/{seq // 1000}/{seq % 1000:03}"
                try:
                    self.folder.read(path, MAX_PAYLOAD)
                    self.fault("unexpected", path, f"event {erased[seq]} says that it was erased, and it is there")
                except Bad as problem:
                    if problem.kind != "missing":
                        self.fault(problem.kind, path, str(problem))
            else:
                self.complete = False
                self.fault("missing", payload, f"leaf {seq} commits to it, and no event says that it was erased")
        for seq in sorted(present & erased.keys()):
            path = f"log/payload/{seq // 1000}/{seq % 1000:03}"
            self.fault("unexpected", path, f"event {erased[seq]} says that it was erased, and it is there")

    def check_sealed(self, erased):
        for seq, commitments in sorted(self.sealed.items()):
            path = f"log/sealed/{seq // 1000}/{seq % 1000:03}"
            by = self.unsealed.get(seq, erased.get(seq))
            try:
                data = self.folder.read(path, MAX_PAYLOAD)
            except Bad as problem:
                if problem.kind != "missing":
                    self.fault(problem.kind, path, str(problem))
                elif by is not None:
                    self.note("erased", path, f"event {by} says that it was erased")
                else:
                    self.fault("missing", path, f"event {seq} commits to it, and no event says that it was erased")
                continue
            if by is not None:
                self.fault("unexpected", path, f"event {by} says that it was erased, and it is there")
                continue
            try:
                held = read_json(data.decode("utf-8"))
                found = {
                    name: hashlib.sha256(f"{one['salt']}\n{one['text']}".encode()).hexdigest()
                    for name, one in held.items()
                }
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                found = {}
            if found != commitments:
                self.fault("altered", path, f"it is not what event {seq} commits to")

    def malformed(self, path, why):
        self.complete = False
        self.fault("malformed", path, why)

    def read_leaf(self, path, seq, data):
        leaf = leaf_of(data)
        if leaf is None:
            return self.malformed(path, f"leaf {seq} is not the JSON of a leaf")
        if leaf["v"] != 1:
            return self.malformed(path, f"leaf {seq} is of version {leaf['v']}, and this verifier knows 1")
        return leaf

    def apply(self, seq, path, data):
        payload = payload_of(data)
        if payload is None:
            return self.malformed(path, "it is not a line of salt and a line of JSON with the members of a payload")
        files, removed = payload.get("files", []), payload.get("removed", [])
        sealed, unsealed = payload.get("sealed", {}), payload.get("unsealed", [])
        for index in unsealed:
            self.unsealed.setdefault(index, seq)
        if sealed:
            self.sealed[seq] = sealed
        named = set()
        for name in removed + [file["path"] for file in files]:
            if not is_plain(name):
                self.malformed(path, f"event {seq} names a path which cannot lie in a case")
            elif name in named:
                self.malformed(path, f"event {seq} names the path {name} twice")
            named.add(name)
        for name in removed:
            old = self.files.pop(name, None)
            if old is not None and is_immutable(name):
                self.gone[name] = (old["sha256"], seq)
        for file in files:
            name = file["path"]
            if not is_plain(name):
                continue
            if not is_hash(file["sha256"]):
                self.malformed(path, f"event {seq} gives {name} a hash that is none")
                continue
            known = self.files[name]["sha256"] if name in self.files else self.gone.get(name, (None,))[0]
            if is_immutable(name) and known not in (None, file["sha256"]):
                self.fault("unexpected", name, f"event {seq} gives it another hash, and such a file is never changed")
                continue
            self.files[name] = {**file, "event": seq}

    # Files.

    def check_files(self, custody):
        good = set()
        for path in sorted(self.files):
            file = self.files[path]
            if not self.complete and not is_immutable(path):
                self.note("not-checked", path, "an event that could not be read may say something else of it")
                continue
            external = file.get("external")
            if external is not None and (
                custody != "external" or not path.startswith("evidence/") or not os.path.isabs(external)
            ):
                self.fault("malformed", path, f"event {file['event']} says that it lies elsewhere, which cannot be")
                continue
            try:
                if external is None:
                    reader, size = self.folder.open(path)
                else:
                    reader, size = open_external(external)
            except Bad as bad:
                self.fault(bad.kind, path, str(bad))
                continue
            with reader:
                if size != file["size"]:
                    self.fault("altered", path, f"it has {size} bytes but event {file['event']} says {file['size']}")
                    continue
                found, length = sha256_of(reader, size)
            if (found, length) != (file["sha256"], size):
                self.fault("altered", path, f"SHA-256 is {found} but event {file['event']} says {file['sha256']}")
                continue
            good.add(path)
        return good

    def check_parts(self, good, encryption):
        """Checks parts, their descriptions and manifests; returns those that are whole and can be read."""
        whole, ranges, closed = [], [], 0
        for path in sorted(self.files):
            match = re.fullmatch(r"evidence/([^/]+)/part-(\d{4,})(\.age)?", path)
            if match is None or (len(match[2]) > 4 and match[2].startswith("0")):
                continue
            self.parts += 1
            fine = path in good
            sealed = match[3] is not None
            stem = path.removesuffix(".age")
            if encryption is not None and sealed != (encryption == "age"):
                self.fault("malformed", path, "case.toml says otherwise of how the evidence lies")
            beside_it = [stem + ".json", stem + ".manifest.jsonl"]
            if sealed:
                beside_it = [stem + ".json", stem + ".key.age", stem + ".manifest.jsonl.age"]
            for beside in beside_it:
                if beside not in self.files:
                    self.fault("malformed", beside, f"no event vouches for it, though one does for {path}")
                fine &= beside in good
            if stem + ".json" not in good:
                continue
            try:
                about = read_json(self.folder.read(stem + ".json", MAX_SMALL).decode("utf-8"))
                part = about["part"]
                expected = self.files[path]
                fits = (
                    (about["source"], part["number"]) == (match[1], int(match[2]))
                    and all(isinstance(about[member], str) for member in ("series", "authority"))
                    and all(isinstance(part[member], str) for member in ("name", "added"))
                    and is_int(part["number"], 2**32)
                    and is_int(part["size"])
                    and (part["size"], part["sha256"]) == (expected["size"], expected["sha256"])
                    and part.get("external") == expected.get("external")
                    and part["container"] in ("zip", "tar", "tar.gz", "file", "folder", "remainder")
                    and (part["container"] == "remainder") == (part.get("replaces") is not None)
                    and (part.get("replaces") is None or is_int(part["replaces"], part["number"]))
                    and is_int(part["first_entry"], 2**32)
                    and is_int(part["entries"], 2**32)
                    and (is_hash(part.get("content")) if sealed else part.get("content") is None)
                )
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                fits = False
            if not fits:
                self.fault("malformed", stem + ".json", "it is not what the events say of the part")
                continue
            ranges.append((part["first_entry"], part["entries"], stem + ".json"))
            if sealed:
                closed += 1
                continue
            if path + ".manifest.jsonl" in good:
                left = part["container"] == "remainder"
                fine &= self.check_manifest(path + ".manifest.jsonl", part["first_entry"], part["entries"], left)
            if fine:
                whole.append((path, part))
        if closed:
            self.note("not-checked", "evidence", f"{closed} parts are sealed, and this program opens none")
        free = 0
        for first, count, path in sorted(ranges):
            if first < free:
                self.fault("malformed", path, f"entry {first} belongs to another part already")
            free = max(free, first + count)
        return whole

    def each_entry(self, path):
        file, _ = self.folder.open(path)
        with file:
            while line := file.readline(MAX_LINE):
                if not line.endswith(b"\n"):
                    raise ValueError("a line does not end, or is too long")
                entry = read_json(line.decode("utf-8"))
                fits = (
                    is_int(entry["entry"], 2**32)
                    and all(isinstance(entry[member], str) for member in ("path", "kind", "method"))
                    and all(is_int(entry[member]) for member in ("offset", "csize", "size"))
                    and all(isinstance(entry.get(member), (str, type(None))) for member in OPTIONAL)
                    and isinstance(entry.get("encrypted", False), bool)
                    and entry["kind"] in ("file", "folder", "link", "other")
                    and (entry.get("sha256") is None or is_hash(entry["sha256"]))
                    and (entry.get("parent") is None or is_int(entry["parent"], 2**32))
                )
                if not fits:
                    raise ValueError(f"entry {entry['entry']} is not one")
                yield entry

    def check_manifest(self, path, first, count, left):
        number, lines = first, 0
        try:
            for entry in self.each_entry(path):
                parent = entry.get("parent")
                lines += 1
                # Of what is left of a part the numbers of entries that are gone are missing.
                if left and first + count > entry["entry"] > number:
                    number = entry["entry"]
                if entry["entry"] != number or (parent is not None and not first <= parent < number):
                    raise ValueError(f"entry {entry['entry']} is where entry {number} belongs, or lies in no earlier one")
                number += 1
            if number > first + count or (lines != count and not left):
                raise ValueError(f"it has {lines} lines, and {count} entries belong in it")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self.fault("malformed", path, str(error))
            return False
        self.entries += lines
        return True

    def check_certificates(self, good, identity):
        """Tells what was discarded from what is missing."""
        certified = {}
        for path in sorted(self.files):
            match = re.fullmatch(r"evidence/discard-(\d{4,})\.json", path)
            if match is None or (len(match[1]) > 4 and match[1].startswith("0")) or path not in good:
                continue
            try:
                certificate = read_json(self.folder.read(path, MAX_SMALL).decode("utf-8"))
                texts = ("form", "case", "decided", "destroyed", "person", "role", "where", "reason")
                if not all(isinstance(certificate[member], str) for member in texts):
                    raise ValueError("a member that is text is not")
                if not isinstance(certificate["withheld"], bool) or not is_int(certificate["number"], 2**32):
                    raise ValueError("a member is of another kind")
                pairs = {
                    when: [(file["path"], file["sha256"]) for part in certificate["parts"] for file in part[when]]
                    for when in ("before", "after")
                }
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                self.fault("malformed", path, f"it is not a certificate: {error}")
                continue
            ours = identity is None or identity == certificate["case"]
            if certificate["form"] != "glasshouse-discard-1" or certificate["number"] != int(match[1]) or not ours:
                self.fault("malformed", path, "it is not the certificate of this number in this case")
                continue
            for name, digest in pairs["before"]:
                gone = self.gone.get(name)
                if gone is not None and gone[0] == digest and gone[1] < self.files[path]["event"]:
                    certified[name] = path
                elif self.complete:
                    self.fault("unexpected", path, f"it says that {name} was discarded, and the log does not")
            for name, digest in pairs["after"]:
                known = self.files[name]["sha256"] if name in self.files else self.gone.get(name, (None,))[0]
                if known != digest and self.complete:
                    self.fault("unexpected", path, f"it says that {name} was left, and the log does not")
        for name in sorted(self.gone):
            if not name.startswith("evidence/") or name in self.files:
                continue
            event = self.gone[name][1]
            if name in certified:
                self.note("discarded", name, f"event {event} took it away, and {certified[name]} says why")
            else:
                self.note("erased", name, f"event {event} took it away, and no certificate says that it was destroyed")

    def check_origins(self, good):
        """Checks what a case that was made out of others says it took from them."""
        taken = set()
        for path in sorted(self.files):
            if not path.startswith("evidence/origin-") or path not in good:
                continue
            try:
                origin = read_json(self.folder.read(path, MAX_SMALL).decode("utf-8"))
                if not all(isinstance(origin[member], str) for member in ("form", "case", "public_key", "checkpoint")):
                    raise ValueError("a member that is text is not")
                if not all(isinstance(text, str) for text in origin["authorities"]):
                    raise ValueError("an authority in it is not a text")
                parts = [(part["as_source"], part["as_part"]) for part in origin["parts"]]
                if not all(isinstance(source, str) and is_int(number, 2**32) for source, number in parts):
                    raise ValueError("a part in it is none")
                if not all(
                    is_hash(part["sha256"]) and isinstance(part["source"], str) and is_int(part["part"], 2**32)
                    for part in origin["parts"]
                ):
                    raise ValueError("a part in it is none")
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                self.fault("malformed", path, f"it does not say what was taken: {error}")
                continue
            if origin["form"] != "glasshouse-origin-1" or path != f"evidence/origin-{origin['case']}.json":
                self.fault("malformed", path, "it is not what was taken from the case of its name")
                continue
            try:
                key = Key(origin["public_key"])
                head = Checkpoint(origin["checkpoint"].encode("utf-8"))
                signed = head.origin == key.name and head.signed_by(key) == "yes"
            except ValueError:
                signed = False
            if not signed:
                self.fault("unexpected", path, "the log of that case has not signed the checkpoint in it")
            for source, number in parts:
                name = f"evidence/{source}/part-{number:04}.age"
                if name in taken:
                    self.fault("malformed", path, f"{name} is said to come from two places")
                taken.add(name)
                if self.complete and name not in self.files and name not in self.gone:
                    self.fault("missing", name, f"it was taken from case {origin['case']}, and no event says that it is there")

    def check_small(self, good):
        for path in sorted(good):
            if path.startswith("authorities/") and not path.endswith(".sig"):
                try:
                    tomllib.loads(self.folder.read(path, MAX_SMALL).decode("utf-8"))
                except (ValueError, RecursionError):
                    self.fault("malformed", path, "it is not TOML")
        runs = [path for path in good if re.fullmatch("runs/[^/]+/run.json", path)]
        if runs:
            path = max(runs)
            try:
                run = read_json(self.folder.read(path, MAX_SMALL).decode("utf-8"))
                for segment in run["segments"]:
                    records = segment["path"] + "/records.parquet"
                    if records not in self.files:
                        self.fault("malformed", path, f"no event vouches for its segment {records}")
            except (ValueError, KeyError, TypeError, RecursionError):
                self.fault("malformed", path, "it is not what a run is described by")

    # What nothing mentions.

    def check_strays(self, size):
        for name in sorted(os.listdir(self.folder.root)):
            place = self.folder.place(name)
            folder = os.path.isdir(place) and not os.path.islink(place)
            if name in ("case.toml", "work.sqlite"):
                if name not in self.files:
                    self.note("unmentioned", name, "no event mentions it")
            elif name in ("authorities", "evidence", "log", "runs") and folder:
                self.walk(name, size)
            elif name not in ("keys", "cache", ".lock"):
                self.note("unmentioned", name, "it is not part of the format")

    def walk(self, folder, size):
        for name in sorted(os.listdir(self.folder.place(folder))):
            path = f"{folder}/{name}"
            place = self.folder.place(path)
            if os.path.isdir(place) and not os.path.islink(place):
                if folder == "runs" and not any(known.startswith(path + "/") for known in self.files):
                    self.note("unmentioned", path, "no event mentions anything in it")
                else:
                    self.walk(path, size)
            elif path in self.files and self.files[path].get("external") is None:
                continue
            elif path == "log/ahead":
                if any(fault for fault, *_ in self.findings):
                    self.note("unmentioned", path, "it holds the newest events, for after a power cut")
            elif folder.split("/")[0] == "log":
                leaf = last_leaf(path)
                if leaf is None or leaf >= size:
                    self.note("unmentioned", path, "it is not part of the log, or lies past the checkpoint")
            elif folder.split("/")[0] in ("evidence", "authorities") and self.complete:
                self.fault("unmentioned", path, "no event mentions it")
            else:
                self.note("unmentioned", path, "no event that could be read mentions it")

    # Content of entries.

    def check_deep(self, whole):
        for path, part in whole:
            external = self.files[path].get("external")
            file, size = open_external(external) if external else self.folder.open(path)
            manifest = path + ".manifest.jsonl"
            archives = {entry.get("parent") for entry in self.each_entry(manifest)}
            outer, inflated, opened = Range(file, 0, size), None, []
            for entry in self.each_entry(manifest):
                around = outer
                if part["container"] == "tar.gz" and entry["method"] == "tar" and entry.get("parent") is None:
                    inflated = around = inflated or spooled(Lenient(gunzip(outer.reader())))
                self.check_entry(manifest, entry, around, opened, archives)

    def check_entry(self, manifest, entry, outer, opened, archives):
        parent, method, number = entry.get("parent"), entry["method"], entry["entry"]
        while opened and opened[-1][0] != parent:
            opened.pop()
        why = None
        if entry.get("sha256") is None:
            if entry["kind"] != "file":
                return
            why = "no hash in the list"
        elif entry.get("encrypted"):
            why = method + " (encrypted)"
        elif parent is not None and not opened:
            why = "in an archive that could not be looked into"
        elif method not in ("stored", "deflate", "file", "tar"):
            why = method
        if why is not None:
            self.unhashed[why] = self.unhashed.get(why, 0) + 1
            return
        try:
            around = outer if parent is None else opened[-1][1]
            if parent is not None and method == "tar" and around.reader().read(2) == b"\x1f\x8b":
                around = spooled(Lenient(gunzip(around.reader())))
                opened[-1] = (parent, around)
            data = around.range(entry["offset"], entry["csize"])
            content = data
            if method == "deflate":
                reader = inflate(data.reader())
                content = spooled(reader, entry["size"]) if number in archives else None
            reader = reader if content is None else content.reader()
            found, _ = sha256_of(reader, entry["size"])
        except (ValueError, OSError, zlib.error) as error:
            return self.fault("malformed", manifest, f"entry {number}: its content is not where this list says: {error}")
        if number in archives:
            opened.append((number, content))
        if found != entry["sha256"]:
            why = f"entry {number}: its content has SHA-256 {found} but this list says {entry['sha256']}"
            return self.fault("altered", manifest, why)
        self.contents += 1


class BadTile(Bad):
    def __init__(self, path, bad):
        super().__init__(bad.kind, str(bad))
        self.path = path


def open_external(place):
    try:
        if not stat.S_ISREG(os.stat(place).st_mode):
            raise Bad("malformed", "what lies at its place outside the case is not a regular file")
        return open(place, "rb"), os.stat(place).st_size
    except (FileNotFoundError, NotADirectoryError):
        raise Bad("external-missing", f"it was left at {place}, and it is not there") from None
    except (OSError, ValueError) as error:
        raise Bad("unreadable", f"{place}: {error}") from None


def is_immutable(path):
    return path == "case.toml" or path.startswith(("evidence/", "authorities/"))


def sortable_time(text):
    match = re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?Z", text)
    return match and (match[1], (match[2] or "").rstrip("0"))


def last_leaf(path):
    """Returns the last leaf that a file of the log needs, or None for what is no file of the log."""
    if path == "log/checkpoint":
        return 0
    if match := re.fullmatch("log/(?:payload|sealed)/(0|[1-9][0-9]{0,15})/([0-9]{3})", path):
        return int(match[1]) * 1000 + int(match[2])
    match = re.fullmatch(r"log/tile/(entries|[0-7])/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", path)
    if match is None or match[2].startswith("x000"):
        return None
    index = int(match[2].replace("x", "").replace("/", "") + match[3])
    width = int(match[4] or 256)
    level = 0 if match[1] == "entries" else int(match[1])
    if width > 256 or (match[4] and width == 256):
        return None
    return (256 * index + width) * 256**level - 1


class Range:
    """A range of bytes of an open file."""

    def __init__(self, file, start, length):
        self.file, self.start, self.length = file, start, length

    def range(self, offset, length):
        if offset + length > self.length:
            raise ValueError("its bytes lie past the end")
        return Range(self.file, self.start + offset, length)

    def reader(self):
        return Reader(self)


class Reader(io.RawIOBase):
    def __init__(self, within):
        self.within, self.position = within, 0

    def read(self, size=-1):
        left = self.within.length - self.position
        size = left if size is None or size < 0 else min(size, left)
        self.within.file.seek(self.within.start + self.position)
        data = self.within.file.read(size)
        self.position += len(data)
        return data


class Inflater(io.RawIOBase):
    def __init__(self, reader, bits):
        self.reader, self.bits = reader, bits
        self.state, self.pending, self.damaged = zlib.decompressobj(bits), b"", False

    def before_damage(self, state, block):
        data = b""
        try:
            for place in range(len(block)):
                data += state.decompress(block[place : place + 1])
        except zlib.error:
            pass
        return data

    def read(self, size=-1):
        if size == 0:
            return b""
        while True:
            if self.damaged:
                raise ValueError("the deflate stream is damaged")
            if self.state.eof:
                rest = self.state.unused_data
                if self.bits < 0:
                    return b""
                self.pending = rest or self.reader.read(1 << 16)
                if not self.pending.startswith(b"\x1f"):
                    return b""
                self.state = zlib.decompressobj(self.bits)
            block = self.pending or self.reader.read(1 << 16)
            before = self.state.copy()
            try:
                data = self.state.decompress(block, size)
                self.pending = self.state.unconsumed_tail
            except zlib.error:
                # What comes before the damaged place is given before the error.
                self.damaged, data = True, self.before_damage(before, block)
            if data:
                return data
            if not block and not self.state.eof:
                raise ValueError("the deflate stream is cut off")


def inflate(reader):
    return Inflater(reader, -15)


def gunzip(reader):
    return Inflater(reader, 31)


class Lenient(io.RawIOBase):
    """Takes an error for the end: what comes before the damage can still be checked."""

    def __init__(self, reader):
        self.reader = reader

    def read(self, size=-1):
        try:
            return self.reader.read(size)
        except (ValueError, OSError, zlib.error):
            return b""


def spooled(reader, limit=MAX_NESTED):
    file, length = tempfile.SpooledTemporaryFile(max_size=8 << 20), 0
    while block := reader.read(min(1 << 20, limit + 1 - length)):
        file.write(block)
        length += len(block)
        if length > limit:
            raise ValueError(f"it is longer than {limit} bytes")
    return Range(file, 0, length)


# --- What is given away ---------------------------------------------------------------------------------------

MAX_LIST = 256 << 20
MAX_LOG = 1 << 30
EXTRACT = "glasshouse-log-extract-1"
EXPORT = "glasshouse-export-1"


class Given:
    """An extract of a log (section 2b), or an export with one (2c)."""

    def __init__(self):
        self.findings, self.anchors, self.unhashed = [], [], {}
        self.events = self.files = 0

    fault, note = Case.fault, Case.note

    def said(self, deep):
        return f"{self.events} events" + (f", {self.files} files" if self.files else "")

    # Extracts.

    def check_extract(self, data, kept, fingerprint):
        """Checks an extract and returns it."""
        try:
            extract = read_json(data.decode("utf-8"))
            fits = (
                all(isinstance(extract[member], str) for member in ("form", "origin", "public_key", "checkpoint"))
                and isinstance(extract["events"], list)
                and all(
                    is_int(event["seq"])
                    and isinstance(event["leaf"], str)
                    and isinstance(event["path"], list)
                    and all(isinstance(one, str) for one in event["path"])
                    and isinstance(event.get("payload"), (str, type(None)))
                    and isinstance(event.get("sealed", {}), dict)
                    and all(
                        isinstance(one["salt"], str) and isinstance(one["text"], str)
                        for one in event.get("sealed", {}).values()
                    )
                    for event in extract["events"]
                )
            )
        except (ValueError, KeyError, TypeError, RecursionError):
            fits = False
        if not fits:
            raise CannotCheck("it is no extract of a log")
        if extract["form"] != EXTRACT:
            raise CannotCheck(f"it has the form {extract['form']}, and this verifier knows {EXTRACT}")
        try:
            key = Key(extract["public_key"])
        except ValueError as error:
            self.fault("malformed", "public_key", str(error))
            return extract
        try:
            checkpoint = Checkpoint(extract["checkpoint"].encode())
        except ValueError as error:
            self.fault("malformed", "checkpoint", str(error))
            return extract
        if not checkpoint.origin == key.name == extract["origin"]:
            self.fault("unexpected", "checkpoint", "it, the key and the extract do not name the same log")
        if checkpoint.signed_by(key) != "yes":
            self.fault("altered", "checkpoint", "it is not signed by the key in the extract")
        seen = set()
        for event in extract["events"]:
            if event["seq"] in seen:
                self.fault("unexpected", f"event {event['seq']}", "it is there twice")
            seen.add(event["seq"])
            self.check_event(event, checkpoint)
        self.check_given_anchors(extract, key, checkpoint, kept, fingerprint)
        return extract

    def check_event(self, event, checkpoint):
        name = f"event {event['seq']}"
        self.events += 1
        leaf = event["leaf"].encode("utf-8", "surrogatepass")
        path = [bytes.fromhex(one) if re.fullmatch("[0-9a-fA-F]{64}", one) else None for one in event["path"]]
        if None in path or root_above(event["seq"], checkpoint.size, leaf_hash(leaf), path) != checkpoint.root:
            return self.fault("altered", name, "its path does not lead to the signed root")
        leaf = leaf_of(leaf)
        if leaf is None:
            return self.fault("malformed", name, "it is not the JSON of a leaf")
        if leaf["seq"] != event["seq"]:
            self.fault("unexpected", name, f"its leaf says that it is number {leaf['seq']}")
        if event.get("payload") is None:
            return self.note("not-checked", name, "its payload is not in the extract")
        data = event["payload"].encode("utf-8", "surrogatepass")
        if hashlib.sha256(data).hexdigest() != leaf["payload"]:
            return self.fault("altered", name, "its payload is not the one that the leaf commits to")
        payload = payload_of(data)
        if payload is None:
            return self.fault("malformed", name, "its payload is not a line of salt and a line of JSON")
        given, committed = event.get("sealed", {}), payload.get("sealed", {})
        for what, one in given.items():
            text = f"{one['salt']}\n{one['text']}".encode("utf-8", "surrogatepass")
            if committed.get(what) != hashlib.sha256(text).hexdigest():
                self.fault("altered", name, f"`{what}` is not what the payload commits to")
        if committed.keys() - given.keys():
            self.note("not-checked", name, "some of its contents are not in the extract")

    def check_given_anchors(self, extract, key, checkpoint, kept, fingerprint):
        if fingerprint is not None:
            if hashlib.sha256(extract["public_key"].encode()).hexdigest() == fingerprint:
                self.anchors.append("the fingerprint that was given")
            else:
                self.fault("unexpected", "public_key", "its fingerprint is not the one that was kept")
        if kept is not None:
            if kept.signed_by(key) != "yes":
                self.fault("unexpected", "checkpoint", "the kept checkpoint is not signed by the key in the extract")
            elif (kept.size, kept.root) == (checkpoint.size, checkpoint.root):
                self.anchors.append("the checkpoint that was given")
            else:
                self.note("not-checked", "checkpoint", "the kept checkpoint is of another size of the log")
        if not self.anchors:
            self.note("unanchored", "checkpoint", "nothing that somebody outside kept was given")

    # Exports.

    def check_export(self, place, kept, fingerprint):
        folder = Folder(place)
        try:
            data = folder.read("export.json", MAX_LIST)
            listed = read_json(data.decode("utf-8"))
            files = listed["files"]
            fits = isinstance(listed["form"], str) and isinstance(listed["kind"], str) and isinstance(files, list)
            fits = fits and all(
                isinstance(file["path"], str) and is_int(file["size"]) and isinstance(file["sha256"], str) for file in files
            )
        except Bad as bad:
            raise CannotCheck(f"export.json: {bad}") from None
        except (ValueError, KeyError, TypeError, RecursionError):
            fits = False
        if not fits:
            raise CannotCheck("export.json is not the list of an export")
        if listed["form"] != EXPORT:
            raise CannotCheck(f"it has the form {listed['form']}, and this verifier knows {EXPORT}")
        try:
            extract = self.check_extract(folder.read("log.json", MAX_LOG), kept, fingerprint)
        except Bad as bad:
            raise CannotCheck(f"log.json: {bad}") from None
        if not any(names_list(event, hashlib.sha256(data).hexdigest()) for event in extract["events"]):
            if listed["kind"] == "self":
                self.note("not-checked", "export.json", "the log of a personal case says nothing of exports")
            else:
                self.fault("altered", "export.json", "no event of the log names its hash")
        try:
            if folder.read("checkpoint", MAX_LIST) != extract["checkpoint"].encode():
                self.fault("altered", "checkpoint", "it is not that of the extract")
        except Bad as bad:
            self.fault(bad.kind, "checkpoint", str(bad))
        known = {"export.json", "log.json", "checkpoint"}
        for file in files:
            self.check_given_file(folder, file)
            if file["path"] in known:
                self.fault("malformed", "export.json", f"it names {file['path']} twice")
            known.add(file["path"])
        for above, folders, names in os.walk(place):
            links = [name for name in folders if os.path.islink(os.path.join(above, name))]
            for name in names + links:
                path = os.path.relpath(os.path.join(above, name), place)
                if path not in known:
                    self.fault("unmentioned", path, "the list does not name it")

    def check_given_file(self, folder, file):
        path = file["path"]
        if not is_plain(path):
            return self.fault("malformed", "export.json", "it names a path that cannot lie in a folder")
        try:
            reader, size = folder.open(path)
        except Bad as bad:
            return self.fault(bad.kind, path, str(bad))
        with reader:
            found, length = sha256_of(reader, file["size"])
        if size == length == file["size"] and found == file["sha256"]:
            self.files += 1
        else:
            self.fault("altered", path, "it is not what the list says")


def names_list(event, digest):
    """Says whether an event is that of the export whose list has this hash."""
    leaf = leaf_of(event["leaf"].encode("utf-8", "surrogatepass"))
    payload = payload_of((event.get("payload") or "").encode("utf-8", "surrogatepass"))
    if leaf is None or payload is None or leaf["action"] != "case.exported":
        return False
    detail = payload.get("detail")
    return isinstance(detail, dict) and detail.get("export") == digest


def root_above(index, size, root, path):
    """Returns the root that an audit path of RFC 6962, section 2.1.1, leads to from a leaf, or nothing if it is of no such tree."""
    if index >= size:
        return None
    # From the root down: at each node, whether the leaf lies in its left half. A node of one leaf has no path.
    sides, first, last = [], 0, size
    while last - first > 1:
        half = 1
        while half * 2 < last - first:
            half *= 2
        left = index < first + half
        sides.append(left)
        first, last = (first, first + half) if left else (first + half, last)
    if len(sides) != len(path):
        return None
    for left, other in zip(reversed(sides), path):
        root = hashlib.sha256(b"\1" + (root + other if left else other + root)).digest()
    return root


# --- The whole ------------------------------------------------------------------------------------------------


def read_case_file(case):
    """Returns what case.toml says (or nothing) and its key (or none)."""
    try:
        data = case.folder.read("case.toml", 1 << 20)
    except Bad as bad:
        if bad.kind == "missing" and not os.path.lexists(case.folder.place("log/checkpoint")):
            raise CannotCheck("it is not a case: it has neither case.toml nor log/checkpoint") from None
        case.fault(bad.kind, "case.toml", str(bad))
        return {}, None
    try:
        file = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        case.fault("malformed", "case.toml", "it is not TOML")
        return {}, None
    if is_int(file.get("format")) and file["format"] != 1:
        raise CannotCheck(f"the case has format {file['format']}, and this verifier knows 1")
    texts = ("id", "title", "created", "kind", "custody", "encryption", "origin", "public_key", "tool")
    if not is_int(file.get("format")) or not all(isinstance(file.get(member), str) for member in texts):
        case.fault("malformed", "case.toml", "a key that a case has is not there")
        return {}, None
    try:
        return file, Key(file["public_key"])
    except ValueError as error:
        case.fault("malformed", "case.toml", str(error))
        return file, None


def check_anchors(case, kept, fingerprint, file, key, checkpoint, hashes):
    if fingerprint is not None:
        if hashlib.sha256(file.get("public_key", "").encode()).hexdigest() == fingerprint:
            case.anchors.append("the fingerprint that was given")
        else:
            case.fault("unexpected", "case.toml", "its key has another fingerprint than the one that was kept")
    if kept is not None:
        signed = kept.signed_by(key) if key else None
        if signed is None:
            case.fault("unexpected", "case.toml", "there is no key to check the kept checkpoint with")
        elif signed == "others":
            case.fault("unexpected", "case.toml", "its key is not the one that signed the kept checkpoint")
        elif signed == "forged":
            case.fault("unexpected", "log/checkpoint", "the kept checkpoint names the case's key, which has not signed it")
        elif kept.size > checkpoint.size:
            case.fault("unexpected", "log/checkpoint", f"the log had {kept.size} events and has {checkpoint.size}")
        elif kept.size > len(hashes) or root_of(hashes[: kept.size]) != kept.root:
            case.fault("unexpected", "log/checkpoint", f"the first {kept.size} events are not those of the kept checkpoint")
        else:
            case.anchors.append(f"the checkpoint that was given (the first {kept.size} of {checkpoint.size} events)")
    if not case.anchors:
        case.note("unanchored", "log/checkpoint", "nothing that somebody outside the case kept was given")


def verify(arguments):
    kept = fingerprint = None
    if arguments.against is not None:
        try:
            with open(arguments.against, "rb") as file:
                kept = Checkpoint(file.read(1_000_001))
        except (OSError, ValueError) as error:
            raise CannotCheck(f"{arguments.against}: {error}") from None
    if arguments.fingerprint is not None:
        fingerprint = "".join(arguments.fingerprint.split()).lower()
        if not is_hash(fingerprint):
            raise CannotCheck("a fingerprint has 64 hexadecimal digits")
    given = Given()
    if os.path.isfile(arguments.case):
        with open(arguments.case, "rb") as file:
            given.check_extract(file.read(MAX_LOG + 1), kept, fingerprint)
        return given
    if os.path.lexists(os.path.join(arguments.case, "export.json")):
        given.check_export(arguments.case, kept, fingerprint)
        return given
    if not os.path.isdir(arguments.case):
        raise CannotCheck(f"{arguments.case} is not a folder")
    case = Case(arguments.case)
    file, key = read_case_file(case)
    try:
        checkpoint = Checkpoint(case.folder.read("log/checkpoint", 1_000_000))
        if checkpoint.size == 0:
            raise ValueError("it is of an empty log, and a case has an event")
    except Bad as bad:
        case.fault(bad.kind, "log/checkpoint", str(bad))
        return case
    except ValueError as error:
        case.fault("malformed", "log/checkpoint", str(error))
        return case
    if file and checkpoint.origin != file["origin"]:
        case.fault("unexpected", "log/checkpoint", f"it is of the log {checkpoint.origin}")
    if key is not None:
        if key.name != file["origin"]:
            case.fault("unexpected", "case.toml", "its key has another name than its log")
        signed = checkpoint.signed_by(key)
        if signed == "forged":
            case.fault("altered", "log/checkpoint", "its signature is not one by the key in case.toml")
        elif signed == "others":
            case.fault("unexpected", "log/checkpoint", "the key in case.toml has not signed it")
    bundles, hashes, bad = case.check_log(checkpoint)
    case.read_events(bundles, bad)
    if case.complete and "case.toml" not in case.files:
        case.fault("malformed", "case.toml", "no event vouches for it")
    good = case.check_files(file.get("custody"))
    whole = case.check_parts(good, file.get("encryption"))
    case.check_small(good)
    case.check_certificates(good, file.get("id"))
    case.check_origins(good)
    case.check_strays(checkpoint.size)
    if arguments.deep:
        case.check_deep(whole)
    check_anchors(case, kept, fingerprint, file, key, checkpoint, hashes)
    return case


def printable(text):
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def main():
    parser = argparse.ArgumentParser(description="Verifies a Glasshouse case.")
    parser.add_argument("case")
    parser.add_argument("--against", metavar="CHECKPOINT_FILE")
    parser.add_argument("--fingerprint", metavar="HEX")
    parser.add_argument("--deep", action="store_true")
    arguments = parser.parse_args()
    try:
        case = verify(arguments)
    except CannotCheck as error:
        print(f"cannot be checked: {error}", file=sys.stderr)
        return 2
    for fault, kind, path, why in case.findings:
        print(f"{'' if fault else 'note: '}{kind}: {printable(path)}: {printable(why)}")
    for why, count in sorted(case.unhashed.items()):
        print(f"note: not-checked: content of {count} entries: {printable(why)}")
    faults = sum(finding[0] for finding in case.findings)
    if faults:
        print(f"not proven: {faults} faults")
        return 1
    anchored = "anchored by " + " and ".join(case.anchors) if case.anchors else "unanchored"
    print(f"proven: {case.said(arguments.deep)}; {anchored}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

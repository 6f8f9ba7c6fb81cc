"""Verifies evidence packs from docs/formats alone (snapshot.md, pack.md and what they name).

An independent reading: nothing here is shared with crates/transcript. Needs Python 3.9 and PyPI cryptography.

    python3 check_packs.py PACK [--key BASE64]      says what holds and what does not; exit code 0 when all holds
    python3 check_packs.py                          checks target/tmp/packs: holds-*.zip must hold, fails-*.zip must not
"""

import base64
import binascii
import hashlib
import io
import json
import os
import pathlib
import re
import struct
import sys
import zipfile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

sys.setrecursionlimit(10_000)
WORD = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefe"
    "\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff"
)
TOKEN = re.compile(f"[{WORD}]+|[^{WORD}]+")
INTRODUCTIONS = {
    "endpoint.enrolled", "key.introduced", "contact.trusted", "contact.distrusted", "contact.floor_set", "contact.floor_ended",
    "device.registered",
}
NOT_TAKING_PART = {
    "key.introduced", "device.registered", "contact.trusted", "approval.delivered", "approval.acknowledged", "action.reviewed",
}


class Fault(Exception):
    """Something does not hold."""


def need(condition, what):
    if not condition:
        raise Fault(what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text, size=None):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Fault(f"no base64: {text[:40]!r}") from error
    need(base64.b64encode(data).decode() == text and size in (None, len(data)), f"base64 of another length or form: {text[:40]!r}")
    return data


def signed_by(key, signature, message, what):
    try:
        Ed25519PublicKey.from_public_bytes(unbase64(key, 32)).verify(unbase64(signature, 64), message)
    except (InvalidSignature, ValueError) as error:
        raise Fault(f"{what}: the signature does not hold") from error


# ---- json.md

def dumps(value):
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(dumps(name) + ":" + dumps(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(dumps, value)) + "]"
    need(isinstance(value, (str, bool)) or type(value) is int and abs(value) < 2**53, f"the value {value!r} in JSON")
    return json.dumps(value, ensure_ascii=False)


def canonical(text, what):
    try:
        value = json.loads(text)
        need(isinstance(value, dict) and dumps(value) == text, f"{what} is not canonical JSON")
    except (ValueError, RecursionError) as error:
        raise Fault(f"{what} is not JSON") from error
    return value


# ---- pack.md, "Archive"

def archive(files):
    out, directory = b"", b""
    for name, content in files:
        facts = struct.pack("<5H3I2H", 20, 0x800, 0, 0, 0x21, zlib_crc(content), len(content), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + facts + bytes(10) + struct.pack("<I", len(out)) + name.encode()
        out += b"PK\3\4" + facts + name.encode() + content
    end = struct.pack("<4s4x2H2I2x", b"PK\5\6", len(files), len(files), len(directory), len(out))
    return out + directory + end


def zlib_crc(content):
    return binascii.crc32(content)


def read_archive(data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            files = [(info.filename, opened.read(info)) for info in opened.infolist()]
    except Exception as error:
        raise Fault(f"no ZIP archive: {error}") from error
    need(archive(files) == data, "the archive is not the one that its files have: bytes were changed, added or moved")
    need([name for name, _ in files] == sorted({name for name, _ in files}), "files are out of order or twice")
    return dict(files)


# ---- text.md

def split(count):
    return 1 << ((count - 1).bit_length() - 1)


def tree_of(tokens, node):
    if len(tokens) == 1:
        return sha(b"\x10", node, tokens[0].encode())
    middle, children = split(len(tokens)), sha(b"\x20", node)
    return sha(b"\x11", tree_of(tokens[:middle], children[:16]), tree_of(tokens[middle:], children[16:]))


def check_text(disclosure, commitment, what):
    """Checks a disclosure against its commitment; returns its hidden ranges as (first token, tokens, label)."""
    hidden = []
    if disclosure["shown"] == "erased":
        return hidden
    if disclosure["shown"] == "full":
        tokens = TOKEN.findall(disclosure["text"])
        top, count = tree_of(tokens or [""], sha(b"\x22", unbase64(disclosure["seed"], 32))[:16]), len(tokens)
    else:
        spans, at, before = [], 0, None
        for part in disclosure["parts"]:
            if part["part"] == "shown":
                tokens = TOKEN.findall(part["text"])
                is_word = [re.fullmatch(f"[{WORD}]", part["text"][at]) is not None for at in (0, -1)] if tokens else []
                need(tokens and before != is_word[0], f"{what}: parts")
                before = is_word[1]
                spans.append((at, at + len(tokens), tokens, [unbase64(seed, 16) for seed in part["seeds"]]))
            else:
                need(part["part"] == "hidden" and part["tokens"] > 0, f"{what}: parts")
                before = None
                hidden.append((at, part["tokens"], part["label"]))
                spans.append((at, at + part["tokens"], None, [unbase64(value, 32) for value in part["hashes"]]))
            at = spans[-1][1]
        count = at

        def rebuild(start, end):
            for first, last, tokens, given in spans:
                if first <= start and end <= last:
                    need(given, f"{what}: too few seeds or hashes")
                    value = given.pop(0)
                    return value if tokens is None else tree_of(tokens[start - first:end - first], value)
            middle = start + split(end - start)
            left = rebuild(start, middle)
            return sha(b"\x11", left, rebuild(middle, end))

        need(0 < count <= 65536, f"{what}: tokens")
        top = rebuild(0, count)
        need(not any(given for *_, given in spans), f"{what}: too many seeds or hashes")
    root = base64.b64encode(sha(b"\x12", count.to_bytes(8, "big"), top)).decode()
    need({"root": root, "tokens": count} == commitment, f"{what}: the text is not the one that the entry commits to")
    return hidden


# ---- log.md and pack.md, "Set proof"

def open_note(note, origin, key):
    text, _, lines = note.rpartition("\n\n")
    name, size, root, *_ = text.split("\n")
    need(name == origin, f"the checkpoint is of the log {name}, expected was {origin}: it is another log's")
    typed = b"\x01" + key
    held = False
    for line in lines.rstrip("\n").split("\n"):
        dash, who, data = line.split(" ")
        data = unbase64(data)
        if who == origin and data[:4] == sha(origin.encode(), b"\n", typed)[:4]:
            signed_by(base64.b64encode(key).decode(), base64.b64encode(data[4:]).decode(), (text + "\n").encode(), f"{origin}: checkpoint")
            held = True
    need(held, f"{origin}: the checkpoint is not signed with the control plane's key")
    return int(size), unbase64(root, 32)


def set_root(leaves, start, end, proof):
    if not leaves:
        need(proof, "the proof is too short")
        return proof.pop(0)
    if end - start == 1:
        return leaves[0][1]
    middle = start + split(end - start)
    left = set_root([leaf for leaf in leaves if leaf[0] < middle], start, middle, proof)
    return sha(b"\x01", left, set_root([leaf for leaf in leaves if leaf[0] >= middle], middle, end, proof))


def check_restored(restored, spans, parts):
    """That what the release says is shown again is shown, in a text that is here."""
    places = [(one["log"], one["seq"], one["text"], one["first_token"]) for one in restored]
    need(places == sorted(set(places)), "what is shown again is out of order or twice")
    tokens = {}
    for entries, disclosed in parts:
        for entry in entries:
            for name, commitment in entry["statement"].get("texts", {}).items():
                if (entry["seq"], name) in disclosed:
                    tokens[entry["statement"]["log"], entry["seq"], name] = commitment["tokens"]
    for one in restored:
        what = f"{one['log']}: entry #{one['seq']}, {one['text']}"
        need(set(one) == {"log", "seq", "text", "first_token", "tokens", "class", "by", "restored_by", "reason"}, f"{what}: shown again, form")
        need(one["reason"].strip() and len(one["reason"].encode()) <= 500 and one["tokens"] > 0, f"{what}: shown again without saying why")
        need(all(0 < len(one[name].encode()) <= 200 for name in ("class", "by", "restored_by")), f"{what}: shown again without saying what or by whom")
        start, end = one["first_token"], one["first_token"] + one["tokens"]
        need(end <= tokens.get((one["log"], one["seq"], one["text"]), 0), f"{what} is said to be shown again and is not here")
        hidden = [range(span["first_token"], span["first_token"] + span["tokens"]) for span in spans
                  if (span["log"], span["seq"], span["text"]) == (one["log"], one["seq"], one["text"])]
        need(any(not any(token in span for span in hidden) for token in range(start, end)), f"{what} is said to be shown again and is hidden")


def prove_log(files, number, log, wanted, key, spans, disclosed):
    """Steps 3 and 6 for one log: its entries, each with its statement; `wanted` is the snapshot's range or None."""
    folder = f"log-{number:03}/"
    size, root = open_note(files[folder + "checkpoint.txt"].decode(), log, key)
    if wanted:
        need((size, root) == (wanted["size"], unbase64(wanted["root"], 32)), f"{log}: the checkpoint is not the one that the snapshot names")
    lines = files[folder + "entries.jsonl"].decode().split("\n")
    need(lines.pop() == "", f"{log}: the last line has no end")
    entries, leaves, endpoint, devices, counter = [], [], None, {}, None
    for line in lines:
        record = canonical(line, f"{log}: a record")
        need(set(record) <= {"leaf", "disclosures"}, f"{log}: a record")
        entry = canonical(record["leaf"], f"{log}: an entry")
        statement, place = entry["statement"], entry["seq"]
        what = f"{log}: entry #{place}"
        need(set(entry) <= {"seq", "time_ms", "statement", "signature"}, what)
        need(statement["log"] == log, f"{what} is of another log")
        need(not leaves or leaves[-1][0] < place, f"{what} is out of order or here twice")
        leaves.append((place, sha(b"\x00", record["leaf"].encode())))
        entries.append(entry)
        actor, kind, facts = statement["actor"], statement["kind"], statement["facts"]
        inside = wanted is not None and place >= wanted["first_seq"]
        need(inside or kind in INTRODUCTIONS, f"{what} lies outside of the snapshot and introduces no key")
        if actor["type"] == "control":
            need("signature" not in entry, f"{what}: the control plane signs no entries")
        else:
            signature = entry["signature"]
            signed_by(signature["key"], signature["sig"], b"caisey.statement/v1\n" + dumps(statement).encode(), what)
            if actor["type"] == "endpoint":
                known = actor["id"] == log.rsplit("/", 1)[1] and signature["key"] == endpoint
                need(not inside or counter is None or statement["counter"] == counter + 1, f"{what}: a statement of the endpoint is missing")
                counter = statement["counter"] if inside else None
            else:
                person, device_key, contact = devices.get(actor["device"], (None, None, None))
                known = (person, device_key) == (actor.get("id", actor.get("on_behalf_of")), signature["key"])
                known = known and contact == (actor["type"] == "contact")
            need(known, f"{what} is signed by a key that no entry introduces for its author")
        if kind == "endpoint.enrolled":
            endpoint = facts["key"]
        elif kind == "endpoint.removed":
            endpoint = None
        elif kind == "key.introduced":
            devices[facts["device"]] = (facts["member"], facts["key"], facts["role"] == "contact")
        for name, disclosure in sorted(record.get("disclosures", {}).items()):
            if disclosure["shown"] != "erased":
                disclosed.add((place, name))
            need(name in statement.get("texts", {}), f"{what}: a text that it does not know")
            for first, tokens, label in check_text(disclosure, statement["texts"][name], f"{what}, {name}"):
                spans.append({"log": log, "seq": place, "text": name, "first_token": first, "tokens": tokens, **label})
            if name == "command" and disclosure["shown"] == "redacted":
                head = disclosure["parts"][0]
                need(head["part"] == "shown" and re.search(f"[{WORD}]", head["text"]), f"{what} hides what its command begins with")
    if wanted:
        present = [place for place, _ in leaves if place >= wanted["first_seq"]]
        for place in range(wanted["first_seq"], wanted["last_seq"] + 1):
            need(place in set(present[:place - wanted["first_seq"] + 1]), f"{log}: entry #{place} is missing")
        need(len(present) == wanted["last_seq"] - wanted["first_seq"] + 1, f"{log}: entries beyond the snapshot")
    proof = [unbase64(line, 32) for line in files[folder + "proof.txt"].decode().split("\n")[:-1]]
    need(set_root(leaves, 0, size, proof) == root and not proof, f"{log}: the entries do not lead to the checkpoint: one was replaced or altered")
    return entries


# ---- snapshot.md

def open_envelope(text, predicate_type, what):
    envelope = canonical(text, what)
    need(set(envelope) == {"payload", "payloadType", "signatures"} and len(envelope["signatures"]) == 1, what)
    need(envelope["payloadType"] == "application/vnd.in-toto+json", what)
    payload = unbase64(envelope["payload"])
    (signature,) = envelope["signatures"]
    signed_by(signature["keyid"], signature["sig"], b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload, what)
    statement = canonical(payload.decode(), what)
    need(set(statement) == {"_type", "subject", "predicateType", "predicate"}, what)
    need((statement["_type"], statement["predicateType"]) == ("https://in-toto.io/Statement/v1", predicate_type), f"{what}: another type")
    return statement, signature["keyid"]


def in_scope(entry, scope):
    if scope["type"] == "session":
        return entry["statement"].get("session", scope["session"]) == scope["session"]
    return scope["from_ms"] <= entry["time_ms"] < scope["to_ms"]


def check_scope(scope, log, entries, size):
    if scope["type"] == "session":
        first = entries[0]["statement"]
        need((first["kind"], first.get("session")) == ("session.opened", scope["session"]), "the record does not begin with the session's opening")
    else:
        need(entries[0]["seq"] == 0 or entries[0]["time_ms"] < scope["from_ms"], f"{log}: nothing shows where the period begins")
        need(entries[-1]["time_ms"] >= scope["to_ms"] or entries[-1]["seq"] == size - 1, f"{log}: the period's end is missing")
    done = set()
    for entry in entries:
        statement = entry["statement"]
        action, kind = statement.get("action"), statement["kind"]
        done.add((action, kind))
        if kind == "command.started" and in_scope(entry, scope) and (scope["type"] == "session" or (action, "action.proposed") in done):
            need({(action, "action.proposed"), (action, "action.authorised")} <= done, f"{log}: entry #{entry['seq']} ran unauthorised")


def check_review(review, what, scope, own):
    took_part = set()
    for entry in own:
        statement = entry["statement"]
        if in_scope(entry, scope) and statement["kind"] not in NOT_TAKING_PART:
            took_part |= {statement["actor"].get("id"), statement["actor"].get("on_behalf_of"), statement["facts"].get("member")}
    who = review["reviewer"]["member"]
    need(who not in took_part and review["took_part"] is False, f"{what}: {who} took part and cannot attest")
    refused = review["verdict"] == "refused"
    need(refused == bool(review.get("reason", "").strip()) and refused != bool(review["sentence"].strip()), f"{what}: verdict and words")
    coverage = review["coverage"]
    places = {(entry["statement"]["log"], entry["seq"]) for entry in own}
    seen = [(span["log"], seq) for span in coverage["spans"] for seq in range(span["from_seq"], span["to_seq"] + 1)]
    need(seen == sorted(set(seen)) and set(seen) <= places and len(seen) == coverage["seen"], f"{what}: coverage")
    need(coverage["entries"] == sum(in_scope(entry, scope) for entry in own) >= coverage["seen"], f"{what}: coverage")


def check_certificate(said, what, snapshot, logs):
    scope, complete, facts = snapshot["scope"], [], []
    for wanted, entries in logs:
        inside = [entry for entry in entries if in_scope(entry, scope)]
        kinds = [entry["statement"]["kind"] for entry in inside]
        closed = ("session.closed", scope.get("session")) in [(e["statement"]["kind"], e["statement"].get("session")) for e in entries]
        complete.append({
            "log": wanted["log"], "first_seq": wanted["first_seq"], "last_seq": wanted["last_seq"], "entries": len(inside),
            "sessions": len({entry["statement"].get("session") for entry in inside} - {None}),
            "commands": kinds.count("command.started"),
            "bounded": closed if scope["type"] == "session" else entries[-1]["time_ms"] >= scope["to_ms"],
        })
        for entry, kind in zip(inside, kinds):
            omitted = kind == "command.output_omitted" or kind == "state.captured" and not entry["statement"]["facts"]["complete"]
            why = {"recorder.gap": "recorder_gap", "action.unknown": "outcome_unknown"}.get(kind, "output_not_kept" if omitted else None)
            facts += [(wanted["log"], entry["seq"], why)] if why else []
    need(said["complete"] == complete, f"{what} counts otherwise than the record")
    listed = [(item["log"], item["seq"], item["why"]) for item in said["unbounded"]]
    shown = [item for item in listed if item[2] not in ("opaque_command", "text_not_readable", "unknown_kind")]
    need(shown == sorted(facts), f"{what} does not list what cannot be bounded")


# ---- pack.md, "To verify a pack"

def verify(data, key=None):
    """Returns what holds, as sentences; raises Fault at the first thing that does not."""
    files = read_archive(data)
    release, signer = open_envelope(files["release.json"].decode(), "urn:caisey:release:v1", "the release")
    here = [{"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}} for name, content in files.items() if name != "release.json"]
    for mine, theirs in zip(here, release["subject"]):
        need(mine == theirs, f"{mine['name']} is not what was released")
    need(here == release["subject"], "files were added or taken away after the release")
    snapshot = canonical(files["snapshot.json"].decode(), "the snapshot")
    digest = hashlib.sha256(files["snapshot.json"]).hexdigest()
    subject = [{"name": "snapshot.json", "digest": {"sha256": digest}}]
    need(snapshot["format"] == "caisey.snapshot/v1" and release["predicate"]["snapshot"] == digest, "the snapshot")
    keys = canonical(files["keys.json"].decode(), "the keys")
    control = unbase64(key or keys["control"], 32)
    spans, parts, shown, known, number = [], [], [], {}, 1
    while f"log-{number:03}/checkpoint.txt" in files:
        wanted = snapshot["logs"][number - 1] if number <= len(snapshot["logs"]) else None
        log = wanted["log"] if wanted else files[f"log-{number:03}/checkpoint.txt"].decode().split("\n")[0]
        disclosed = set()
        entries = prove_log(files, number, log, wanted, control, spans, disclosed)
        shown.append((entries, disclosed))
        organisation = snapshot["logs"][0]["log"].rsplit("/", 1)[0]
        need(organisation in (log, log.rsplit("/", 1)[0]), f"{log} is of another organisation")
        for entry in entries:
            statement = entry["statement"]
            if statement["kind"] in ("key.introduced", "device.registered") and statement["actor"] == {"type": "control"}:
                facts = statement["facts"]
                known[facts["member"], facts["device"], facts["key"]] = facts["role"]
        parts.append((wanted, entries))
        number += 1
    need(number > len(snapshot["logs"]), "a log of the snapshot is missing")
    logs = [(wanted, [entry for entry in entries if entry["seq"] >= wanted["first_seq"]]) for wanted, entries in parts if wanted]
    own = [entry for _, entries in logs for entry in entries]
    for wanted, entries in logs:
        check_scope(snapshot["scope"], wanted["log"], entries, wanted["size"])

    def person(who, signer, what):
        role = known.get((who["member"], who["device"], signer))
        need(role is not None and role != "contact", f"{what} is signed by a key that nothing introduces for {who['member']}")

    person(release["predicate"]["by"], signer, "the release")
    spans.sort(key=lambda span: (span["log"], span["seq"], span["text"], span["first_token"]))
    need(canonical(files["redactions.json"].decode(), "the redactions") == {"format": "caisey.redactions/v1", "spans": spans},
         "the list of redactions is not what the texts hide: one was removed, slipped in or given another title")
    counts = {}
    for span in spans:
        counts[span["class"]] = counts.get(span["class"], 0) + 1
    need(release["predicate"]["redactions"] == counts, "the release counts other redactions")
    restored = release["predicate"].get("restored")
    need(restored is None or restored, "the release has an empty list of what is shown again")
    check_restored(restored or [], spans, shown)
    holds = [f"{len(own)} entries, none missing, each in its place under a signed checkpoint; {len(spans)} hidden ranges, all listed"]
    for name in files:
        if name.startswith("attestation-"):
            statement, signer = open_envelope(files[name].decode(), "urn:caisey:attestation:v1", name)
            need(statement["subject"] == subject, f"{name} is about another snapshot")
            review = statement["predicate"]
            person(review["reviewer"], signer, name)
            check_review(review, name, snapshot["scope"], own)
            holds.append(f"{review['verdict']} by {review['reviewer']['name']}, who took no part")
        elif name.startswith("certificate-"):
            statement, signer = open_envelope(files[name].decode(), "urn:caisey:certificate:v1", name)
            need(statement["subject"] == subject, f"{name} is about another snapshot")
            person(statement["predicate"]["by"], signer, name)
            check_certificate(statement["predicate"], name, snapshot, logs)
            said = statement["predicate"]
            holds.append(f"{said['pattern']}: {len(said['matched'])} texts name it, {len(said['unbounded'])} entries cannot be bounded")
    for one in restored or []:
        holds.append(f"entry #{one['seq']}, {one['text']}: {one['restored_by']} shows again what was taken for {one['class']}: {one['reason']!r}")
    if key is None:
        holds.append(f"the control plane's key is the pack's own, {keys['control']}: compare it with one that you know")
    return holds


def main(arguments):
    key = arguments[arguments.index("--key") + 1] if "--key" in arguments else None
    root = pathlib.Path(__file__).resolve().parents[2]
    folder = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", root / "target")) / "tmp/packs"
    packs = [pathlib.Path(arguments[0])] if arguments else sorted(folder.glob("*.zip"))
    failed = len(packs) == 0
    for pack in packs:
        should_hold = not pack.name.startswith("fails-")
        try:
            holds, fault = verify(pack.read_bytes(), key), None
        except (Fault, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            holds, fault = [], error if isinstance(error, Fault) else f"malformed: {error!r}"
        right = should_hold == (fault is None)
        failed |= not right
        print(f"{'ok     ' if right else 'FAILED '} {pack.name}: {'DOES NOT HOLD: ' + str(fault) if fault else '; '.join(holds)}")
    if not packs:
        print(f"FAILED  no packs in {folder}; run the Rust tests of caisey-transcript first")
    if not arguments and packs and not failed:
        good = (folder / "holds-small.zip").read_bytes()
        for at in range(0, len(good), 97):
            try:
                verify(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            except (Fault, KeyError, TypeError, ValueError, IndexError, AttributeError):
                continue
            print(f"FAILED  byte {at} of holds-small.zip was changed and nobody noticed")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

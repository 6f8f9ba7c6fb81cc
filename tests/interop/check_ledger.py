"""Verifies the record's vectors, and a log exported by the Rust tests, from docs/formats alone.

An independent reading of docs/formats/{json,text,entry,log,proof}.md: nothing here is shared with crates/ledger. Canonical JSON is
PyPI rfc8785's, the Merkle tree is PyPI pymerkle's, Ed25519 is PyPI cryptography's.

    python3 tests/interop/check_ledger.py [DIRECTORY ...]

Without arguments: crates/ledger/vectors, and target/tmp/ledger-interop, which the test `a_long_log_is_exported_for_other_verifiers`
writes. Prints one line per check and exits non-zero when anything fails.
"""

import base64
import copy
import hashlib
import json
import os
import pathlib
import re
import sys

import pymerkle
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT = 2**53 - 1


class Fault(Exception):
    """Something does not hold."""


def need(condition, what):
    if not condition:
        raise Fault(what)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text, size=None):
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "base64 that is not strict")
    need(size is None or len(data) == size, f"{len(data)} bytes instead of {size}")
    return data


# ---- docs/formats/json.md

def read_canonical(text):
    """The value of a canonical text; raises Fault for any other."""
    try:
        value = json.loads(text, parse_constant=lambda name: need(False, name))
        need(isinstance(value, dict), "not an object")
        walk(value, 1)
        written = rfc8785.dumps(value).decode()
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise Fault(f"no canonical JSON: {error}") from error
    need(written == text, "not in canonical form")
    return value


def walk(value, depth):
    need(value is not None, "null")
    if isinstance(value, (dict, list)):
        need(depth <= 16, "nested too deep")
        for item in value.values() if isinstance(value, dict) else value:
            walk(item, depth + 1)
    elif not isinstance(value, (bool, str)):
        need(isinstance(value, int) and abs(value) <= LIMIT, f"the number {value}")


def check_json(vectors):
    for vector in vectors["canonical"]:
        need(rfc8785.dumps(vector["value"]).decode() == vector["canonical"], vector["canonical"])
        need(read_canonical(vector["canonical"]) == vector["value"], vector["canonical"])
    for text in vectors["refused"]:
        must_fail(lambda: read_canonical(text), text)
    return f"{len(vectors['canonical'])} written, {len(vectors['refused'])} refused"


def must_fail(action, what):
    try:
        action()
    except (Fault, KeyError, TypeError, ValueError):
        return
    raise Fault(f"accepted: {what!r}")


# ---- docs/formats/text.md

WORD = (
    "0-9A-Za-z_\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefe"
    "\uff10-\uff19\uff21-\uff3a\uff3f\uff41-\uff5a\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff"
)
TOKEN = re.compile(f"[{WORD}]+|[^{WORD}]+")


def to_text(data):
    text = data.decode("utf-8", "surrogateescape")
    return "".join(
        chr(0x10FF00 + ord(c) - 0xDC00)
        if 0xDC80 <= ord(c) <= 0xDCFF
        else "".join(chr(0x10FF00 + b) for b in c.encode())
        if ord(c) >= 0x10FF00
        else c
        for c in text
    )


def to_bytes(text):
    return b"".join(bytes([ord(c) & 0xFF]) if ord(c) >= 0x10FF00 else c.encode() for c in text)


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def tree_of(tokens, node):
    if len(tokens) == 1:
        return sha(b"\x10", node, tokens[0].encode())
    middle = split(len(tokens))
    children = sha(b"\x20", node)
    return sha(b"\x11", tree_of(tokens[:middle], children[:16]), tree_of(tokens[middle:], children[16:]))


def bind(count, top):
    return {"root": base64.b64encode(sha(b"\x12", count.to_bytes(8, "big"), top)).decode(), "tokens": count}


def commit(text, seed):
    tokens = TOKEN.findall(text)
    return bind(len(tokens), tree_of(tokens or [""], sha(b"\x22", seed)[:16]))


def shown_of(disclosure, commitment):
    """What a disclosure proves, hidden parts as None; raises Fault when it does not match."""
    kind = disclosure["shown"]
    if kind == "erased":
        return [None]
    if kind == "full":
        need(len(disclosure["text"].encode()) <= 65536, "text too long")
        need(commit(disclosure["text"], unbase64(disclosure["seed"], 32)) == commitment, "text does not match its commitment")
        return [disclosure["text"]]
    need(kind == "redacted", kind)
    spans, at, before = [], 0, None
    for part in disclosure["parts"]:
        if part["part"] == "shown":
            tokens = TOKEN.findall(part["text"])
            need(tokens, "empty part")
            is_word = lambda c: re.fullmatch(f"[{WORD}]", c) is not None
            need(before is None or is_word(before) != is_word(part["text"][0]), "a token cut in two")
            before = part["text"][-1]
            spans.append((at, at + len(tokens), tokens, [unbase64(seed, 16) for seed in part["seeds"]]))
        else:
            need(part["part"] == "hidden" and part["tokens"] > 0, "empty part")
            before = None
            spans.append((at, at + part["tokens"], None, [unbase64(value, 32) for value in part["hashes"]]))
        at = spans[-1][1]
    need(at == commitment["tokens"], "wrong number of tokens")

    def rebuild(start, end):
        for first, last, tokens, given in spans:
            if first <= start and end <= last:
                need(given, "too few seeds or hashes")
                value = given.pop(0)
                return value if tokens is None else tree_of(tokens[start - first:end - first], value)
        middle = start + split(end - start)
        left = rebuild(start, middle)
        return sha(b"\x11", left, rebuild(middle, end))

    need(at > 0, "no parts")
    top = rebuild(0, at)
    need(not any(given for *_, given in spans), "too many seeds or hashes")
    need(bind(at, top) == commitment, "redacted text does not match its commitment")
    return [part.get("text") for part in disclosure["parts"]]


def check_text(vectors):
    for vector in vectors["lossless"]:
        data = unbase64(vector["bytes"])
        need(to_text(data) == vector["text"] and to_bytes(vector["text"]) == data, vector)
    for vector in vectors["commitments"]:
        need(TOKEN.findall(vector["text"]) == vector["tokens"], vector["text"])
        need(commit(vector["text"], unbase64(vector["seed"], 32)) == vector["commitment"], vector["text"])
    for vector in vectors["disclosures"]:
        shown = shown_of(vector["disclosure"], vector["commitment"])
        need("text" not in vector or all(part is None or part in vector["text"] for part in shown), vector)
        if "opening" in vector:
            opening = vector["opening"]
            parts, at = list(vector["disclosure"]["parts"]), 0
            for number, part in enumerate(parts):
                if at == opening["first_token"] and part["part"] == "hidden":
                    need(opening["text"] not in json.dumps(parts), "hidden text in the bytes")
                    parts[number] = {"part": "shown", "text": opening["text"], "seeds": opening["seeds"]}
                at += part["tokens"] if part["part"] == "hidden" else len(TOKEN.findall(part["text"]))
            need(parts == vector["opened"]["parts"], "opening")
            shown_of({"shown": "redacted", "parts": parts}, vector["commitment"])
    return f"{len(vectors['commitments'])} commitments, {len(vectors['disclosures'])} disclosures"


# ---- docs/formats/log.md: the tree

def leaf_hash(leaf):
    return sha(b"\x00", leaf)


def node_hash(left, right):
    return sha(b"\x01", left, right)


def root_of_path(index, size, node, path):
    """RFC 9162 section 2.1.3.2."""
    need(index < size, "no such entry")
    at, last = index, size - 1
    for sibling in path:
        need(last != 0, "path too long")
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0, "path too short")
    return node


def roots_of_consistency(older, newer, old_root, path):
    """RFC 9162 section 2.1.4.2: the two roots that the path leads to."""
    path = ([old_root] if older & (older - 1) == 0 else []) + path
    at, last = older - 1, newer - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        need(last != 0, "path too long")
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    need(last == 0, "path too short")
    return old, new


def check_tree(vectors):
    tree, roots, checked = pymerkle.InmemoryTree(algorithm="sha256"), [sha()], 0
    for size, vector in enumerate(vectors["sizes"]):
        need(vector["size"] == size, "sizes")
        if size > 0:
            tree.append_entry(vectors["leaves"][size - 1].encode())
            roots.append(tree.get_root())
        need(unbase64(vector["root"], 32) == roots[size], f"root at {size}")
        for index, path in enumerate(vector.get("inclusion", [])):
            leaf = leaf_hash(vectors["leaves"][index].encode())
            path = [unbase64(value, 32) for value in path]
            need(root_of_path(index, size, leaf, path) == roots[size], f"inclusion of {index} in {size}")
            # pymerkle counts from 1 and has the leaf itself in its path.
            theirs = [bytes.fromhex(value) for value in tree.prove_inclusion(index + 1, size).serialize()["path"]]
            theirs.remove(leaf)
            need(theirs == path, f"inclusion of {index} in {size} differs from pymerkle's")
            checked += 1
        # pymerkle's consistency proofs have a shape of their own; ours are checked against its roots.
        for older, path in enumerate(vector.get("consistency", [])):
            path = [unbase64(value, 32) for value in path]
            if older in (0, size):
                need(path == [], "trivial consistency")
                continue
            need(roots_of_consistency(older, size, roots[older], path) == (roots[older], roots[size]), f"consistency of {older} and {size}")
            checked += 1
    return f"{len(roots)} roots, {checked} proofs"


# ---- docs/formats/log.md: notes

def verify(key, signature, message):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature as error:
        raise Fault("a signature does not hold") from error


def read_vkey(vkey, kind):
    name, key_id, data = vkey.split("+", 2)
    data = unbase64(data, 33)
    need(data[0] == kind and sha(name.encode(), b"\n", data)[:4].hex() == key_id, "the key's id")
    return name, data


def signatures(note, vkey, kind, size):
    """The note's text, and this key's signature on it without the key id, or None."""
    name, key = read_vkey(vkey, kind)
    text, lines = note.rsplit("\n\n", 1)
    need(lines.endswith("\n"), "note without its last line feed")
    for line in lines[:-1].split("\n"):
        dash, who, data = line.split(" ")
        need(dash == "\u2014", "signature line")
        data = unbase64(data)
        if who == name and data[:4] == sha(name.encode(), b"\n", key)[:4]:
            need(len(data) == 4 + size, "signature's length")
            return text + "\n", key[1:], data[4:]
    raise Fault(f"not signed by {name}")


def open_checkpoint(note, vkey):
    text, key, signature = signatures(note, vkey, 0x01, 64)
    verify(key, signature, text.encode())
    origin, size, root, *_ = text[:-1].split("\n")
    need(origin == vkey.split("+")[0] and str(int(size)) == size, "checkpoint")
    return origin, int(size), unbase64(root, 32)


def check_cosignature(note, witness):
    text, key, data = signatures(note, witness["vkey"], 0x04, 72)
    time = int.from_bytes(data[:8], "big")
    verify(key, data[8:], f"cosignature/v1\ntime {time}\n{text}".encode())
    need(time == witness["time_s"], "cosignature's time")


# ---- docs/formats/entry.md

def kinds():
    """The table of kinds, read out of the document itself."""
    table = {}
    for line in (ROOT / "docs/formats/entry.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and re.fullmatch(r"`\w+\.\w+`", cells[0]):
            kind, by, texts, belongs = cells[0].strip("`"), *cells[1:]
            may = re.findall(r"\[(.*)\]", texts)
            names = lambda text: set(filter(None, text.replace(" ", "").split(",")))
            must = names(re.sub(r"\[.*\]", "", texts))
            table[kind] = (names(by), must, must | (names(may[0]) if may else set()), belongs)
    need(len(table) >= 24, "the table of kinds")
    return table


KINDS = kinds()
ID = re.compile(r"(org|cli|ep|mem|dev|ses|act|ins)_[0-7][0-9a-hjkmnp-tv-z]{25}")


def members(value, required, optional=()):
    need(isinstance(value, dict), "not an object")
    need(set(required) <= set(value) <= set(required) | set(optional), f"members {sorted(value)}")


def number(value):
    need(type(value) is int and 0 <= value <= LIMIT, f"the number {value}")
    return value


def identifier(value, prefix):
    need(ID.fullmatch(value) and value.startswith(prefix + "_"), f"the identifier {value}")
    return value


def read_entry(leaf):
    need(len(leaf.encode()) <= 65535, "too long")
    entry = read_canonical(leaf)
    members(entry, ["seq", "time_ms", "statement"], ["signature"])
    statement = entry["statement"]
    members(statement, ["v", "log", "at_ms", "actor", "kind", "facts"], ["session", "action", "counter", "texts"])
    need(statement["v"] == 1 and isinstance(statement["facts"], dict), "version")
    number(entry["seq"]), number(entry["time_ms"]), number(statement["at_ms"])
    need(re.fullmatch(r"[!-*,-~]{1,255}", statement["log"]), "origin")
    actor = statement["actor"]
    shapes = {
        "control": {},
        "endpoint": {"id": "ep"},
        "member": {"id": "mem", "device": "dev"},
        "contact": {"id": "mem", "device": "dev"},
        "agent": {"on_behalf_of": "mem", "device": "dev"},
    }
    shape = shapes[actor["type"]]
    members(actor, ["type", *shape])
    for name, prefix in shape.items():
        identifier(actor[name], prefix)
    need(("counter" in statement) == (actor["type"] == "endpoint"), "counter")
    need(("signature" in entry) == (actor["type"] != "control"), "signature")
    for name, prefix in (("session", "ses"), ("action", "act")):
        if name in statement:
            identifier(statement[name], prefix)
    texts = statement.get("texts", {"x": {"root": "", "tokens": 0}})
    need(texts, "empty texts")
    for commitment in texts.values():
        members(commitment, ["root", "tokens"])
        need(number(commitment["tokens"]) <= 65536, "tokens")
    if statement["kind"] in KINDS:
        by, must, may, belongs = KINDS[statement["kind"]]
        need(actor["type"] in by, f"{statement['kind']} by {actor['type']}")
        need(must <= set(statement.get("texts", {})) <= may, f"texts of {statement['kind']}")
        need(belongs == "" or "session" in statement, "session")
        need(belongs != "A" or "action" in statement, "action")
    if "signature" in entry:
        members(entry["signature"], ["key", "sig"])
        message = b"caisey.statement/v1\n" + rfc8785.dumps(statement)
        verify(unbase64(entry["signature"]["key"], 32), unbase64(entry["signature"]["sig"], 64), message)
    return entry


# ---- docs/formats/log.md: to verify a log

def verify_log(log, records, note, vkey):
    """Returns what could be read of the texts; raises Fault at the first thing that does not hold."""
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    endpoint, devices, counter, sessions, shown = None, {}, 0, set(), []
    for seq, record in enumerate(records):
        members(record, ["leaf"], ["disclosures"])
        entry = read_entry(record["leaf"])
        statement = entry["statement"]
        actor, kind, facts = statement["actor"], statement["kind"], statement["facts"]
        need(statement["log"] == log, "another log")
        need(entry["seq"] == seq, f"entry {entry['seq']} in place of {seq}")
        need((seq == 0) == (kind == "endpoint.enrolled"), "enrolment")
        if actor["type"] == "endpoint":
            need((actor["id"], entry["signature"]["key"]) == endpoint, "the endpoint's key")
            need(statement["counter"] == counter, "the endpoint's counter")
            counter += 1
        elif actor["type"] != "control":
            person, key, role = devices.get(actor["device"], (None, None, None))
            need(person == actor.get("id", actor.get("on_behalf_of")) and key == entry["signature"]["key"], "the device's key")
            need((role == "contact") == (actor["type"] == "contact"), "the person's role")
        if kind == "endpoint.enrolled":
            endpoint = (identifier(log.split("/")[-1], "ep"), facts["key"])
        elif kind == "endpoint.removed":
            endpoint = None
        elif kind == "key.introduced":
            known = devices.get(facts["device"], (facts["member"], facts["key"], ""))
            need(known[:2] == (facts["member"], facts["key"]), "another key for a known device")
            devices[facts["device"]] = (facts["member"], facts["key"], facts["role"])
        elif kind == "session.opened":
            need(statement["session"] not in sessions, "session opened twice")
            sessions.add(statement["session"])
        elif kind in ("session.closed", "action.proposed"):
            need(statement["session"] in sessions, "session is not open")
            if kind == "session.closed":
                sessions.remove(statement["session"])
        for name, disclosure in record.get("disclosures", {}).items():
            shown.append(shown_of(disclosure, statement["texts"][name]))
        tree.append_entry(record["leaf"].encode())
    origin, size, root = open_checkpoint(note, vkey)
    need((origin, size, root) == (log, len(records), tree.get_root()), "the entries are not those that the checkpoint signs")
    return shown


def check_proof(text, vectors):
    head, note = text.split("\n\n", 1)
    lines = head.split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "first line")
    if lines[0].startswith("extra "):
        unbase64(lines.pop(0)[6:])
    index = int(lines.pop(0).removeprefix("index "))
    origin, size, root = open_checkpoint(note, vectors["vkey"])
    leaf = vectors["records"][index]["leaf"]
    entry = read_entry(leaf)
    need(entry["seq"] == index and entry["statement"]["log"] == origin, "the entry's own place")
    need(root_of_path(index, size, leaf_hash(leaf.encode()), [unbase64(line, 32) for line in lines]) == root, "path")


def check_log(vectors):
    log, records, note, vkey = vectors["log"], vectors["records"], vectors["checkpoint"], vectors["vkey"]
    shown = verify_log(log, records, note, vkey)
    if "witness" in vectors:
        check_cosignature(note, vectors["witness"])
    for proof in vectors.get("proofs", []):
        check_proof(proof, vectors)
    if "signing_bytes_of_entry_5" in vectors:
        statement = json.loads(records[5]["leaf"])["statement"]
        need("caisey.statement/v1\n" + rfc8785.dumps(statement).decode() == vectors["signing_bytes_of_entry_5"], "signing bytes")
        need(leaf_hash(records[5]["leaf"].encode()) == unbase64(vectors["leaf_hash_of_entry_5"]), "leaf hash")
        formats = {name: (ROOT / f"docs/formats/{name}.md").read_text() for name in ("entry", "text")}
        need(f"\n{records[7]['leaf']}\n" in formats["entry"], "the example in entry.md")
        need(leaf_hash(records[7]["leaf"].encode()).hex() in formats["entry"], "the example's hash in entry.md")
        need(commit("a b", bytes(range(32)))["root"] in formats["text"], "the example in text.md")
        for record in records:
            statement = json.loads(record["leaf"])["statement"]
            row = re.search(f"^\\| `{statement['kind']}` \\| (.*) \\|$", formats["entry"].split("## Facts")[1], re.MULTILINE)
            need(row and all(f"`{name}`" in row[1] for name in statement["facts"]), f"facts of {statement['kind']} in entry.md")
        need({json.loads(record["leaf"])["statement"]["kind"] for record in records} == set(KINDS), "every kind")
    for case in vectors.get("tampered", []):
        changed = list(records)
        for change in case["changes"]:
            changed[change["at"]:change["at"] + 1] = [change["record"]]
        changed = [record for record in changed if record is not None]
        must_fail(lambda: verify_log(log, changed, note, vkey), case["name"])
    # One byte changed, at some place of some leaves.
    places = range(0, len(records), 1 + len(records) // 30)
    for at in places:
        record = records[at]
        leaf = record["leaf"]
        place = at * 7919 % len(leaf)
        altered = dict(record, leaf=leaf[:place] + ("0" if leaf[place] != "0" else "1") + leaf[place + 1:])
        must_fail(lambda: verify_log(log, records[:at] + [altered] + records[at + 1:], note, vkey), f"byte {place} of entry {at}")
    return f"{len(records)} entries, {len(shown)} texts, {len(vectors.get('tampered', [])) + len(places)} tampered logs refused"


# ---- docs/formats/consent.md

LEVELS = ["link", "signed", "number"]
CLASSES = ["changing", "destructive", "opaque"]


def no_chain():
    return {"number": 0, "head": "0" * 64, "keys": {}, "standing": {}, "floors": {}}


def read_contact(signed, chain):
    """Lets one statement follow the chain (its number, head, keys and pre-authorisations); raises Fault when it does not count."""
    members(signed, ["statement", "signature"])
    statement, signature = signed["statement"], signed["signature"]
    members(statement, ["v", "organisation", "client", "number", "previous", "at_ms", "member", "device", "says"])
    need(statement["v"] == 1, "version")
    signer = (statement["member"], signature["key"])
    says, facts = statement["says"]["kind"], statement["says"]["facts"]
    need(statement["number"] == chain["number"] + 1 and statement["previous"] == chain["head"], "not the next statement")
    if chain["number"] == 0:
        need(says == "key.introduced" and (facts["member"], facts["key"]) == signer and facts["device"] == statement["device"], "beginning")
    else:
        need(chain["keys"].get(statement["device"]) == signer, "signed with a key that is not known")
    message = b"caisey.consent.contact/v1\n" + rfc8785.dumps(statement)
    verify(unbase64(signature["key"], 32), unbase64(signature["sig"], 64), message)
    if says == "key.introduced":
        chain["keys"][facts["device"]] = (facts["member"], facts["key"])
    elif says == "key.revoked":
        del chain["keys"][facts["device"]]
        need(chain["keys"], "the last key")
    elif says == "pre_authorisation.granted":
        chain["standing"][facts["name"]] = facts
    elif says == "pre_authorisation.withdrawn":
        del chain["standing"][facts["name"]]
    elif says == "floor.set":
        need(set(facts) <= {"name", "endpoints", "class", "needed", "assurance", "except"}, "members of a floor")
        need(facts["class"] in CLASSES and 1 <= facts["needed"] <= 16 and facts["assurance"] in ("signed", "number"), "a floor")
        need(facts.get("except", []) in ([], ["break_glass"], ["policy"], ["break_glass", "policy"]), "a floor's exceptions")
        chain["floors"][facts["name"]] = (facts, statement["number"])
    elif says == "floor.withdrawn":
        del chain["floors"][facts["name"]]
    else:
        need(says == "policy.agreed", says)
    chain["number"], chain["head"] = statement["number"], sha(message).hex()
    return chain["head"]


def check_decision(request, digest, decision, proposal, keys):
    """Whether this contact's decision is about exactly this proposal."""
    need(sha(b"caisey.consent.request/v1\n", rfc8785.dumps(request)).hex() == digest, "digest")
    asked = proposal["statement"]
    need(sha(b"caisey.statement/v1\n", rfc8785.dumps(asked)).hex() == request["proposal"], "the proposal's digest")
    for name in ("log", "session", "action"):
        need(request[name] == asked[name], name)
    need(request["endpoint"] == asked["log"].split("/")[-1], "endpoint")
    for name in ("interpreter", "timeout_ms"):
        need(request[name] == asked["facts"][name], name)
    for name in ("command", "cwd"):
        need(request.get(name) == asked["texts"].get(name), name)
    said, signature = decision["statement"], decision["signature"]
    need(keys.get(said["actor"]["device"]) == (said["actor"]["id"], signature["key"]), "the contact's key")
    verify(unbase64(signature["key"], 32), unbase64(signature["sig"], 64), b"caisey.statement/v1\n" + rfc8785.dumps(said))
    need(said["kind"] == "approval.decided" and said["facts"]["digest"] == digest, "the decision's digest")
    need(all(said[name] == request[name] for name in ("log", "session", "action")), "what is decided about")
    need(LEVELS.index(said["facts"]["assurance"]) >= LEVELS.index(request["assurance"]), "assurance")
    need(said["actor"]["id"] != asked["actor"]["id"], "one's own request")


def check_consent(vectors):
    chain, known = no_chain(), {}
    for signed, digest in zip(vectors["chain"], vectors["chain_digests"], strict=True):
        forged = json.loads(json.dumps(signed))
        forged["statement"]["at_ms"] += 1
        must_fail(lambda: read_contact(forged, copy.deepcopy(chain)), "an altered statement")
        need(read_contact(signed, chain) == digest, "the statement's digest")
        known.update(chain["keys"])
    need(chain["standing"] == {} and len(chain["keys"]) == 1, "what the chain comes to")
    proposal = vectors["proposal"]
    altered = 0
    for vector in vectors["requests"]:
        request, digest, decision = vector["request"], vector["digest"], vector["decision"]
        check_decision(request, digest, decision, proposal, known)
        for name in request:
            other = dict(request, **{name: [request[name]]})
            must_fail(lambda: check_decision(other, digest, decision, proposal, known), name)
            altered += 1
    return f"{chain['number']} statements of contacts, {len(vectors['requests'])} decisions, {altered} altered requests refused"


def reaches(floors, endpoint, kind, decisions):
    """Whether these decisions are enough for all floors that hold for this class on this endpoint."""
    bad = CLASSES.index(kind)
    held = [floor for floor, _ in floors if CLASSES.index(floor["class"]) <= bad and endpoint in floor.get("endpoints", [endpoint])]
    if not held:
        return True
    surest = max(LEVELS.index(floor["assurance"]) for floor in held)
    facts = [decision["statement"] for decision in decisions]
    people = {said["actor"]["id"] for said in facts if LEVELS.index(said["facts"]["assurance"]) >= surest}
    return len(people) >= max(floor["needed"] for floor in held)


def check_floor(vectors):
    chain = no_chain()
    for signed, digest in zip(vectors["chain"], vectors["chain_digests"], strict=True):
        if signed["statement"]["says"]["kind"] == "floor.set":
            other = json.loads(json.dumps(signed))
            other["statement"]["says"]["facts"]["needed"] += 1
            must_fail(lambda: read_contact(other, copy.deepcopy(chain)), "an altered floor")
        need(read_contact(signed, chain) == digest, "the statement's digest")
    floors = sorted(chain["floors"].values(), key=lambda floor: floor[0]["name"])
    need([{"floor": floor, "number": number} for floor, number in floors] == vectors["floors"], "floors in force")
    verdicts = []
    for case in vectors["cases"]:
        for decision in case["decisions"]:
            said, signature = decision["statement"], decision["signature"]
            need(chain["keys"][said["actor"]["device"]] == (said["actor"]["id"], signature["key"]), "the contact's key")
            verify(unbase64(signature["key"], 32), unbase64(signature["sig"], 64), b"caisey.statement/v1\n" + rfc8785.dumps(said))
        enough = reaches(floors, vectors["endpoint"], case["class"], case["decisions"])
        need(case["verdict"] == ("runs" if enough else "consent_below_floor"), "what the floors come to")
        verdicts.append(enough)
    need(any(verdicts) and not all(verdicts), "both verdicts")
    return f"{len(floors)} floors after {chain['number']} statements, {len(verdicts)} consents held against them"


CHECKS = {"caisey json 1": check_json, "caisey text 1": check_text, "caisey tree 1": check_tree, "caisey log 1": check_log, "caisey consent 1": check_consent, "caisey floor 1": check_floor}


def main(directories):
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    directories = [pathlib.Path(name) for name in directories] or [ROOT / "crates/ledger/vectors", target / "tmp/ledger-interop"]
    failed = False
    for directory in directories:
        files = sorted(directory.glob("*.json"))
        if not files:
            print(f"FAILED  no vectors in {directory}; run the Rust tests of caisey-ledger first")
            failed = True
        for file in files:
            vectors = json.loads(file.read_text())
            try:
                print(f"ok      {file.name}: {CHECKS[vectors['format']](vectors)}")
            except Fault as fault:
                print(f"FAILED  {file.name}: {fault}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

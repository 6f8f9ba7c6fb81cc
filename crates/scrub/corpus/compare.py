"""The same labelled spans, found by other people's tools: `python compare.py FOLDER`, with PyPI presidio-analyzer and detect-secrets.

presidio runs with its pattern recognisers and, when PyPI or the machine offers one, an English model for names; without a model its
recall of names is that of its patterns, and the output says so. detect-secrets scans line by line with all its plugins. A span counts
as found when all of it is covered, as in the tests of this crate.
"""
import json
import pathlib
import re
import sys

MARK = re.compile("⟦([a-z-]+)\\|([^⟧]*)⟧")
SECRETS = {"password", "token", "key", "connection-string"}
PRESIDIO = {"email", "upn", "phone", "ip", "card", "bank", "ssn", "user", "host", "mac"}


def sessions(folder):
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        for marked in re.split(r"(?m)^=== .*\n", path.read_text()):
            spans, text, last = [], "", 0
            for mark in MARK.finditer(marked):
                text += marked[last:mark.start()]
                spans.append((mark[1], len(text), len(text) + len(mark[2])))
                text, last = text + mark[2], mark.end()
            if marked.strip():
                yield text + marked[last:], spans


def covered(ranges, start, end):
    for first, last in sorted(ranges):
        if first > start:
            break
        start = max(start, last)
    return start >= end


def presidio():
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    engine, model = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}]), "none"
    for name in ("en_core_web_lg", "en_core_web_sm"):
        if spacy.util.is_package(name):
            engine.nlp, model = {"en": spacy.load(name)}, name
            break
    else:
        engine.nlp = {"en": spacy.blank("en")}
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers()
    analyzer = AnalyzerEngine(nlp_engine=engine, registry=registry)
    return model, lambda text: [(found.start, found.end) for found in analyzer.analyze(text, language="en")]


def detect_secrets(text):
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    found = []
    with default_settings():
        for line in re.finditer("[^\n]+", text):
            for secret in scan_line(line[0]):
                at = line[0].find(secret.secret_value or "\0")
                if at >= 0:
                    found.append((line.start() + at, line.start() + at + len(secret.secret_value)))
    return found


def main(folder):
    model, analyze = presidio()
    tools = {f"presidio-analyzer (model: {model})": (analyze, PRESIDIO), "detect-secrets": (detect_secrets, SECRETS)}
    result = {}
    for tool, (find, classes) in tools.items():
        by_class, findings, right = {}, 0, 0
        for text, spans in sessions(folder):
            ranges = find(text)
            findings += len(ranges)
            right += sum(any(first < end and start < last for _, start, end in spans) for first, last in ranges)
            for name, start, end in spans:
                if name in classes:
                    score = by_class.setdefault(name, [0, 0])
                    score[0] += covered(ranges, start, end)
                    score[1] += 1
        hidden, all_spans = (sum(score[at] for score in by_class.values()) for at in (0, 1))
        result[tool] = {"recall_of_its_classes": round(hidden / max(all_spans, 1), 4), "precision": round(right / max(findings, 1), 4),
                        "by_class": {name: f"{score[0]}/{score[1]}" for name, score in sorted(by_class.items())}}
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "heldout")

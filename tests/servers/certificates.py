"""A certificate authority of the test's own, and a certificate of its for this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl")
_EXTENSIONS = """subjectAltName={names}
basicConstraints=CA:FALSE
keyUsage=digitalSignature
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
"""  # all that a strict check asks for (RFC 5280 §4.2.1)
_NEW = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj"


def make_certificates(folder: Path, names: str = "DNS:localhost") -> None:
    """Write `ca.pem`, `cert.pem` and `key.pem` (PEM) into `folder`; the certificate is good for `names`."""
    assert OPENSSL is not None
    (folder / "names").write_text(_EXTENSIONS.format(names=names))
    for arguments in (
        f"{_NEW} /CN=test-authority -x509 -days 30 -addext keyUsage=keyCertSign -keyout ca.key -out ca.pem",
        f"{_NEW} /CN=localhost -keyout key.pem -out csr.pem",
        "x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem",
    ):
        subprocess.run([OPENSSL, *arguments.split()], cwd=folder, check=True, capture_output=True)

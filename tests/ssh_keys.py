"""SSH keys made for a test, and an ssh-agent that holds them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = {
    "ed25519": ["-t", "ed25519"],
    "ecdsa-256": ["-t", "ecdsa", "-b", "256"],
    "ecdsa-521": ["-t", "ecdsa", "-b", "521"],
    "rsa": ["-t", "rsa", "-b", "2048"],
}


def make_key(folder: Path, name: str, *options: str) -> Path:
    """Make a key pair without a passphrase and return the private key's file."""
    path = folder / name
    chosen = options or KINDS["ed25519"]
    words = ["ssh-keygen", "-q", "-N", "", "-C", f"{name} of a test", "-f", str(path), *chosen]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)
    return path


def public(path: Path) -> str:
    """Return the public key that belongs to a private key's file."""
    return path.with_name(path.name + ".pub").read_text()


@contextmanager
def ssh_agent(*keys: Path) -> Iterator[str]:
    """Run a real ssh-agent that holds keys; yields its socket."""
    told = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    socket, pid = (told.split(f"{name}=")[1].split(";")[0] for name in ("SSH_AUTH_SOCK", "SSH_AGENT_PID"))
    try:
        environment = os.environ | {"SSH_AUTH_SOCK": socket}
        for key in keys:
            subprocess.run(["ssh-add", "-q", str(key)], check=True, capture_output=True, env=environment)
        yield socket
    finally:
        os.kill(int(pid), signal.SIGTERM)

"""What the original pgpool_setup needs: ssh to localhost, and Debian's Pgpool-II as if it were built from source."""

from __future__ import annotations

import glob
import gzip
import os
import shutil
import subprocess
import time


def lay_out(prefix: str) -> None:
    """Links to the programs in bin and sbin, the samples in etc."""
    for folder in ("bin", "sbin", "etc"):
        os.makedirs(f"{prefix}/{folder}")
    patterns = ("pgpool*", "pcp_*", "pg_md5", "pg_enc", "wd_cli", "watchdog_setup")
    for program in (p for pattern in patterns for p in glob.glob(f"/usr/sbin/{pattern}")):
        for folder in ("bin", "sbin"):
            os.symlink(program, f"{prefix}/{folder}/{os.path.basename(program)}")
    for sample in glob.glob("/usr/share/doc/pgpool2/examples/*"):
        name = os.path.basename(sample)
        if name.endswith(".gz"):
            with gzip.open(sample) as packed, open(f"{prefix}/etc/{name[:-3]}", "wb") as plain:
                shutil.copyfileobj(packed, plain)
        elif os.path.isfile(sample):
            shutil.copy(sample, f"{prefix}/etc/")


def start_sshd(folder: str) -> subprocess.Popen:
    """The original starts standbys through ssh localhost.

    An sshd of this user's own, with throwaway keys, on port 22 in here.
    """
    user = os.path.expanduser("~/.ssh")
    os.mkdir(folder, 0o700)
    os.mkdir(user, 0o700)
    for key in (f"{folder}/host_key", f"{user}/id_ed25519"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key, "-C", "bench"], check=True)
    shutil.copy(f"{user}/id_ed25519.pub", f"{folder}/authorized_keys")
    with open(f"{folder}/host_key.pub", encoding="ascii") as file:
        _write(f"{user}/known_hosts", f"localhost,127.0.0.1,::1 {file.read()}")
    _write(f"{user}/config", "BatchMode yes\nIdentityFile ~/.ssh/id_ed25519\n")
    _write(f"{folder}/sshd_config", f"""\
Port 22
ListenAddress 127.0.0.1
ListenAddress ::1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
StrictModes no
UsePAM no
PidFile none
""")
    sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", f"{folder}/sshd_config", "-E", f"{folder}/log"])
    for _ in range(50):
        login = subprocess.run(["ssh", "-T", "localhost", "true"],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if login.returncode == 0:
            return sshd
        time.sleep(0.1)
    raise SystemExit(f"bench: no login through ssh localhost, without which the original cannot work:\n{login.stderr}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)

"""Where a process is: another user, network or mount table, and another search path of Python, is another place."""

import hashlib
import os


def socket_of_this_place(folder):
    namespaces = [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt", "user", "pid")]
    place = [os.geteuid(), *namespaces, os.environ.get("PYTHONPATH")]
    return os.path.join(folder, hashlib.sha256(repr(place).encode()).hexdigest()[:16])

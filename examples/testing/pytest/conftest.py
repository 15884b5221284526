import json
import pathlib
import socket
import subprocess

import pytest


world = pathlib.Path(__file__).parent.parent / "world.json"


@pytest.fixture(scope="session")
def postern():
    # Not by npx, which ends without the server.
    command = ["node_modules/.bin/postern", "start", "--json", "--memory", "--port", "0", "--seed", world]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        resolve = socket.getaddrinfo
        socket.getaddrinfo = lambda host, *rest, **named: resolve(
            "127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **named
        )
        yield json.loads(server.stdout.readline())
        server.terminate()

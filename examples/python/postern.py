import contextlib
import json
import subprocess


@contextlib.contextmanager
def start_postern(*options):
    command = ["./bin/postern", "start", "--json", "--memory", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield json.loads(server.stdout.readline())
        finally:
            server.terminate()

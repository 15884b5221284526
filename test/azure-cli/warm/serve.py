"""
Runs commands of the Azure CLI for `az` in this folder. Most of what a command costs is that Python imports its libraries;
here each command is a fork of a process that has them already. The command itself is Debian's /usr/bin/az, run from its
first line in a process of its own, with the words, the environment, the folder and the streams of who typed it.

    serve.py FOLDER INDEX   puts its socket into FOLDER, and prints a line when it is ready; it ends when its standard input does

INDEX is a file for az's index of its commands, which a new AZURE_CONFIG_DIR is given: to make one, az loads the modules of all.

The libraries read AZURE_CONFIG_DIR when they are imported, so each such folder has a process of its own to fork from,
which learns from each command which modules to have. Beside INDEX it keeps a list of those that each kind of command
added, so that the process of the next folder has them before its first command of that kind, and they are imported once
instead of twice: by the command, and for the next one.
"""

import gc
import importlib
import itertools
import json
import os
import re
import runpy
import select
import signal
import socket
import sys

from place import socket_of_this_place

az = "/usr/bin/az"
most = 1 << 17


def run(request, lessons):
    """The command. This process ends with it."""
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.argv = [az, *request["words"]]
    status = 0
    there = set(sys.modules)
    try:
        runpy.run_path(az, run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    if lessons is not None:
        more = [name for name in sys.modules if name not in there]
        lessons.send("\n".join([kind_of(request["words"]), *more]).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run_for(client, request, streams, lessons):
    """The command in a process of its own, for as long as its client is there."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if command == 0:
        for stream, descriptor in enumerate(streams):
            os.dup2(descriptor, stream)
            os.close(descriptor)
        run(request, lessons)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(command)
    ready, _, _ = select.select([ended, client], [], [])
    if ended not in ready:
        os.kill(command, signal.SIGKILL)
    _, status = os.waitpid(command, 0)
    try:
        client.send(str(os.waitstatus_to_exitcode(status) % 256).encode())
    except OSError:
        pass
    os._exit(0)


def kind_of(words):
    """The first two words of a command, as in "network-vnet": commands of one kind use the same modules."""
    named = itertools.takewhile(lambda word: re.fullmatch("[a-z][a-z-]*", word), words[:2])
    return "-".join(named)


def keep(kind, names):
    path = f"{kept}-{kind}"
    if os.path.exists(path):
        return
    own = f"{path}-{os.getpid()}"
    try:
        with open(own, "w") as file:
            file.write("\n".join(names))
        os.rename(own, path)
    except OSError:
        # Another user has made it meanwhile.
        pass


def kept_for(kind):
    try:
        with open(f"{kept}-{kind}") as file:
            return file.read().split("\n")
    except OSError:
        return []


def learn(names):
    unknown = [name for name in names if name not in sys.modules and not name.endswith("__main__")]
    for name in unknown:
        try:
            importlib.import_module(name)
        except BaseException:
            # A name that a package put into sys.modules by hand.
            pass
    if unknown:
        gc.collect()
        gc.freeze()


def give_index(source, target):
    """Copies the index to where there is none, if there is one."""
    try:
        with open(source, "rb") as file:
            contents = file.read()
        # Not while az writes it.
        json.loads(contents)
    except (OSError, ValueError):
        return False
    if not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        own = f"{target}-{os.getpid()}"
        with open(own, "wb") as file:
            file.write(contents)
        os.rename(own, target)
    return True


def serve_folder(requests, environment):
    """Runs the commands of one AZURE_CONFIG_DIR."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    lessons, lesson_of = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    index = os.path.join(environment["AZURE_CONFIG_DIR"], "commandIndex.json")
    give_index(kept, index)
    while True:
        ready, _, _ = select.select([requests, lessons], [], [])
        if lessons in ready:
            kind, *names = lessons.recv(most).decode().split("\n")
            learn(names)
            keep(kind, names)
        if requests in ready:
            message, descriptors, _, _ = socket.recv_fds(requests, most, 4)
            if not message:
                os._exit(0)
            # Without its index of commands, az loads the modules of them all: nothing to have for the next one.
            learns = give_index(index, kept)
            request = json.loads(message)
            learn(kept_for(kind_of(request["words"])))
            if os.fork() == 0:
                client = socket.socket(fileno=descriptors[0])
                run_for(client, request, descriptors[1:], lesson_of if learns else None)
            for descriptor in descriptors:
                os.close(descriptor)


def start_folder(environment, inherited):
    requests, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        # A reader waits for the end of what it reads as long as anybody holds it open.
        for descriptor in inherited:
            os.close(descriptor)
        ours.close()
        serve_folder(requests, environment)
    requests.close()
    return ours


def serve(listener):
    folders = {}
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        client, _ = listener.accept()
        message, streams, _, _ = socket.recv_fds(client, most, 3)
        environment = json.loads(message)["environment"]
        folder = environment["AZURE_CONFIG_DIR"]
        if folder not in folders:
            folders[folder] = start_folder(environment, [client.fileno(), *streams])
        socket.send_fds(folders[folder], [message], [client.fileno(), *streams])
        client.close()
        for stream in streams:
            os.close(stream)


path = socket_of_this_place(sys.argv[1])
kept = sys.argv[2]
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
    listener.bind(path)
    listener.listen(16)
    print("ready", flush=True)
    serve(listener)

"""How these programs reach the server: their settings come in POSTERN_TEST_…, the authority's certificate among them.

A scenario is written once and driven with both kinds of client: `ask` waits for whatever a method gives, an answer, a
coroutine, a poller or pages, and notes that the method was called.
"""

import asyncio
import inspect
import os
import socket
import sys

# Where it is installed, aiohttp resolves names with it, and past what is set below.
sys.modules["aiodns"] = None

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.core.paging import ItemPaged
from azure.core.polling import LROPoller

VAULT = os.environ["POSTERN_TEST_VAULT"]
FROM = os.environ["POSTERN_TEST_FROM"]
TRANSPORT = {"connection_verify": os.environ["POSTERN_TEST_CA"]}
POLLING = {"_polling_interval": 0.1}

_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _connect_from(self, address):
    if self.family == socket.AF_INET:
        self.bind((FROM, 0))
    return _connect(self, address)


def _loopback(host, *rest, **options):
    """`*.localhost` is loopback (RFC 6761 section 6.3), which not every resolver knows."""
    return _getaddrinfo("127.0.0.1" if str(host).endswith("localhost") else host, *rest, **options)


socket.socket.connect = _connect_from
socket.getaddrinfo = _loopback


def new_credential(kind):
    return kind(
        os.environ["POSTERN_TEST_TENANT"],
        os.environ["POSTERN_TEST_CLIENT"],
        os.environ["POSTERN_TEST_SECRET"],
        authority=os.environ["POSTERN_TEST_AUTHORITY"],
        disable_instance_discovery=True,
        **TRANSPORT,
    )


_asked = set()


async def ask(client, method, *given, **options):
    """Calls a method, by its name without the `begin_` that only the synchronous clients have, and waits for its end."""
    kind = client if inspect.isclass(client) else type(client)
    _asked.add((kind, method))
    does = getattr(client, method, None) or getattr(client, "begin_" + method)
    answer = does(*given, **options)
    if inspect.isawaitable(answer):
        answer = await answer
    if isinstance(answer, LROPoller):
        # Its result alone is there before the operation has ended.
        answer.wait()
        return answer.result()
    if isinstance(answer, ItemPaged):
        return list(answer)
    return [item async for item in answer] if hasattr(answer, "__aiter__") else answer


async def ask_when_free(client, method, *given):
    """Tries for some seconds while the name of what was purged is taken: there is nothing to poll for, on Azure neither."""
    for _ in range(100):
        try:
            return await ask(client, method, *given)
        except ResourceExistsError:
            await asyncio.sleep(0.1)
    return await ask(client, method, *given)


async def refused(status, text, client, method, *given, **options):
    try:
        await ask(client, method, *given, **options)
    except HttpResponseError as error:
        assert error.status_code == status, error
        assert text in error.message, error.message
    else:
        raise AssertionError(f"{method} was not refused")


def every_method_was_asked(kind):
    """Fails for a public method of a client that no step has called."""
    methods = {
        name.removeprefix("begin_")
        for name, member in inspect.getmembers(kind, callable)
        if not name.startswith("_")
    }
    asked = {method for by, method in _asked if by is kind}
    assert methods <= asked, f"{kind.__name__}: no step for {sorted(methods - asked)}"

"""`python -m bench.bare_append CONNECTION`: appends to the log without an app around them.

The same rows in the same bytes, sent with nothing but an HTTP client and the signature that the
service asks for: what a request over 100 keys costs at least. Prints ms of CPU of this process for
each append.
"""

import asyncio
import base64
import hashlib
import hmac
import re
import sys
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Final
from urllib.parse import urlsplit

import aiohttp

from bench.work import Work
from store.ports.records import Answered, Entry, Head, new_mark
from store.tables import rows
from store.tables.requests import creation, insert, replace, transaction
from todos import TODOS

TABLE: Final = "bare"
KEYS: Final = 100
CLIENTS: Final = 32
APPENDS: Final = 600
WARM_UP: Final = 200
ETAG: Final = re.compile(rb"ETag: (\S+)", re.IGNORECASE)


@dataclass(slots=True)
class Account:
    """Where the table is, and who may write to it."""

    session: aiohttp.ClientSession
    name: str
    key: bytes
    address: str
    heads: dict[str, Head] = field(default_factory=dict)

    async def append(self, key: str, answered: Answered) -> None:
        """Append an entry to a key whose calls come one after the other."""
        head = self.heads.get(key)
        place = answered.entry.place
        first = rows.head_row(key, Head(place, str(place), None))
        written = [
            insert(first) if head is None or head.version is None else replace(first, head.version),
            insert(rows.answered_row(key, answered)),
            insert(rows.entry_row(key, answered.entry, new_mark())),
        ]
        request = transaction(self.address, TABLE, written)
        answer = await self._send(request.url, dict(request.headers), request.content)
        found = ETAG.search(answer)
        assert found is not None, answer
        self.heads[key] = Head(place, None, found[1].decode())

    async def create(self) -> None:
        """Make the table."""
        request = creation(self.address, TABLE)
        await self._send(request.url, dict(request.headers), request.content)

    async def _send(self, url: str, headers: dict[str, str], content: bytes) -> bytes:
        date = formatdate(usegmt=True)
        signed = f"{date}\n/{self.name}{urlsplit(url).path}".encode()
        mark = base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()
        headers |= {"x-ms-date": date, "Authorization": f"SharedKeyLite {self.name}:{mark}"}
        async with self.session.post(url, data=content, headers=headers) as answer:
            assert answer.status in (201, 202, 204), await answer.text()
            return await answer.read()


def _answered(work: Work, key: str, place: int) -> Answered:
    request = work.request(int(key))
    output = f'{{"title":"{place}"}}'
    return Answered(Entry(place, request.id, 1, output, refused=False), request.payload)


async def _load(account: Account, work: Work, first: int, count: int) -> None:
    """Append so many to keys in turn; a key's next append follows the answer to its last."""
    line = iter(range(first, first + count))
    locks = [asyncio.Lock() for _ in range(KEYS)]

    async def one() -> None:
        for number in line:
            key, place = number % KEYS, number // KEYS + 1
            async with locks[key]:
                await account.append(str(key), _answered(work, str(key), place))

    await asyncio.gather(*(one() for _ in range(CLIENTS)))


async def _main(connection: str) -> None:
    parts = dict(each.split("=", 1) for each in connection.rstrip(";").split(";"))
    async with aiohttp.ClientSession() as session:
        key = base64.b64decode(parts["AccountKey"])
        account = Account(session, parts["AccountName"], key, parts["TableEndpoint"])
        await account.create()
        work = Work(TODOS)
        await _load(account, work, 0, WARM_UP)
        began = time.process_time()
        await _load(account, work, WARM_UP, APPENDS)
        print((time.process_time() - began) / APPENDS * 1e3)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))

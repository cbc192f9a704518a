"""A bot with `bottom`: the bare protocol. It knows no SASL, so it logs in with PASS."""

import asyncio
import collections
import ssl

import bottom
from settings import AGAIN_AFTER, ASKS, HOST, ROOM, given


async def main():
    settings = given()
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(cafile=settings.certificate)
    client = bottom.Client(HOST, settings.port, ssl=context)
    if bottom.__version__.startswith("2."):
        # The last one for Python 3.11 makes its events as Python 3.9 did.
        client._events = collections.defaultdict(asyncio.Event)

    async def send(command, **words):
        sent = client.send(command, **words)
        if sent is not None:  # a coroutine from version 3 on
            await sent

    async def connected(**_):
        await send("pass", password=f"{settings.nick}:{settings.password}")
        await send("nick", nick=settings.nick)
        await send("user", user=settings.nick, nick=settings.nick, realname=settings.nick)

    async def welcomed(**_):
        await send("join", channel=ROOM)

    async def pinged(message, **_):
        await send("pong", message=message)

    async def said(nick, target, message, **_):
        if message.startswith(ASKS) and nick != settings.nick:
            place = target if target.startswith("#") else nick
            await send("privmsg", target=place, message=message.removeprefix(ASKS))

    async def disconnected(**_):
        while True:
            await asyncio.sleep(AGAIN_AFTER)
            try:
                return await client.connect()
            except OSError:
                pass

    client.on("client_connect", connected)
    client.on("client_disconnect", disconnected)
    client.on("rpl_welcome", welcomed)
    client.on("ping", pinged)
    client.on("privmsg", said)
    await client.connect()
    await loop.create_future()


asyncio.run(main())

"""A bot with `pydle`: it asks for all IRCv3 extensions that it knows; SASL PLAIN."""

import asyncio
import contextlib
import os

import pydle
from settings import AGAIN_AFTER, ASKS, HOST, ROOM, given


class Bot(pydle.Client):
    # By itself it gives up when nobody listens.
    RECONNECT_ON_ERROR = False

    async def on_disconnect(self, expected):
        await super().on_disconnect(expected)
        while not self.connected:
            await asyncio.sleep(AGAIN_AFTER)
            with contextlib.suppress(OSError):
                await self.connect(reconnect=True)

    async def on_connect(self):
        await super().on_connect()
        await self.join(ROOM)

    async def on_message(self, target, source, message):
        if message.startswith(ASKS) and not self.is_same_nick(source, self.nickname):
            place = target if self.is_channel(target) else source
            await self.message(place, message.removeprefix(ASKS))


def main():
    settings = given()
    # It looks for authorities where OpenSSL does.
    os.environ["SSL_CERT_FILE"] = settings.certificate
    bot = Bot(
        settings.nick,
        sasl_username=settings.nick,
        sasl_password=settings.password,
        sasl_identity=settings.nick,
    )
    bot.run(HOST, settings.port, tls=True, tls_verify=True)


main()

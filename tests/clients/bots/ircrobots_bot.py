"""A bot with `ircrobots`: SASL SCRAM-SHA-256, labelled responses."""

import asyncio
import os

from ircrobots import SASLSCRAM, ConnectionParams
from ircrobots import Bot as BaseBot
from ircrobots import Server as BaseServer
from ircrobots.security import TLSVerifyChain
from irctokens import build
from settings import AGAIN_AFTER, ASKS, HOST, ROOM, given


class Server(BaseServer):
    async def line_read(self, line):
        if line.command != "PRIVMSG" or not line.params[1].startswith(ASKS):
            return
        if line.hostmask.nickname != self.nickname:
            place = line.params[0] if line.params[0].startswith("#") else line.hostmask.nickname
            await self.send(build("PRIVMSG", [place, line.params[1].removeprefix(ASKS)]))


class Bot(BaseBot):
    def create_server(self, name):
        return Server(self, name)


async def main():
    settings = given()
    os.environ["SSL_CERT_FILE"] = settings.certificate
    bot = Bot()
    params = ConnectionParams(
        settings.nick,
        HOST,
        settings.port,
        TLSVerifyChain(),
        sasl=SASLSCRAM(settings.nick, settings.password),
        autojoin=[ROOM],
        reconnect=AGAIN_AFTER,
    )
    await bot.add_server("hub", params)
    await bot.run()


asyncio.run(main())

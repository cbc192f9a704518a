"""A bot with `irc`: SASL PLAIN, its own backoff."""

import functools
import ssl

import irc.bot
import irc.connection
from settings import AGAIN_AFTER, ASKS, HOST, ROOM, given


class Bot(irc.bot.SingleServerIRCBot):
    def on_welcome(self, connection, event):
        connection.join(ROOM)

    def on_pubmsg(self, connection, event):
        self.answer(connection, event.target, event.arguments[0])

    def on_privmsg(self, connection, event):
        self.answer(connection, event.source.nick, event.arguments[0])

    def answer(self, connection, target, text):
        if text.startswith(ASKS):
            connection.privmsg(target, text.removeprefix(ASKS))


def main():
    settings = given()
    context = ssl.create_default_context(cafile=settings.certificate)
    secure = functools.partial(context.wrap_socket, server_hostname=HOST)
    Bot(
        [(HOST, settings.port, settings.password)],
        settings.nick,
        settings.nick,
        recon=irc.bot.ExponentialBackoff(min_interval=AGAIN_AFTER, max_interval=AGAIN_AFTER),
        connect_factory=irc.connection.Factory(wrapper=secure),
        sasl_login=settings.nick,
    ).start()


main()

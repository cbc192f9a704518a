"""Sopel with its configuration file and a plugin: SASL PLAIN."""

import time
from pathlib import Path

from settings import AGAIN_AFTER, HOST, ROOM, given
from sopel.bot import Sopel
from sopel.config import Config

CONFIGURATION = """
[core]
nick = {nick}
user = {nick}
owner = nobody
host = {host}
port = {port}
use_ssl = true
verify_ssl = true
ca_certs = {certificate}
auth_method = sasl
auth_username = {nick}
auth_password = {password}
auth_target = PLAIN
channels = "{room}"
prefix = !
homedir = {home}
extra = {plugins}
enable = echoing
reply_errors = false
"""


def main():
    settings = given()
    file = Path(settings.home, "sopel.cfg")
    file.write_text(
        CONFIGURATION.format(
            **vars(settings), host=HOST, room=ROOM, plugins=Path(__file__).parent / "plugins"
        )
    )
    # Its own command waits for 20 seconds, and ends when nobody listens: a service manager's part.
    while True:
        bot = Sopel(Config(str(file)))
        bot.setup()
        bot.run(HOST, settings.port)
        time.sleep(AGAIN_AFTER)


main()

"""Limnoria, as it is started by everyone: its own program on a registry file; SASL PLAIN."""

import os
import sys
from pathlib import Path

from settings import AGAIN_AFTER, HOST, ROOM, given

REGISTRY = """
supybot.nick: {nick}
supybot.ident: {nick}
supybot.networks: hub
supybot.networks.hub.servers: {host}:{port}
supybot.networks.hub.channels: {room}
supybot.networks.hub.ssl: True
supybot.networks.hub.ssl.authorityCertificate: {certificate}
supybot.networks.hub.sasl.username: {nick}
supybot.networks.hub.sasl.password: {password}
supybot.networks.hub.sasl.required: True
supybot.protocols.ssl.verifyCertificates: True
supybot.drivers.minReconnectWait: {wait}
supybot.drivers.maxReconnectWait: {wait}
supybot.reply.whenAddressedBy.chars: !
supybot.plugins: Utilities
supybot.plugins.Utilities: True
supybot.protocols.irc.throttleTime: 0.0
supybot.log.level: DEBUG
supybot.log.stdout: True
supybot.directories.data: {home}/data
supybot.directories.conf: {home}/conf
supybot.directories.backup: {home}/backup
supybot.directories.log: {home}/logs
supybot.directories.plugins: {home}/plugins
"""


def main():
    settings = given()
    file = Path(settings.home, "hub.conf")
    file.write_text(
        REGISTRY.format(**vars(settings), host=HOST, room=ROOM, wait=f"{AGAIN_AFTER}.0")
    )
    os.chdir(settings.home)
    limnoria = Path(sys.executable).with_name("limnoria")
    os.execv(limnoria, ["limnoria", "--allow-root", str(file)])


main()

// What every script here is told on its command line; see ../bots/settings.py for what a bot has to do.
"use strict";

const [port, nick, password, certificate, home, ...rest] = process.argv.slice(2);

module.exports = {
	host: "127.0.0.1",
	room: "#bots",
	asks: "!echo ",
	port: Number(port),
	nick,
	password,
	certificate,
	home,
	rest,
};

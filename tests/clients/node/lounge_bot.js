// The Lounge, its own server, with this script in the place of the page: it says what the page shows, one
// JSON object a line, and answers as a bot does.
"use strict";

const {io} = require("socket.io-client");
const {host, room, asks, port, nick, password, home, rest} = require("./settings");

const [pagePort] = rest;

// In this process, so that both end together. It reads its command line and its environment.
process.env.THELOUNGE_HOME = home;
const options = ["public=true", `host=${host}`, `port=${pagePort}`];
process.argv = [...process.argv.slice(0, 2), "start", ...options.flatMap((one) => ["-c", one])];
require("thelounge");

const page = io(`http://${host}:${pagePort}`, {reconnectionDelay: 100, reconnectionDelayMax: 100});
const names = new Map();
let arrived = false;

page.on("init", () => {
	if (arrived) {
		return;
	}
	arrived = true;
	page.emit("network:new", {
		name: "Hubbub",
		host,
		port: String(port),
		tls: "on",
		rejectUnauthorized: "on",
		nick,
		username: nick,
		realname: nick,
		sasl: "plain",
		saslAccount: nick,
		saslPassword: password,
		join: room,
	});
});

const learn = (channel) => names.set(channel.id, channel.name);
page.on("network", ({network, networks}) =>
	(networks || [network]).forEach((one) => one.channels.forEach(learn))
);
page.on("join", ({chan}) => learn(chan));

page.on("msg", ({chan, msg}) => {
	const shown = {place: names.get(chan), type: msg.type, from: msg.from?.nick, text: msg.text};
	console.log(JSON.stringify({...shown, time: msg.time, self: msg.self}));
	if (msg.type === "message" && !msg.self && msg.text.startsWith(asks)) {
		page.emit("input", {target: chan, text: msg.text.slice(asks.length)});
	}
});

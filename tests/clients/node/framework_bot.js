// A bot with irc-framework over a WebSocket, as web pages use it. Its certificate authority comes in
// NODE_EXTRA_CA_CERTS. The last argument is the subprotocol.
"use strict";

const {Client} = require("irc-framework");
const WebSocketTransport = require("irc-framework/src/transports/websocket");
const {host, room, asks, port, nick, password, rest} = require("./settings");

const [subprotocol] = rest;

// It takes text only; the other subprotocol has the same bytes in binary frames.
class BinaryTransport extends WebSocketTransport {
	connect() {
		super.connect();
		this.socket.binaryType = "arraybuffer";
	}

	onSocketMessage(data) {
		if (typeof data === "string") {
			throw new Error("a text frame under binary.ircv3.net");
		}
		super.onSocketMessage(new TextDecoder().decode(data));
	}

	writeLine(line, cb) {
		super.writeLine(new TextEncoder().encode(line), cb);
	}
}

const client = new Client({
	transport: subprotocol.startsWith("binary") ? BinaryTransport : WebSocketTransport,
	websocket_protocol: subprotocol,
	host,
	port,
	tls: true,
	nick,
	username: nick,
	gecos: nick,
	account: {account: nick, password},
	enable_echomessage: true,
	enable_chghost: true,
	enable_setname: true,
	auto_reconnect_max_retries: 30,
	auto_reconnect_max_wait: 1000,
});

client.on("registered", () => client.join(room));
client.on("privmsg", (event) => {
	if (event.message.startsWith(asks) && event.nick !== client.user.nick) {
		client.say(
			event.target.startsWith("#") ? event.target : event.nick,
			event.message.slice(asks.length)
		);
	}
});
client.on("debug", (text) => console.error(text));
client.connect();

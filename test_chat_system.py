"""Hubbub's documented features, as stories: a real server, real clients, each a process of its own.

Run them with `python -m unittest test_chat_system.py`; any Python 3.11 or newer will do.
"""
# ruff: noqa: E402, PT009 - imports may need what is set up first; unittest explains only its own assertions.

import bootstrap

bootstrap.enter()

import signal
import socket
import sys
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path

from tests.stage import Person, Program, Server, environment

needs_terminal = unittest.skipIf(sys.platform == "win32", "it takes a pseudo-terminal")


class Story(unittest.TestCase):
    """A test with a home directory of its own and people who leave when it is over."""

    def setUp(self) -> None:
        self.home = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="hubbub-")))
        self.stage = self.enterContext(ExitStack())

    def a_server(self, *options: str, terminal: bool = False) -> Server:
        """A server that accepts connections; without a terminal it has no console."""
        return a_server(self.stage, self.home, *options, terminal=terminal)

    def comes(
        self, server: Server, name: str, *options: str, terminal: bool = False, home: str = ""
    ) -> Person:
        """Somebody starts the client, which may take a moment. `home`: another device than the others'."""
        person = Person(name, server.address, self.home / home, *options, terminal=terminal)
        self.stage.callback(person.close)
        return person

    def enter(self, server: Server, *names: str, terminal: bool = False) -> list[Person]:
        """These people are in the lobby and have read its history. They come all at once."""
        people = [self.comes(server, name, terminal=terminal) for name in names]
        for person in people:
            person.settles()
        return people

    def assert_never_shown(self, text: str, *people: Program) -> None:
        for person in people:
            self.assertNotIn(text, person.out + person.err, f"{person.name} was shown it")


def a_server(stage: ExitStack, home: Path, *options: str, terminal: bool = False) -> Server:
    server = Server(home, *options)
    stage.callback(server.close)
    return server.start(terminal=terminal)


class TalkingTests(Story):
    """What people do with each other. Alice, Bob and Carol stay for all of these tests."""

    server: Server
    alice: Person
    bob: Person
    carol: Person

    @classmethod
    def setUpClass(cls) -> None:
        home = Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="hubbub-")))
        stage = cls.enterClassContext(ExitStack())
        cls.server = a_server(stage, home)
        people = [Person(name, cls.server.address, home) for name in ("alice", "bob", "carol")]
        for person in people:
            stage.callback(person.close)
        for person in people:
            person.settles()
        cls.alice, cls.bob, cls.carol = people

    def test_several_people_talk_in_one_room(self) -> None:
        self.alice.says("good morning")
        self.bob.sees("<alice> good morning")
        self.bob.says("hello alice")
        self.carol.sees("<bob> hello alice")
        self.carol.says("/me waves to both — 你好 👋")

        conversation = [
            "<alice> good morning",
            "<bob> hello alice",
            "* carol waves to both — 你好 👋",
        ]
        for person in (self.alice, self.bob, self.carol):
            person.sees(conversation[-1])
            said = [line.split(" ", 1)[1] for line in person.out.splitlines()]
            seen = [line for line in said if line in conversation]
            self.assertEqual(seen, conversation, f"what {person.name} saw, on standard output")

    def test_a_whisper_is_for_one_person(self) -> None:
        self.alice.says("/whisper bob the cake is for carol")
        self.bob.sees("[whisper from alice] the cake is for carol")
        self.alice.sees("[whisper to bob] the cake is for carol")
        self.bob.says("/whisper alice she knows nothing")
        self.alice.sees("[whisper from bob] she knows nothing")

        # Lines keep their order: had the whispers gone to carol, they would be there by now.
        self.bob.says("nice weather")
        self.carol.sees("<bob> nice weather")
        self.assert_never_shown("cake", self.carol)
        self.assert_never_shown("knows nothing", self.carol)

        # Nor are they in the history that somebody gets who comes later.
        (dave,) = self.enter(self.server, "dave")
        dave.sees("<bob> nice weather")
        dave.says("/history")
        dave.sees("nothing older is known of #lobby")
        self.assert_never_shown("cake", dave)

    def test_a_whisper_to_nobody_is_refused_with_its_text(self) -> None:
        self.alice.says("/whisper nobody are you there?")
        self.alice.sees("nobody is not here — not said: are you there?")

    def test_who_comes_and_goes_is_told(self) -> None:
        erin, frank = self.enter(self.server, "erin", "frank")
        self.alice.sees("erin joined #lobby", "frank joined #lobby")

        frank.says("/nick francis")
        self.alice.sees("frank is now called francis")
        frank.says("/leave #lobby too loud")
        self.alice.sees("francis left #lobby: too loud")
        frank.says("/join #lobby")
        self.alice.sees("francis joined #lobby")

        erin.says("/quit off to lunch")
        self.alice.sees("erin left: Quit: off to lunch")
        self.assertEqual(erin.ends(), 0)
        frank.signal(signal.SIGKILL)
        self.alice.sees("francis left")

    def test_users_lists_who_is_here(self) -> None:
        self.carol.says("/join #trio")
        self.carol.settles("#trio")
        for person in (self.alice, self.bob):
            person.says("/join #trio")
            self.carol.sees(f"{person.name} joined #trio")
        self.carol.says("/users")
        self.carol.sees("#trio has 3: @carol, alice, bob")
        for person in (self.alice, self.bob, self.carol):
            person.says("/join #lobby")
            person.settles("#lobby")

    def test_rooms_keep_what_is_said_apart(self) -> None:
        self.alice.says("/join #garden", "the roses are out")
        self.alice.sees("<alice> the roses are out")
        self.bob.says("/rooms")
        self.bob.sees("#garden (1)")
        self.assert_never_shown("roses", self.bob)
        self.bob.says("/join #garden")
        self.bob.sees("<alice> the roses are out")
        for person in (self.alice, self.bob):
            person.says("/leave")
            person.sees("you left #garden")

    def test_help_tells_what_can_be_typed(self) -> None:
        self.bob.says("/help")
        for usage in ("/whisper <username> <message>", "/users", "/help", "/join <room>", "/quit"):
            self.bob.sees(usage)
        self.bob.says("/help whisper", "/wisper bob hi", "/whisper bob")
        self.bob.sees("/whisper <username> <message> — say something to one person only")
        self.bob.sees("there is no command /wisper; did you mean /whisper?")
        self.bob.sees("usage: /whisper <username> <message>")


class NameTests(Story):
    """A name belongs to one person at a time."""

    def test_a_taken_name_is_refused_with_another_offered(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")

        second = self.comes(server, "Alice", home="elsewhere")
        self.assertEqual(second.ends(), 3, "the exit status for a refused name")
        second.sees("the name Alice can't be had")
        second.sees("--name gives another one, Alice2 for instance")

        alice.says("still me")
        alice.sees("<alice> still me")
        self.assert_never_shown("Alice joined", alice)

    @needs_terminal
    def test_in_a_terminal_another_name_is_asked_for(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")
        second = self.comes(server, "alice", terminal=True, home="elsewhere")
        second.sees("the name alice can't be had")
        second.sees("type another name")
        second.says("alicia")
        second.sees("welcome, alicia")
        alice.sees("alicia joined #lobby")

    @needs_terminal
    def test_who_gives_no_name_is_asked_for_one(self) -> None:
        server = self.a_server()
        somebody = self.comes(server, "", terminal=True)
        somebody.sees("Your name:")
        somebody.says("two words")
        somebody.sees("can't contain a space")
        somebody.says("zoe")
        somebody.sees("welcome, zoe", "you joined #lobby")

    def test_a_name_is_kept_for_the_device_that_lost_its_connection(self) -> None:
        server = self.a_server()
        alice, bob = self.enter(server, "alice", "bob")
        bob.signal(signal.SIGKILL)
        alice.sees("bob left")
        thief = self.comes(server, "bob", home="elsewhere")
        self.assertEqual(thief.ends(), 3)
        again = self.comes(server, "bob")
        again.sees("welcome, bob")


class TerminalTests(Story):
    """What is different where somebody sits at a screen, or nobody at all."""

    @needs_terminal
    def test_an_arriving_line_does_not_tear_the_one_being_typed(self) -> None:
        server = self.a_server()
        (bob,) = self.enter(server, "bob")
        (alice,) = self.enter(server, "alice", terminal=True)
        bob.sees("alice joined #lobby")

        alice.types("this sentence was ")
        alice.sees("this sentence was")
        bob.says("let me interrupt")
        alice.sees("<bob> let me interrupt")
        alice.says("not interrupted")
        bob.sees("<alice> this sentence was not interrupted")

        alice.types("/wh\t")  # Tab completes
        alice.sees("isper")
        alice.says("bob in your ear")
        bob.sees("[whisper from alice] in your ear")
        alice.says("/quit bye")
        bob.sees("alice left: Quit: bye")
        self.assertEqual(alice.ends(), 0)

    def test_lines_from_a_pipe_are_said_and_then_it_ends(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")
        bot = self.comes(server, "bot")
        bot.says("the build is green", "details follow")
        bot.closes_input()
        self.assertEqual(bot.ends(), 0)
        alice.sees("<bot> the build is green", "<bot> details follow")
        self.assertEqual(
            [line.split(" ", 1)[1] for line in bot.out.splitlines()],
            ["<bot> the build is green", "<bot> details follow"],
        )

    def test_without_a_server_the_client_says_so(self) -> None:
        server = Server(self.home)  # which nobody has started
        alice = self.comes(server, "alice")
        self.assertEqual(alice.ends(), 1)
        alice.sees(f"nothing listens at {server.address}; is the server running?")


class OperatorTests(Story):
    """What the one who runs the server does and sees."""

    @needs_terminal
    def test_kick_typed_in_the_console(self) -> None:
        server = self.a_server(terminal=True)
        alice, bob = self.enter(server, "alice", "bob")
        console = server.run

        console.types("/users\r")
        console.sees("alice  ~alice@localhost  #lobby", "bob  ~bob@localhost  #lobby")
        console.types("/kick bob flooding the room\r")
        console.sees("bob was kicked.")
        alice.sees("bob left: Kicked: flooding the room")
        bob.sees("disconnected", "Kicked: flooding the room")
        self.assertEqual(bob.ends(), 4, "the exit status for somebody who was put out")

        console.types("/kick bob again\r/kik\r/help\r")
        console.sees("! bob:", "did you mean kick?", "kick <user> [reason]")
        console.types("/say tea is ready\r")
        alice.sees("tea is ready")

        console.types("/quit\r")
        alice.sees("The server is shutting down")
        self.assertEqual(console.ends(), 0)

    def test_kick_without_a_terminal(self) -> None:
        server = self.a_server()
        alice, bob = self.enter(server, "alice", "bob")
        words = ["admin", "--data", str(server.data), "kick", "bob", "please", "stop"]
        command = [sys.executable, "-m", "hubbub.cli", *words]
        admin = Program("hubbub admin kick", command, environment(self.home))
        self.stage.callback(admin.close)
        self.assertEqual(admin.ends(), 0)
        admin.sees("bob was kicked.")
        alice.sees("bob left: Kicked: please stop")
        bob.sees("Kicked: please stop")
        self.assertEqual(bob.ends(), 4)

    def test_debug_mode_shows_every_line_and_no_secret(self) -> None:
        server = self.a_server("-d")
        secret = self.home / "secret"
        secret.write_text("correct-horse-battery\n")
        alice = self.comes(server, "alice", "-d", "--password-file", str(secret))
        alice.sees("you joined #lobby")
        alice.says("hello everyone")
        alice.sees("<alice> hello everyone")

        alice.sees("-> NICK alice", "<- @", " 001 alice ")
        alice.sees("-> PASS ***", "-> DEVICE ***")
        log = server.run
        log.sees(" <- ", "NICK alice", " ** Open(", " == ", "PRIVMSG #lobby", "hello everyone")
        log.sees("PASS ***", "DEVICE ***")
        log.sees(" -> ", " 001 alice :Welcome to")

        (token,) = [path.read_text() for path in self.home.rglob("devices/*.token")]
        for kept in ("correct-horse-battery", token):
            self.assert_never_shown(kept, alice, log)

    def test_a_normal_log_holds_no_message(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")
        alice.says("my secret plan", "/quit")
        self.assertEqual(alice.ends(), 0)
        server.run.sees("alice joined from 127.0.0.1", "Quit")
        self.assert_never_shown("secret plan", server.run)

    def test_a_second_server_on_the_same_data_is_refused(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")
        second = Server(self.home)
        self.stage.callback(second.close)
        self.assertEqual(second.launch().ends(), 1)
        second.run.sees(str(server.data), "another")
        alice.says("this one goes on")
        alice.sees("<alice> this one goes on")


class LastingTests(Story):
    """What stays when a server doesn't."""

    def test_history_outlives_a_restart(self) -> None:
        server = self.a_server()
        alice, bob = self.enter(server, "alice", "bob")
        alice.says("written before the restart")
        bob.sees("<alice> written before the restart")
        alice.says("/quit")
        bob.says("/quit")
        self.assertEqual((alice.ends(), bob.ends(), server.stop()), (0, 0, 0))

        server.start()
        (carol,) = self.enter(server, "carol")
        carol.sees("<alice> written before the restart")
        carol.says("/history")
        carol.sees("nothing older is known of #lobby")
        self.assertEqual(carol.shown("written before the restart"), 1)

    def test_a_tidy_shutdown_tells_everyone(self) -> None:
        server = self.a_server()
        alice, bob = everyone = self.enter(server, "alice", "bob")
        alice.says("last words")
        bob.sees("<alice> last words")
        self.assertEqual(server.stop(), 0)
        server.run.sees("stopped; everything that was shown is stored")
        for person in everyone:
            person.sees("The server is shutting down", "disconnected")
            self.assertTrue(person.is_running(), "it tries to come back")
        alice.says("/quit")
        self.assertEqual(alice.ends(), 0, "one may go although there is no server")

    def test_clients_survive_a_crash_and_lose_nothing(self) -> None:
        server = self.a_server()
        alice, bob = self.enter(server, "alice", "bob")
        (carol,) = self.enter(server, "carol", terminal=self.has_terminals)
        alice.says("before the crash")
        for person in (alice, bob, carol):
            person.sees("<alice> before the crash")

        server.crash()
        for person in (alice, bob, carol):
            person.sees("trying again in")
        alice.says("typed into the void")
        carol.says("so was this")
        server.start()

        for person in (alice, bob, carol):
            person.sees("back, as", "<alice> typed into the void", "<carol> so was this")
        bob.says("welcome back")
        for person in (alice, bob, carol):
            person.sees("<bob> welcome back")
        for person in (alice, bob):
            for text in ("before the crash", "typed into the void", "so was this", "welcome back"):
                self.assertEqual(person.shown(f"> {text}"), 1, f"{person.name}: {text!r}")
            # Nobody was away in the others' eyes for longer than the server was.
            self.assertEqual(person.shown("disconnected"), 1)

        (dave,) = self.enter(server, "dave")
        dave.sees("<bob> welcome back")
        for text in ("before the crash", "typed into the void", "so was this", "welcome back"):
            self.assertEqual(dave.shown(f"> {text}"), 1, f"in the history: {text!r}")

    has_terminals = sys.platform != "win32"


class OtherClientTests(Story):
    """The port is plain IRC for those who speak it."""

    def test_a_person_with_nothing_but_a_socket(self) -> None:
        server = self.a_server()
        (alice,) = self.enter(server, "alice")
        alice.says("anybody there?")
        alice.sees("<alice> anybody there?")
        wire = self.enterContext(socket.create_connection(("127.0.0.1", server.port), 30))
        lines = self.enterContext(wire.makefile(encoding="utf-8", newline=""))

        def sends(*lines: str) -> None:
            wire.sendall("".join(f"{line}\r\n" for line in lines).encode())

        def hears(text: str) -> list[str]:
            heard = [""]
            while text not in heard[-1]:
                heard.append(lines.readline())
                self.assertTrue(heard[-1], "the server hung up")
            return heard

        sends("NICK telnet", "USER t 0 * t")
        history = hears("anybody there?")[-1]
        self.assertRegex(history, r"^:alice!\S+ PRIVMSG #lobby :\[\d\d:\d\d\] anybody there\?")
        alice.sees("telnet joined #lobby")

        # Many programs join the rooms that they know, the lobby too: history doesn't come again.
        sends("JOIN #lobby", "PRIVMSG #lobby :yes", "PING end")
        self.assertNotIn("anybody there?", "".join(hears("PONG")))
        alice.sees("<telnet> yes")
        sends("QUIT")
        alice.sees("telnet left")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Runs parley-peer as its users do: test.py PATH-OF-PARLEY-PEER. Real sockets, on loopback alone."""

import hashlib
import json
import os
import pathlib
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PEER = ""
PATIENCE = 60  # a sanitizer on a busy machine


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until_it_listens(port):
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Peer:
    """A running parley-peer, and the lines that it prints."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen([PEER, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.output = []
        self.errors = []
        self.readers = [threading.Thread(target=self._read, daemon=True),
                        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def expect(self, text):
        """The next line with that text in it."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if line is None:
                raise AssertionError(f"ended without {text!r}: {self.output} {self.errors}")
            self.output.append(line)
            if text in line:
                return line

    def type(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def tell(self, message):
        self.type(json.dumps(message))

    def code(self):
        code = self.process.wait(timeout=PATIENCE)
        for reader in self.readers:
            reader.join(timeout=PATIENCE)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        for reader in self.readers:
            reader.join(timeout=PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass


class PeerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="parley-peer-test.")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.port = free_port()

    def start(self, *arguments):
        peer = Peer(*arguments)
        self.addCleanup(peer.kill)
        return peer

    def room(self, *arguments):
        return self.start("--room", "test", "--port", self.port, *arguments)

    def pair(self, first=(), second=()):
        a = self.room(*first)
        a.expect("Waiting")
        return a, self.room(*second)

    def file(self, size, name="some file.bin"):
        path = self.folder / name
        path.write_bytes(os.urandom(size))
        return path

    def assertOneLine(self, peer, text, code=1):
        self.assertEqual(peer.code(), code, peer.errors)
        self.assertEqual(len(peer.errors), 1, peer.errors)
        self.assertIn(text, peer.errors[0])

    def test_a_file_arrives_whole_and_both_exit_with_0(self):
        for size in (0, 1, 65536, 5_000_001):
            for sender_first in (False, True):
                with self.subTest(size=size, sender_first=sender_first):
                    path = self.file(size)
                    target = self.folder / f"{size} {sender_first}"
                    target.mkdir()
                    sides = (("--send", path), ("--receive", target))
                    peers = self.pair(*(sides if sender_first else sides[::-1]))
                    for peer in peers:
                        self.assertEqual(peer.code(), 0, peer.errors)
                    self.assertEqual([p.name for p in target.iterdir()], [path.name])
                    self.assertEqual((target / path.name).read_bytes(), path.read_bytes())

    def test_an_existing_file_is_kept(self):
        path = self.file(1000, "a.txt")
        target = self.folder / "target"
        target.mkdir()
        (target / "a.txt").write_text("mine")
        for peer in self.pair(("--receive", target), ("--send", path)):
            self.assertEqual(peer.code(), 0, peer.errors)
        self.assertEqual((target / "a.txt").read_text(), "mine")
        self.assertEqual((target / "a (1).txt").read_bytes(), path.read_bytes())

    def test_lines_files_statistics_and_the_end(self):
        path = self.file(300_000)
        (self.folder / "in").mkdir()
        a, b = self.pair(("--into", self.folder / "in"))
        for peer in (a, b):
            peer.expect("Connected.")
        a.type("hello, Bob")
        self.assertEqual(b.expect("hello"), "< hello, Bob")
        b.type("Grüße\x1b[2J")
        self.assertEqual(a.expect("Grüße"), "< Grüße [2J")
        b.type("/send " + str(path))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        b.expect(f"SHA-256 {digest} confirmed")
        a.expect(f"SHA-256 {digest} agrees")
        b.type("/send /no/such/file")
        b.expect("cannot read /no/such/file")
        a.type("/stats")
        a.expect("path: ")
        b.type("the last line")
        b.type("/quit")
        a.expect("< the last line")
        a.expect("has left")
        self.assertEqual((a.code(), b.code()), (0, 0))

    def test_peers_meet_on_a_server_elsewhere(self):
        host = self.room()
        host.expect("Waiting")
        path = self.file(100_000)
        target = self.folder / "target"
        target.mkdir()
        server = ("--room", "another", "--server", f"ws://localhost:{self.port}")
        receiver = self.start(*server, "--receive", target)
        receiver.expect("Waiting")
        sender = self.start(*server, "--send", path)
        for peer in (receiver, sender):
            self.assertEqual(peer.code(), 0, peer.errors)
        self.assertEqual((target / path.name).read_bytes(), path.read_bytes())

    def path(self, *options, first=(), second=()):
        """What both say of their path, with these options."""
        self.port = free_port()
        peers = self.pair((*options, *first), (*options, *second))
        paths = [peer.expect("path: ") for peer in peers]
        peers[1].type("/quit")
        for peer in peers:
            self.assertEqual(peer.code(), 0, peer.errors)
        return paths

    def test_an_interface_is_the_only_one_that_is_used(self):
        for path in self.path("--interface", "lo"):
            self.assertRegex(path, r"^path: \S+ (127\.|\[::1\])\S+ to \S+ (127\.|\[::1\])\S+ direct by udp")

    def test_without_udp_the_path_is_of_tcp(self):
        for path in self.path("--interface", "lo", "--tcp-only"):
            self.assertIn("direct by tcp", path)

    def test_ports_come_from_the_range(self):
        first = free_port()
        ports = range(first, min(first + 10, 65536))
        path = self.path("--interface", "lo", first=("--port-range", f"{ports[0]}-{ports[-1]}"))[0]
        self.assertIn(int(path.split(" to ")[0].rsplit(":", 1)[1]), ports)

    def test_a_lite_peer_connects_with_another_one_but_not_with_a_lite_one(self):
        for first, second in ((("--lite",), ()), ((), ("--lite",))):
            for path in self.path("--interface", "lo", first=first, second=second):
                self.assertIn("direct by udp", path)
        self.port = free_port()
        a, b = self.pair(("--lite",), ("--lite",))
        self.assertIn(1, (a.code(), b.code()))
        self.assertIn("both sides are ICE lite", "".join(a.errors + b.errors))

    @unittest.skipUnless(shutil.which("turnserver"), "there is no turnserver: scripts/setup --tests installs it")
    def test_a_turn_server_relays_by_udp_and_tcp(self):
        server_port = free_port()
        server = subprocess.Popen(
            ["turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={server_port}",
             "--allow-loopback-peers", "--lt-cred-mech", "--user=alice:secret", "--realm=test", "--no-tls", "--no-dtls",
             "--no-cli", "--no-rfc5780", f"--db={self.folder}/turndb", f"--pidfile={self.folder}/turn.pid",
             "--log-file=stdout"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        until_it_listens(server_port)
        for url, transport in ((f"turn:127.0.0.1:{server_port}", "udp"), (f"turn:127.0.0.1:{server_port}?transport=tcp", "tcp")):
            with self.subTest(url=url):
                for path in self.path("--interface", "lo", "--turn", url, "--user", "alice", "--credential", "secret",
                                      "--relay-only"):
                    self.assertRegex(path, rf"^path: relay 127\.0\.0\.1:\d+ to .*, relayed by {transport}")

    def test_a_third_peer_hears_that_the_room_is_full(self):
        a, b = self.pair()
        b.expect("Connected.")
        self.assertOneLine(self.room(), "is full")
        a.type("still here")
        b.expect("still here")

    def test_another_program_on_the_port_is_an_error(self):
        with socket.create_server(("127.0.0.1", self.port)) as other:
            threading.Thread(target=self.answer_nonsense, args=(other,), daemon=True).start()
            self.assertOneLine(self.room(), f"port {self.port} is in use")

    @staticmethod
    def answer_nonsense(server):
        try:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"220 not HTTP at all\r\n")
        except OSError:
            pass

    def test_what_cannot_work_is_told_in_one_line(self):
        for arguments, text, code in (
                ((), "--room", 2),
                (("--room", "a/b"), "room's name", 2),
                (("--room", "a", "--send", "/no/such/file"), "no file /no/such/file", 2),
                (("--room", "a", "--send", self.folder), "is not a file", 2),
                (("--room", "a", "--receive", "/no/such/folder"), "no folder /no/such/folder", 2),
                (("--room", "a", "--nonsense"), "nonsense", 2),
                (("--room", "a", "--turn", "turn:127.0.0.1"), "--user", 2),
                (("--room", "a", "--relay-only"), "--turn", 2),
                (("--room", "a", "--port-range", "4009-4000"), "range of ports", 2),
                (("--room", "a", "--port-range", "0-70000"), "range of ports", 2),
                (("--room", "a", "--port", "70000"), "70000", 2),
                (("--room", "a", "--server", "ftp://x"), "ftp://x", 1),
                (("--room", "a", "--server", f"http://127.0.0.1:{self.port}"), "cannot reach", 1)):
            with self.subTest(arguments=arguments):
                self.assertOneLine(self.start(*arguments), text, code)

    def test_a_peer_that_vanishes_is_noticed(self):
        a, b = self.pair()
        a.expect("Connected.")
        b.expect("Connected.")
        b.process.kill()
        self.assertOneLine(a, "vanished")

    def test_signalling_that_is_gone_too_early_is_noticed(self):
        # A member of the room that never answers, and goes.
        a = self.room()
        a.expect("Waiting")
        with socket.create_connection(("127.0.0.1", self.port)) as silent:
            silent.sendall(f"GET /room/test HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                           "Sec-WebSocket-Version: 13\r\n\r\n".encode())
            a.expect("The other peer is there")
        self.assertOneLine(a, "left before")

    def test_a_page_of_another_site_gets_nothing(self):
        self.room().expect("Waiting")
        for headers in (f"Host: 127.0.0.1:{self.port}\r\nOrigin: http://evil.example", f"Host: evil.example:{self.port}"):
            with socket.create_connection(("127.0.0.1", self.port)) as page:
                page.sendall(f"GET / HTTP/1.1\r\n{headers}\r\n\r\n".encode())
                self.assertTrue(page.recv(4096).startswith(b"HTTP/1.1 403"))

    def test_descriptions_travel_by_paste(self):
        a, b = self.start("--paste"), self.start("--paste")
        for peer in (a, b):
            peer.expect("Paste the line")
        a.type("")
        b.type("not what was wanted")
        b.expect("not a line of the other peer")
        b.type(a.expect('"sdp"'))
        a.type(b.expect('"sdp"'))
        a.expect("Connected.")
        b.expect("Connected.")
        a.type("hello")
        b.expect("< hello")
        a.process.stdin.close()
        self.assertEqual((a.code(), b.code()), (0, 0))

    def agents(self, trickle):
        return [self.start("--agent", *(["--trickle"] if trickle else [])) for _ in range(2)]

    def exchange(self, a, b, trickle):
        offer = json.loads(a.expect('"offer"'))
        b.tell(offer)
        answer = json.loads(b.expect('"answer"'))
        a.tell(answer)
        if not trickle:
            self.assertIn("a=candidate:", offer["sdp"])
            self.assertIn("a=candidate:", answer["sdp"])
            return
        for source, target in ((a, b), (b, a)):
            while True:
                candidate = json.loads(source.expect('"candidate"'))
                target.tell(candidate)
                if candidate["candidate"] == "":
                    break

    def test_agents_connect_restart_and_close(self):
        for trickle in (False, True):
            with self.subTest(trickle=trickle):
                a, b = self.agents(trickle)
                a.tell({"cmd": "channel", "label": "one", "ordered": False, "maxRetransmits": 2, "protocol": "p"})
                a.tell({"cmd": "offer"})
                self.exchange(a, b, trickle)
                opened = json.loads(b.expect("dc-open one"))
                self.assertEqual((opened["ordered"], opened["maxRetransmits"], opened["protocol"]), (False, 2, "p"))
                a.expect("dc-open one")
                a.tell({"cmd": "stats"})
                self.assertIn("stats", json.loads(a.expect('"stats"')))
                a.tell({"cmd": "restart"})
                self.exchange(a, b, trickle)
                b.tell({"cmd": "close-channel", "label": "one"})
                a.expect("dc-close one")
                b.expect("dc-close one")
                a.tell({"cmd": "close"})
                a.expect("state closed")
                for peer in (a, b):
                    peer.process.stdin.close()
                    self.assertEqual(peer.code(), 0, peer.errors)

    def test_agents_agree_on_media(self):
        for loops, directions in ((True, ("sendrecv", "sendrecv")), (False, ("recvonly", "inactive"))):
            with self.subTest(loops=loops):
                a, b = [self.start("--agent", *(["--loop-media"] if loops else [])) for _ in range(2)]
                a.tell({"cmd": "offer", "audio": True, "video": True})
                offer = json.loads(a.expect('"offer"'))
                b.tell(offer)
                if loops:
                    b.expect('"track audio ')
                    b.expect('"track video ')
                answer = json.loads(b.expect('"answer"'))
                a.tell(answer)
                for description, direction in zip((offer, answer), directions):
                    sections = description["sdp"].split("\r\nm=")[1:]
                    self.assertEqual(sorted(section.split(" ")[0] for section in sections),
                                     ["application", "audio", "video"])
                    for section in sections:
                        if not section.startswith("application"):
                            self.assertIn("\r\na=" + direction, section)
                a.expect("dc-open")
                a.tell({"cmd": "stats"})
                types = [stats["type"] for stats in json.loads(a.expect('"stats"'))["stats"].values()]
                self.assertEqual(types.count("outbound-rtp"), 2 if loops else 0)
                # A second offer has no second sections.
                a.tell({"cmd": "offer", "audio": True})
                self.assertEqual(json.loads(a.expect('"offer"'))["sdp"].count("\r\nm=audio"), 1)

    def test_an_agent_survives_nonsense(self):
        agent = self.start("--agent")
        for line in ("nonsense", "[]", "{}", '{"cmd":"dance"}', '{"type":"offer","sdp":"v=1"}', '{"candidate":7}',
                     '{"cmd":"channel","id":"x"}', '{"cmd":"close-channel","label":"none"}'):
            agent.type(line)
            agent.expect('"event":"error ')
        agent.process.stdin.close()
        self.assertEqual(agent.code(), 0)


if __name__ == "__main__":
    PEER = sys.argv.pop(1)
    unittest.main()

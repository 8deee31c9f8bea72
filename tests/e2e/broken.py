"""Troubles, each with a name: what breaks, what a login's line must say while
it is so, and that logins are well again when it is over.

Each is the same for an agent that a login starts and for one that listens.  The
settings stay as they are: between the machine and the service is a Front that
can be told to misbehave.
"""

import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import world
from world import KEY, LAB, SLACK, UK, conf, let_in, ok, su

TIMEOUT = 2  # seconds, of a login
NAME = "auth.lab.example"
PROBE = 10   # seconds between two looks at a server that was left out


def certificate():
    """Of the Front, for its address and its name."""
    def openssl(*argv):
        made = world.run(["openssl", *argv], env={"HOME": "/"})
        assert made.status == 0, str(made)

    (LAB / "front.ext").write_text(f"subjectAltName=IP:127.0.0.1,DNS:{NAME}")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=front", "-keyout", f"{LAB}/front.key",
            "-out", f"{LAB}/front.csr")
    openssl("x509", "-req", "-days", "2", "-in", f"{LAB}/front.csr", "-CA",
            f"{LAB}/ca.pem", "-CAkey", f"{LAB}/ca.key", "-set_serial", "77",
            "-extfile", f"{LAB}/front.ext", "-out", f"{LAB}/front.pem")


def reply(status, *head):
    return ("HTTP/1.1 " + "\r\n".join((
        status, "Content-Type: application/json", "Content-Length: 2", *head))
        + "\r\n\r\n{}").encode()


# What it says to each request in place of the service, and what that is.
SAYS = {
    "500": (reply("500 Internal Server Error"), "(unreachable|bad-answer)"),
    "429": (reply("429 Too Many Requests", "Retry-After: 3"), "throttled"),
    "redirecting": (reply("302 Found", "Location: https://127.0.0.1:1/"),
                    "bad-answer"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "bad-answer"),
}


class Front:
    """A TLS server that hands on to the service, unless told otherwise."""

    def __init__(self):
        certificate()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(LAB / "front.pem", LAB / "front.key")
        self.service = int(UK["UK_HTTP_URL"].rpartition(":")[2])
        self.port = world.free_port()
        self.mode, self.peers, self.heard = "well", set(), 0
        self.fillers = []
        self.open()

    def open(self, backlog=1024):
        self.server = socket.socket()
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.server.bind(("127.0.0.1", self.port))
        self.server.listen(backlog)
        if backlog:
            threading.Thread(target=self.accept, args=(self.server,),
                             daemon=True).start()

    def close(self):
        with contextlib.suppress(OSError):
            self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        for filler in self.fillers:
            filler.close()
        self.fillers = []

    def cut(self, reset=False):
        """End every connection there is."""
        for peer in list(self.peers):
            with contextlib.suppress(OSError):
                if reset:
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, 0))
                    peer.close()
                else:
                    peer.shutdown(socket.SHUT_RDWR)

    def become(self, mode):
        self.mode = mode
        if mode == "down":
            self.close()
            self.cut()
        elif mode == "SYN black hole":
            self.close()
            self.cut()
            self.open(backlog=0)
            # The queue is one: what comes behind it is not even refused.
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self.fillers.append(filler)
            time.sleep(0.05)
        elif mode in ("TLS stall", "DNS black hole"):
            self.cut()
        elif mode == "well" and (self.server.fileno() < 0 or self.fillers):
            self.close()
            self.open()
        elif mode == "well":
            self.cut()

    def accept(self, server):
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,),
                             daemon=True).start()

    def serve(self, peer):
        self.peers.add(peer)
        up = None
        try:
            if self.mode == "TLS stall":
                while self.mode == "TLS stall":
                    time.sleep(0.05)
                return
            if self.mode == "resetting":
                peer.recv(1)
                self.cut(reset=True)
                return
            tls = self.tls.wrap_socket(peer, server_side=True)
            self.peers.discard(peer)
            self.peers.add(tls)
            peer = tls
            up = socket.create_connection(("127.0.0.1", self.service))
            self.pump(tls, up)
        except (OSError, ValueError):
            pass
        finally:
            self.peers.discard(peer)
            for end in (peer, up):
                if end is not None:
                    end.close()

    def pump(self, tls, up):
        while True:
            if not tls.pending():
                ready = select.select([tls, up], [], [])[0]
                if up in ready:
                    data = up.recv(65536)
                    if not data:
                        return
                    tls.sendall(data)
                if tls not in ready:
                    continue
            data = tls.recv(65536)
            if not data:
                return
            self.heard += 1
            if self.mode == "well":
                up.sendall(data)
            elif self.mode == "resetting":
                self.cut(reset=True)
                return
            elif self.mode == "drip-fed":
                self.drip(tls)
                return
            elif self.mode in SAYS:
                if b" HTTP/1.1\r\n" in data:
                    tls.sendall(SAYS[self.mode][0])
            # else it hangs

    def drip(self, tls):
        tls.sendall(reply("200 OK").replace(b"Length: 2\r\n\r\n{}",
                                            b"Length: 4096\r\n\r\n{"))
        while self.mode == "drip-fed":
            tls.sendall(b" ")
            time.sleep(0.1)


FRONT = None


def begin():
    """The Front, and accounts that come in without a key."""
    global FRONT
    FRONT = Front()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                    LAB / "id"], check=True)
    folder = LAB / "world/home/bob/.ssh"
    folder.mkdir()
    (folder / "authorized_keys").write_bytes((LAB / "id.pub").read_bytes())
    with open("/etc/hosts", "a", encoding="ascii") as hosts:
        hosts.write(f"127.0.0.1 {NAME}\n")
    world.ssh("nobody", "")  # makes the helper file before threads want it
    world.BASE.update({"service_url": f"https://127.0.0.1:{FRONT.port}",
                       "timeout": f"{TIMEOUT}s"})


# --- The two forms of the agent

class Listening:
    """One that listens and is there all the time."""
    name = "listening"
    socket = world.AGENT

    def __init__(self):
        self.keeper, self.wrapped = None, False

    def begin(self, wrap=(), **changes):
        conf(agent_socket=self.socket, **changes)
        self.wrapped = bool(wrap)
        self.keeper = subprocess.Popen(
            [*wrap, UK["UK_BIN"] + "/userkey-agent", "--conf",
             str(world.CONF), "--listen", self.socket], env={},
            stdin=subprocess.DEVNULL, stderr=open(LAB / "agent.log", "ab"))
        world.wait_for(world.agent_listens)

    def end(self):
        for pid in self.children(self.keeper.pid) if self.wrapped else ():
            os.kill(pid, signal.SIGTERM)
        if not self.wrapped:
            self.keeper.terminate()
        self.keeper.wait()
        conf()

    def children(self, pid):
        return [int(child) for child in pathlib.Path(
            f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def agent(self):
        """The process that asks, at once."""
        end = time.monotonic() + world.PATIENCE
        while time.monotonic() < end:
            found = self.children(self.keeper.pid)
            if found:
                return found[0]
            time.sleep(0.01)
        return None


class Spawned:
    """One for each login."""
    name = "spawned"

    def begin(self, **changes):
        conf(agent_socket="none", **changes)

    def end(self):
        conf()

    def agent(self):
        """The process that asks, as soon as it waits for the service."""
        uid = world.as_user("_userkey")["user"]
        end = time.monotonic() + world.PATIENCE
        while time.monotonic() < end:
            for entry in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if (entry / "comm").read_text() == "userkey-agent\n" \
                            and entry.stat().st_uid in (0, uid):
                        return int(entry.name)
            time.sleep(0.01)
        return None


FORMS = (Spawned, Listening)


@contextlib.contextmanager
def agents(form, **changes):
    form = form()
    form.begin(**changes)
    try:
        yield form
    finally:
        form.end()


# --- What a login must do

def refused(what, word, came, lines, within=TIMEOUT):
    """In time, in one line."""
    ok(came.status not in (0, "hung") and came.out == "",
       f"{what}: refused", came, *lines)
    ok(came.seconds < within + SLACK, f"{what}: in time", came)
    ok(len(lines) == 1 and re.match(word + "( |$)", lines[0]),
       f"{what}: the line says {word}", *lines)


def lines_of(log):
    """The module's; they come by another process."""
    end = time.monotonic() + world.PATIENCE
    lines = log.module()
    while not lines and time.monotonic() < end:
        time.sleep(0.02)
        lines = log.module()
    return lines


class Login(threading.Thread):
    """One that goes on while something is done to it."""

    def __init__(self, go=lambda: su("alice", KEY)):
        super().__init__()
        self.go, self.came, self.log = go, None, world.Syslog()
        self.start()

    def run(self):
        self.came = self.go()

    def end(self):
        self.join()
        return self.came, lines_of(self.log)


def once(what, word):
    refused(what, word, *Login().end())


@contextlib.contextmanager
def hanging_login():
    """One whose agent has asked a service that hangs."""
    with front("hanging"):
        heard = FRONT.heard
        login = Login()
        world.wait_for(lambda: FRONT.heard > heard)
        yield login


def run_all(*troubles):
    """The whole list, for both forms of the agent."""
    for form in FORMS:
        with agents(form) as agent:
            well_again(f"{agent.name}: (at first)")
            for trouble in troubles:
                trouble(agent)
            ways_in(f"{agent.name}: (at last)")


def well_again(what, within=PROBE):
    """Without anybody's touching anything."""
    begin, came = time.monotonic(), None
    while time.monotonic() - begin < within + (5 if within < PROBE else SLACK):
        came = Login().end()[0]
        if let_in(came):
            break
        time.sleep(0.1)
    ok(came and let_in(came), f"{what}: when it is over, keys let in", came)


def ways_in(what):
    """Those that need no service: a public key, and the example's way back."""
    came = world.ssh("bob", "", "publickey", options=("-i", str(LAB / "id")))
    ok(let_in(came, "bob"), f"{what}: a public key lets in", came)
    came = Login(lambda: su("alice", UK["UK_UNIX_PASSWORD"])).end()[0]
    ok(let_in(came), f"{what}: so does the way back", came)


# Troubles of the service and of the way to it: what the line says.
SERVICE = {
    "down": "unreachable",
    "hanging": "timeout:(answer|agent)",
    "drip-fed": "timeout:(answer|agent)",
    "resetting": "(unreachable|bad-answer)",
    **{mode: word for mode, (_, word) in SAYS.items()},
    "SYN black hole": "timeout:(connect|agent)",
    "TLS stall": "timeout:(tls|agent)",
}
SILENT = ("hanging", "drip-fed", "SYN black hole", "TLS stall")


@contextlib.contextmanager
def front(mode):
    FRONT.become(mode)
    try:
        yield
    finally:
        FRONT.become("well")


@contextlib.contextmanager
def no_names():
    """A resolver that swallows every question."""
    hole = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    hole.bind(("127.0.0.153", 53))
    files = {pathlib.Path("/etc/resolv.conf"): "nameserver 127.0.0.153\n"
             "options timeout:5 attempts:3\n",
             pathlib.Path("/etc/hosts"): "127.0.0.1 localhost\n"}
    before = {path: path.read_text() for path in files}
    for path, text in files.items():
        path.write_text(text)
    try:
        yield
    finally:
        for path, text in before.items():
            path.write_text(text)
        hole.close()

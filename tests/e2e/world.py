"""What the end-to-end tests share: TAP, the ways to log in, and the logs.

A test begins with `world.enter(__file__)`, which runs it again inside
tests/lab (or skips it with a reason), and ends with `world.done()`.
"""

import contextlib
import itertools
import os
import pathlib
import pty
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONF = pathlib.Path("/etc/userkey/userkey.conf")
USERS = pathlib.Path("/etc/userkey/users")
AGENT = "/run/userkey/agent.sock"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
LISTENING = os.environ.get("UK_AGENT") == "listen"  # there is one that stays
SLACK = 10.0  # seconds that a busy machine may take beyond a deadline
PATIENCE = 60  # seconds in which what must come has come on any machine

UK = {name: os.environ.get(name, "") for name in (
    "UK_AGENT_LOG", "UK_APP", "UK_BIN", "UK_CA", "UK_EMAIL", "UK_HTTP_URL", "UK_KEY",
    "UK_KEY_ID", "UK_LAB", "UK_PASSWORD", "UK_SERVER_CONF", "UK_SERVER_LOG",
    "UK_SERVER_PID", "UK_SSH_LOG", "UK_SSH_PORT", "UK_SYSLOG",
    "UK_UNIX_PASSWORD", "UK_URL", "UK_USER_ID")}
KEY = UK["UK_KEY"]
LAB = pathlib.Path(UK["UK_LAB"] or "/nonexistent")

# --- TAP

_number = _bad = 0


def ok(right, text, *what):
    """One test; `what` is shown when it fails."""
    global _number, _bad
    _number += 1
    print(f"{'ok' if right else 'not ok'} {_number} - {text}", flush=True)
    if not right:
        _bad += 1
        for thing in what:
            for line in str(thing).splitlines() or [""]:
                print("#   " + line, flush=True)
    return bool(right)


def same(got, wanted, text, *what):
    return ok(got == wanted, text, f"got    {got!r}", f"wanted {wanted!r}",
              *what)


def skip(text, why):
    global _number
    _number += 1
    print(f"ok {_number} - {text} # SKIP {why}", flush=True)


def done():
    if LISTENING:
        ok(agent_listens(), "the agent has been there all the time")
    no_secret_anywhere()
    print(f"1..{_number}")
    sys.exit(1 if _bad else 0)


def inside():
    """Is /etc the lab's own?  Whatever the environment says."""
    return (LAB / "world/etc").exists() \
        and os.path.samefile("/etc", LAB / "world/etc")


def enter(script):
    """Go on inside the lab."""
    if inside():
        return
    why = None
    if os.geteuid() != 0:
        why = "the private world needs root"
    elif subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"],
                        capture_output=True).returncode != 0:
        why = "namespaces cannot be made here"
    if why:
        print(f"1..1\nok 1 # SKIP {why}")
        sys.exit(0)
    lab = str(ROOT / "tests/lab")
    os.execv(lab, [lab, "--", os.path.abspath(script)])


def wait_for(what, seconds=PATIENCE):
    """What is so, soon or at once; or is not, after so many seconds."""
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()


# --- Logs

class Lines:
    """The lines that a file gets from now on."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.offset = self.path.stat().st_size

    def read(self):
        with self.path.open("rb") as file:
            file.seek(self.offset)
            text = file.read().decode("latin-1")
        self.offset += len(text)
        return text.splitlines()

    def wait(self, pattern, seconds=PATIENCE):
        """The new lines, as soon as one of them matches."""
        lines, end = [], time.monotonic() + seconds
        while True:
            lines += self.read()
            if any(re.search(pattern, line) for line in lines):
                return lines
            if time.monotonic() > end:
                return lines
            time.sleep(0.02)


class Syslog(Lines):
    """Our module's lines, without what the syslog library put in front."""

    marks = itertools.count(1)

    def __init__(self):
        super().__init__(UK["UK_SYSLOG"])
        self.settle()

    def settle(self):
        """The new lines, with all that was sent before this: a mark that goes
        the same way has arrived."""
        mark = f"mark {os.getpid()}-{next(self.marks)}."
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.connect("/dev/log")
            way.send(mark.encode())
        return self.wait(re.escape(mark))

    def module(self, phase="auth"):
        found = []
        for line in self.settle():
            at = line.find("pam_userkey(")
            if at >= 0 and f":{phase}): " in line[at:]:
                found.append(line[at:].split(": ", 1)[1])
        return found


class Audit(Lines):
    """What the service says that it was asked."""

    def __init__(self):
        super().__init__(UK["UK_SERVER_LOG"])

    def logins(self):
        return [line for line in self.read()
                if "event=login" in line and "provider=api-key" in line]


# --- Settings

BASE = {
    "service_url": UK["UK_URL"],
    "app_id": UK["UK_APP"],
    "ca_file": UK["UK_CA"],
    "failure_floor": "100ms",
    "agent_program": UK["UK_BIN"] + "/userkey-agent",
    "timeout": "20s",  # a busy machine is no outage; what waits for it is late
}
MAP = f"alice id:{UK['UK_USER_ID']}\n"


def conf(**changes):
    """Write userkey.conf: the lab's, with these changes (None: without)."""
    settings = {**BASE, **changes}
    CONF.write_text("".join(f"{name} = {value}\n" for name, value
                            in settings.items() if value is not None))


def users(text=MAP):
    USERS.write_text(text)


# --- Programs

class Result:
    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err = status, out, err
        self.seconds = seconds

    def __str__(self):
        return (f"exit {self.status} after {self.seconds:.2f} s\n"
                f"{self.out}{self.err}")


def run(argv, text="", env=None, limit=120, **more):
    """Run to its end, with text on its standard input."""
    begin = time.monotonic()
    try:
        ran = subprocess.run(
            argv, input=text.encode("utf-8", "surrogateescape"),
            capture_output=True, timeout=limit, cwd="/",
            env={"PATH": PATH, **(env or {})}, **more)
        status, out, err = ran.returncode, ran.stdout, ran.stderr
    except subprocess.TimeoutExpired as late:
        status, out, err = "hung", late.stdout or b"", late.stderr or b""
    return Result(status, out.decode("latin-1"), err.decode("latin-1"),
                  time.monotonic() - begin)


def as_user(name):
    """Arguments of run() to become this user, with no more than theirs."""
    entry = next(line.split(":") for line in open("/etc/passwd")
                 if line.startswith(name + ":"))
    return {"user": int(entry[2]), "group": int(entry[3]), "extra_groups": []}


def tool(*argv, text=""):
    return run([UK["UK_BIN"] + "/userkey", *argv], text,
               env={"XDG_STATE_HOME": str(LAB / "state")})


def echoes(terminal):
    """Is what is typed shown?  Who asks for a secret may do so first, and then
    forget what has come until it is not."""
    return termios.tcgetattr(terminal)[3] & termios.ECHO


def pty_run(argv, answers, user=None, env=None, limit=PATIENCE, cwd="/",
            watch=lambda seen: False):
    """Run on a terminal of its own; answers are (prompt, what to type).  It is
    ended when watch() has seen enough."""
    ids = as_user(user) if user else None
    begin = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            if ids:
                os.setgroups([])
                os.setgid(ids["group"])
                os.setuid(ids["user"])
            os.execvpe(argv[0], argv, {"PATH": PATH, "TERM": "dumb",
                                       **(env or {})})
        finally:
            os._exit(127)
    seen, after, todo = "", 0, list(answers)
    while time.monotonic() - begin < limit:
        if not select.select([fd], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece.decode("latin-1")
        if watch(seen):
            os.kill(pid, signal.SIGKILL)
            break
        if todo and todo[0][0] in seen[after:]:
            after = len(seen)
            if re.search("(?i)password|assword|key|schl", todo[0][0]):
                wait_for(lambda: not echoes(fd), 10)
            os.write(fd, todo.pop(0)[1].encode() + b"\n")
    else:
        os.kill(pid, signal.SIGKILL)
    os.close(fd)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Result(status, seen.replace("\r\n", "\n"), "",
                  time.monotonic() - begin)


# --- Ways to log in

ASKPASS = LAB / "askpass"
PROMPTS = LAB / "prompts"


def ssh(user, key, method="keyboard-interactive", command="id -un",
        unix="", limit=120, port=None, options=()):
    """Log in with OpenSSH's client; `unix` answers a prompt 'Password:'."""
    if not ASKPASS.exists():
        ASKPASS.write_text(
            '#!/bin/sh\nprintf "%s\\n" "$1" >>"$PROMPTS"\ncase $1 in\n'
            '*" Password: ") printf "%s\\n" "$ANSWER_UNIX" ;;\n'
            '*) printf "%s\\n" "$ANSWER" ;;\nesac\n')
        ASKPASS.chmod(0o755)
    PROMPTS.write_text("")
    return run(
        ["ssh", "-p", str(port or UK["UK_SSH_PORT"]),
         "-o", f"PreferredAuthentications={method}",
         "-o", "PubkeyAuthentication=" +
         ("yes" if method == "publickey" else "no"), *options,
         f"{user}@127.0.0.1", command],
        limit=limit,
        env={"SSH_ASKPASS": str(ASKPASS), "SSH_ASKPASS_REQUIRE": "force",
             "PROMPTS": str(PROMPTS), "ANSWER": key, "ANSWER_UNIX": unix,
             "DISPLAY": ":0"})


def su(target, key, by="mallory", command="id -un", **more):
    more = {**as_user(by), **more}
    return run(["su", target, "-c", command], key + "\n", **more)


def sudo(key, by="alice", command=("id", "-un"), flags=("-S", "-p", ""),
         **more):
    more = {**as_user(by), **more}
    return run(["sudo", *flags, *command], key + "\n", **more)


DOORS = {  # each by itself says whom it let in
    "ssh keyboard-interactive": lambda key: ssh("alice", key),
    "ssh password": lambda key: ssh("alice", key, "password"),
    "sudo": sudo,
    "su": lambda key: su("alice", key),
}
INSIDE = {door: "root" if door == "sudo" else "alice" for door in DOORS}


def let_in(result, who="alice"):
    return result.status == 0 and result.out.strip() == who


# --- Callers of the agent's own: the message of docs/PROTOCOL.md

LOGIN, LOGOUT, PREPARE = 1, 2, 3
GRANTED = (0, 0, "", 1)


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def request(key, user="alice", budget=30000, op=LOGIN):
    body = struct.pack(">BIBB", op, budget, 0, 0) + text(user) \
        + text("test") + text("") + text("") + text(key)
    return b"UKEY" + struct.pack(">BBH", 2, 1, len(body) + 8) + body


def call_agent(path):
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Who waits for room in the queue has it in turn; with a timeout, connect()
    # fails at once where there is none.
    caller.connect(path)
    caller.settimeout(60)
    return caller


def answer_of(caller):
    """(code, stage, text, verdict), or None."""
    got = caller.recv(32768)
    if len(got) < 12:
        return None
    code, stage, length = struct.unpack_from(">BBH", got, 8)
    words = got[12:12 + length].decode()
    return code, stage, words, got[12 + length]


def ask_agent(path, key, **more):
    with call_agent(path) as caller:
        caller.send(request(key, **more))
        return answer_of(caller)


# --- Servers of the tests

def processes(word):
    """Those that have the word in their name or command line; a zombie has
    but a name."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            said = (entry / "cmdline").read_text().replace("\0", " ") \
                + "/" + (entry / "comm").read_text().strip()
        except OSError:
            continue
        if word in said:
            found.append(said)
    return found


def agent_listens(path=AGENT):
    try:
        call_agent(path).close()
    except OSError:
        return False
    return True


def started_agents():
    """Those that logins have started, and that are still there."""
    return [said for said in processes("userkey-agent")
            if "--listen" not in said]


def free_port():
    """A port of loopback that nobody uses now, nor gets who takes any: those
    that the kernel gives away are others."""
    with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
        first = int(file.read().split()[0])
    for _ in range(100):
        port = random.randrange(max(first - 16000, 1024), first)
        with contextlib.suppress(OSError), \
                socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port is free")


class Sink:
    """A TCP listener on loopback that counts, and says what it is told."""

    def __init__(self, talk=None):
        self.seen = []
        self.talk = talk or (lambda peer: None)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.open = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except OSError:
                return
            self.seen.append(time.monotonic())
            self.open.append(peer)
            threading.Thread(target=self.talk, args=(peer,),
                             daemon=True).start()

    def close(self):
        try:  # a thread that accepts would keep it open
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()
        for peer in self.open:
            peer.close()


@contextlib.contextmanager
def sink_for(talk=None, scheme="https", **changes):
    """Let the settings name a Sink as the service."""
    sink = Sink(talk)
    conf(service_url=f"{scheme}://127.0.0.1:{sink.port}", **changes)
    try:
        yield sink
    finally:
        conf()
        sink.close()


# --- Secrets

_secrets = {KEY, UK["UK_PASSWORD"], UK["UK_UNIX_PASSWORD"]} - {""}


def secret(value):
    """Remember one that must not be found in any file."""
    _secrets.add(value)
    return value


def new_key(name):
    made = tool("create", name, "--raw")
    assert made.status == 0, str(made)
    return secret(made.out.strip())


def no_secret_anywhere():
    """Every file of the world, with everything that any program logged."""
    found = []
    for top in (LAB, "/run", "/var/log", "/etc"):
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.isfile(path) or os.path.islink(path):
                    continue
                with open(path, "rb") as file:
                    data = file.read()
                found += [path for value in _secrets if value.encode() in data]
    ok(not found, "no secret stands in any file or log", *sorted(set(found)))

#!/usr/bin/python3 -B
"""Broken on purpose: what stands in the agent's place, and the machine around
it; for an agent that a login starts and for one that listens."""

import contextlib
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import world  # noqa: E402
from world import (GRANTED, KEY, LAB, SLACK, UK, conf, let_in, ok,  # noqa: E402
                   run, same, su)

world.enter(__file__)

import broken  # noqa: E402
from broken import (TIMEOUT, Login, lines_of, once, refused,  # noqa: E402
                    well_again)

broken.begin()
PROGRAM = pathlib.Path(UK["UK_BIN"]) / "userkey-agent"


# --- agents that are none: for a login to start, or at the socket
def answer(code=0, verdict=1, version=2):
    body = struct.pack(">BBH", code, 0, 0) + bytes([verdict]) + bytes(64)
    return b"UKEY" + struct.pack(">BBH", version, 2, len(body) + 8) + body


LIARS = {
    "hung": (None, "timeout:agent", None),
    "of a later version": (answer(version=3), "bad-answer", "version"),
    "of version 0": (answer(version=0), "bad-answer", "version"),
    "that talks nonsense": (b"granted", "bad-answer", None),
    "that says nothing": (b"", "(unreachable|bad-answer)", None),
}


@contextlib.contextmanager
def liar(agent, says):
    """It hears the question first."""
    if agent.name == "spawned":
        script = LAB / "bin/liar"
        script.write_text(
            "#!/usr/bin/python3\nimport socket, time\n"
            "peer = socket.socket(fileno=3)\npeer.recv(70000)\n" +
            (f"peer.send({says!r})\n" if says is not None
             else "time.sleep(60)\n"))
        script.chmod(0o755)
        conf(agent_socket="none", agent_program=script, connect_early="no")
        yield
        conf(agent_socket="none")
        return
    agent.end()
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(agent.socket)
    door.bind(agent.socket)
    door.listen()
    held = []

    def talk():
        while True:
            try:
                peer = door.accept()[0]
                held.append(peer)
                peer.recv(70000)
                if says is not None:
                    peer.send(says)
                    peer.close()
            except OSError:
                return

    threading.Thread(target=talk, daemon=True).start()
    conf(connect_early="no")
    yield
    with contextlib.suppress(OSError):
        door.shutdown(socket.SHUT_RDWR)
    door.close()
    for peer in held:
        peer.close()
    os.unlink(agent.socket)
    agent.begin()


def liars(agent):
    for kind, (says, word, named) in LIARS.items():
        what = f"{agent.name}: agent {kind}"
        with liar(agent, says):
            log = world.Syslog()
            came = su("alice", KEY)
            lines = lines_of(log)
            refused(what, word, came, lines)
            if named:
                ok(lines and named in lines[0], f"{what}: and names it",
                   *lines)
        well_again(what, within=1)


def squatted(agent):
    """What stands in the agent's place belongs to mallory."""
    what = f"{agent.name}: squatted"
    if agent.name == "spawned":
        os.chown(PROGRAM, 1002, 0)
        once(what, "misconfigured")
        os.chown(PROGRAM, 0, 0)
        well_again(what, within=0)
        return
    agent.end()
    squat = pathlib.Path("/run/squat")
    squat.mkdir(mode=0o777)
    squat.chmod(0o777)
    theirs = subprocess.Popen(
        ["/usr/bin/python3", "-c", f"""
import os, socket
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.bind({str(squat / "agent.sock")!r})
os.chmod({str(squat / "agent.sock")!r}, 0o666)
door.listen()
print(flush=True)
heard = 0
for _ in range(4):
    heard += len(door.accept()[0].recv(70000))
print(heard, flush=True)
"""], stdout=subprocess.PIPE, text=True, **world.as_user("mallory"))
    theirs.stdout.readline()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(agent.socket)
    os.rename(squat / "agent.sock", agent.socket)  # as if one could
    for _ in range(2):  # each connects before the prompt, and behind it
        once(what, "misconfigured")
    same(theirs.stdout.readline().strip(), "0", f"{what}: it heard nothing")
    theirs.wait()
    os.rename(agent.socket, squat / "agent.sock")
    conf(agent_socket=squat / "agent.sock")
    once(f"{what}, in a folder of theirs", "misconfigured")
    shutil.rmtree(squat)
    agent.begin()
    well_again(what, within=0)


def versions(agent):
    """A module of another version asks."""
    if agent.name == "spawned":
        return
    for version in (0, 1, 3, 255):
        with world.call_agent(agent.socket) as caller:
            message = bytearray(world.request(KEY))
            message[4] = version
            caller.send(bytes(message))
            got = world.answer_of(caller)
            ok(got is None or (got[0] != 0 and got[3] == 0),
               f"{agent.name}: asked in version {version}: no verdict", got)
    same(world.ask_agent(agent.socket, KEY), GRANTED,
         f"{agent.name}: and it goes on")


# --- the machine
@contextlib.contextmanager
def limited(agent, name, value):
    """A limit of the agent's, set by its own user and taken back behind it; its
    process id."""
    pid = agent.agent()

    def soft(limit):
        return run(["prlimit", "--pid", str(pid), f"--{name}={limit}:"],
                   **world.as_user("_userkey"))

    came = soft(value)
    ok(came.status == 0, f"({name}={value})", came)
    try:
        yield pid
    finally:
        soft("unlimited" if name == "as" else 4096)


def cpu(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def in_or_refused(what, came):
    ok(let_in(came) or (came.status not in (0, "hung") and came.out == ""
                        and came.seconds < TIMEOUT + SLACK),
       f"{what}: in, or refused in time", came)


def no_descriptors(agent):
    what = f"{agent.name}: out of descriptors"
    if agent.name == "spawned":
        for most in range(3, 12):
            in_or_refused(f"{what} ({most})", run(
                ["sh", "-c", f"ulimit -n {most}; exec su alice -c 'id -un'"],
                KEY + "\n", **world.as_user("mallory")))
        well_again(what, within=0)
        return
    same(world.ask_agent(agent.socket, KEY), GRANTED, f"{what}: (at first)")
    for most in (3, len(os.listdir(f"/proc/{agent.agent()}/fd")),
                 len(os.listdir(f"/proc/{agent.agent()}/fd")) + 1):
        broken.FRONT.cut()
        with limited(agent, "nofile", most) as pid:
            used = cpu(pid)
            came = Login().end()[0]
            in_or_refused(f"{what} ({most})", came)
            used = cpu(pid) - used
        ok(used < 0.5 * came.seconds + 0.1,
           f"{what} ({most}): it does not spin", used, came)
        well_again(f"{what} ({most})", within=1)


def no_memory(agent):
    what = f"{agent.name}: out of memory"
    if agent.name == "spawned":
        for most in (1000, 5000, 10000, 20000, 50000):
            in_or_refused(f"{what} ({most} kB)", run(
                ["sh", "-c", f"ulimit -v {most}; exec su alice -c 'id -un'"],
                KEY + "\n", **world.as_user("mallory")))
        well_again(what, within=0)
        return
    for more in (0, 1 << 16, 1 << 18, 1 << 20, 1 << 22):
        pid = agent.agent()
        broken.FRONT.cut()
        size = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0])
        with limited(agent, "as", size * 4096 + more):
            for _ in range(3):
                in_or_refused(f"{what} (and {more} bytes)", su("alice", KEY))
        well_again(f"{what} (and {more} bytes)", within=1)


@contextlib.contextmanager
def full(folder, mode, owner):
    """The folder is on a disk that is full."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,mode={mode}",
                    "full", folder], check=True)
    os.chown(folder, owner, owner)
    with contextlib.suppress(OSError), open(folder / "filler", "wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def disk_full(agent):
    what = f"{agent.name}: disk full"
    userkey = world.as_user("_userkey")["user"]
    state = pathlib.Path("/run/userkey/state")
    changes = {"agent_socket": "none"} if agent.name == "spawned" else {}
    with full(state, "700", userkey):
        conf(state_folder=state, failed_logins_per_source=4, **changes)
        for _ in range(2):
            came = su("alice", KEY)
            ok(let_in(came), f"{what}, the state folder: lets in", came)
        came = su("alice", KEY[:-4] + "0000")
        ok(came.status != 0, f"{what}, the state folder: no other key", came)
    conf(session="keep", **changes)
    with full(pathlib.Path("/run/userkey/sessions"), "711", 0):
        log = world.Syslog()
        came = su("alice", KEY, command="id -un; echo ${USERKEY_SESSION-none}")
        lines = lines_of(log)
        same(came.out, "alice\nnone\n",
             f"{what}, of kept sessions: lets in without one", came)
        ok(any("keeping the session" in line for line in lines),
           f"{what}, of kept sessions: and says so", *lines)
    conf(**changes)
    well_again(what, within=1)


def clocks(agent):
    """Time namespaces: the clocks that count went elsewhere by days."""
    state = pathlib.Path("/run/userkey/state")
    state.mkdir(exist_ok=True, mode=0o700)
    userkey = world.as_user("_userkey")["user"]
    os.chown(state, userkey, userkey)
    bad = "ukey" + KEY[4:34] + KEY[4:34]
    for days in (30, -1, 0, 4000):
        what = f"{agent.name}: clocks {days:+} days"
        wrap = ["unshare", "--time", "--fork", "--kill-child",
                "--monotonic", str(days * 86400 if days > 0 else 0),
                "--boottime", str(days * 86400)] if days else []
        uptime = float(pathlib.Path("/proc/uptime").read_text().split()[0])
        if days < 0 and uptime < -days * 86400:
            wrap[wrap.index("--boottime") + 1] = str(-int(uptime) + 60)
        more = {"state_folder": state, "failed_logins_per_source": 3,
                "offline_grace": "1h", "offline_services": "sshd"}
        if agent.name == "listening":
            agent.end()
            agent.begin(wrap=wrap, **more)
            come = su("alice", KEY)
        else:
            conf(agent_socket="none", **more)
            come = run([*wrap, "setpriv", "--reuid=1002", "--regid=1002",
                        "--clear-groups", "su", "alice", "-c", "id -un"],
                       KEY + "\n")
        ok(let_in(come), f"{what}: a key lets in", come)
        for _ in range(3):
            su("alice", bad)
        come = su("alice", KEY)
        ok(let_in(come), f"{what}: and one that is known, behind failures",
           come)
    conf(**({"agent_socket": "none"} if agent.name == "spawned" else {}))
    if agent.name == "listening":
        agent.end()
        agent.begin()
    well_again(f"{agent.name}: clocks", within=1)


broken.run_all(liars, squatted, versions, no_descriptors, no_memory,
               disk_full, clocks)
world.done()

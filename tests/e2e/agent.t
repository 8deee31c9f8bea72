#!/usr/bin/python3 -B
"""The agent as a long-lived service: it serves every door, and is steady when
things break around it."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess
import threading
import time

import world
from world import (Audit, DOORS, GRANTED, INSIDE, KEY, LAB, Sink, Syslog, UK, conf,
                   free_port, let_in, new_key, ok, processes, run, same, ssh,
                   su, sudo, users, wait_for)

world.enter(__file__)

SOCKET = "/run/userkey/agent.sock"
PROGRAM = UK["UK_BIN"] + "/userkey-agent"
PIDS = LAB / "agent.pids"
LOG = LAB / "agent.log"
CONF = "/etc/userkey/userkey.conf"
HERE = pathlib.Path(__file__).resolve().parent

resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


def pids():
    return [int(line) for line in PIDS.read_text().split()] \
        if PIDS.exists() else []


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return state.rsplit(")", 1)[1].split()[0] != "Z"


def serving():
    """Who serves now: its holder writes it down a moment after it began."""
    wait_for(lambda: pids() and alive(pids()[-1]))
    return pids()[-1]


@contextlib.contextmanager
def lent():
    """An agent at a socket that somebody holds for it."""
    PIDS.unlink(missing_ok=True)
    with LOG.open("ab") as log:
        holder = subprocess.Popen(
            [HERE / "activator.py", SOCKET, str(PIDS), PROGRAM, "--conf",
             CONF], stderr=log, env={})
    wait_for(lambda: os.path.exists(SOCKET))
    try:
        yield holder
    finally:
        holder.terminate()
        holder.wait()
        os.unlink(SOCKET)


@contextlib.contextmanager
def plain():
    """An agent that has made its socket itself."""
    with LOG.open("ab") as log:
        agent = subprocess.Popen([PROGRAM, "--conf", CONF, "--listen", SOCKET],
                                 stderr=log, env={})
    wait_for(world.agent_listens)
    try:
        yield agent
    finally:
        agent.kill()
        agent.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)


def connect():
    return world.call_agent(SOCKET)


def ask(key=KEY, **more):
    return world.ask_agent(SOCKET, key, **more)


def python_as(name, code):
    """Python code run as this user, with what stands above."""
    return subprocess.Popen(["/usr/bin/python3", "-c", code], env={},
                            stdout=subprocess.PIPE, text=True,
                            **world.as_user(name))


todo = []  # logins that have not begun


def logins(count, threads, go=lambda: su("alice", KEY)):
    """What did not let in."""
    failed, lock = [], threading.Lock()
    todo[:] = range(count)

    def one():
        while True:
            with lock:
                if not todo:
                    return
                todo.pop()
            came = go()
            if not let_in(came):
                failed.append(came)
    crew = [threading.Thread(target=one) for _ in range(threads)]
    for member in crew:
        member.start()
    return failed, crew


# --- every door
with lent():
    for door, go in DOORS.items():
        log, audit = Syslog(), Audit()
        came = go(KEY)
        ok(let_in(came, INSIDE[door]), f"{door}: lets in", came)
        lines = log.module()
        ok(len(lines) == 1 and lines[0].startswith("granted user='alice'"),
           f"{door}: one line", *lines)
        seen = audit.wait("event=login")
        same(len([line for line in seen if "event=login" in line]), 1,
             f"{door}: one question to the service", *seen)
        came = go(world.secret("ukey" + KEY[4:34] + KEY[4:34]))
        ok(not let_in(came, INSIDE[door]), f"{door}: another key does not",
           came)
    same(len(pids()), 1, "one agent has served them all")
    agent = pids()[0]
    status = pathlib.Path(f"/proc/{agent}/status").read_text()
    ok("CapEff:\t0000000000000000" in status and "NoNewPrivs:\t1" in status,
       "without any right of root's", status)
    uid = int(world.run(["id", "-u", "_userkey"]).out)
    ok(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status,
       "as its own user")
    same(ask(), GRANTED, "root asks about anyone")
    wanted = new_key("agent")
    same(ask(wanted), GRANTED, "a second key")
    same(world.tool("disable", "agent").status, 0, "disable it")
    same(ask(wanted)[3], 2, "and it is refused by the next login")
    # A kept session, through sshd's two processes.
    conf(session="keep")
    audit = Audit()
    came = ssh("alice", KEY, command="cat $USERKEY_SESSION")
    ok('"refresh_token"' in came.out, "session = keep hands a session over",
       came)
    seen = audit.wait("event=logout")
    same(len([line for line in seen if "event=logout" in line]), 1,
         "which is logged out once, at the end", *seen)
    conf()

    # Settings that change.
    ask()
    before = pids()
    conf(app_id="nosuchapp")
    log = Syslog()
    came = su("alice", KEY)
    ok(not let_in(came), "settings that have changed count for the next login",
       came)
    ok(any("status 404" in line for line in log.module()), "and it says so")
    conf()
    ok(let_in(su("alice", KEY)), "and when they are changed back")
    ok(len(pids()) > len(before), "each time by another agent")

    # Leaves when nobody comes, and comes when somebody does.
    conf(agent_idle="1s")
    ask()
    agent = serving()
    ok(wait_for(lambda: not alive(agent)), "it leaves when it is idle")
    same(ask(), GRANTED, "and is there again for who comes")
    ok(wait_for(lambda: pids()[-1] != agent), "as another process")
    conf()

    # Restarted in the middle of logins.
    for signum in (signal.SIGTERM, signal.SIGHUP):
        failed, crew = logins(60, 6)
        count = 0
        while todo:
            left = len(todo)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pids()[-1], signum)
                count += 1
            # An agent that is ended before it serves would serve nobody.
            while len(todo) > max(left - 4, 0):
                time.sleep(0.01)
            time.sleep(0.01)
        for member in crew:
            member.join()
        ok(not failed and count > 3,
           f"restarted {count} times by {signum.name}: 0 of 60 lost", *failed)
    log = LOG.read_text()
    ok("leaving: signal 15" in log and "has changed" in log
       and "agent_idle" in log, "its log says why it left", log)

    # Who is waiting at a prompt when it leaves can still ask.
    ask()
    with connect() as caller:
        ask()  # who comes later is taken later: it has the caller, too
        agent = serving()
        os.kill(agent, signal.SIGTERM)
        wait_for(lambda: not alive(agent))
        try:
            caller.send(world.request(KEY))
            sent = True
        except BrokenPipeError:
            sent = False
        ok(not sent, "who had sent nothing cannot send it to one that has left")

    # Others than root.
    STRANGER = ("import socket, struct, sys, time\n"
                f"SOCKET = {SOCKET!r}\n" + (HERE / "world.py").read_text()
                .split("# --- Callers of the agent")[1]
                .split("# --- Servers of the tests")[0].split("\n", 1)[1])
    came = python_as("mallory", STRANGER + """
key = "ukey" + "0" * 60
print(ask_agent(SOCKET, key)[:1], ask_agent(SOCKET, key, user="mallory")[:1])
""").communicate()[0].strip()
    same(came, "(8,) (0,)", "another user asks about themself only")

    flood = python_as("mallory", STRANGER + """
held = []
end = time.monotonic() + 60
print("go", flush=True)
while time.monotonic() < end:
    try:
        caller = call_agent(SOCKET)
        caller.send(request("ukey" + "0" * 60, user="mallory"))
        held.append(caller)
    except OSError:
        pass
    del held[:-200]
""")
    flood.stdout.readline()
    time.sleep(0.3)
    slow = []
    for _ in range(10):
        begin = time.monotonic()
        same_answer = ask() == GRANTED
        slow.append(time.monotonic() - begin if same_answer else 99)
    ok(max(slow) < 5, "a flood by one uid: root's logins go on", slow)
    ok(let_in(su("alice", KEY)), "a flood by one uid: alice comes in")
    flood.kill()
    flood.wait()

    idle = [connect() for _ in range(500)]
    begin = time.monotonic()
    same(ask(), GRANTED, "500 idle connections: the next one is served")
    ok(time.monotonic() - begin < 5, "500 idle connections: at once")
    idle += [connect() for _ in range(1000)]
    same(ask(), GRANTED, "1500 of them: the oldest make room")
    for caller in idle:
        caller.close()

    # An agent that hangs.
    conf(timeout="1s")
    ask()
    agent = serving()
    os.kill(agent, signal.SIGSTOP)
    log = Syslog()
    begin = time.monotonic()
    came = su("alice", KEY)
    took = time.monotonic() - begin
    os.kill(agent, signal.SIGCONT)
    lines = log.module()
    ok(not let_in(came) and took < 1 + world.SLACK,
       "an agent that hangs costs the deadline, no more", came, took)
    ok(lines and lines[0].startswith("timeout:agent"), "and the line says so",
       *lines)
    conf()

# --- without a holder
with plain() as agent:
    same(ask(), GRANTED, "an agent with a socket of its own")
    again = run([PROGRAM, "--conf", CONF, "--listen", SOCKET])
    ok(again.status == 1 and "listens" in again.err, "there is only one", again)
    failed, crew = logins(40, 4)
    time.sleep(0.1)
    agent.terminate()
    for member in crew:
        member.join()
    ok(not failed, "it leaves in the middle of logins: 0 of 40 lost", *failed)
    same(agent.wait(), 0, "and says that all is well")
    ok(let_in(su("alice", KEY)), "where nobody listens, one is started")
with plain() as agent:
    agent.kill()
    agent.wait()
    ok(let_in(su("alice", KEY)), "behind a socket that a killed one left too")


def children(pid):
    return [int(child) for child in pathlib.Path(
        f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listens():
    """By itself: nobody starts one where this fails."""
    try:
        return ask() == GRANTED
    except OSError:
        return False


with plain() as agent:
    answers = listens()  # the socket is there before who serves at it
    first = children(agent.pid)
    ok(answers and len(first) == 1, "one process keeps, one serves", first)
    user = pathlib.Path(f"/proc/{first[0]}/status").read_text()
    ok("CapEff:\t0000000000000000" in user, "which is not root", user)
    conf(app_id="nosuchapp")
    log = Syslog()
    ok(not let_in(su("alice", KEY)), "settings that change count for it too")
    ok(any("status 404" in line for line in log.module()), "at once")
    conf()
    ok(listens(), "and when they are changed back")
    second = children(agent.pid)
    ok(second and second != first, "served by another", first, second)
    conf(timeout="soon")
    ok(not listens(), "broken settings: nobody is let in")
    conf()
    ok(wait_for(listens), "mended settings: it is there without being started")
    program = pathlib.Path(PROGRAM)
    fresh = program.with_suffix(".new")
    fresh.write_bytes(program.read_bytes())
    fresh.chmod(0o755)
    fresh.rename(program)
    ok(listens(), "an upgrade: it serves")
    ok(os.path.samefile(f"/proc/{agent.pid}/exe", program),
       "and is the new program")
    os.kill(children(agent.pid)[0], signal.SIGKILL)
    ok(listens(), "the one that serves is killed: another does")
    failed, crew = logins(60, 6)
    count = 0
    while todo:
        left = len(todo)
        agent.send_signal(signal.SIGHUP)
        count += 1
        while len(todo) > max(left - 4, 0):
            time.sleep(0.01)
        time.sleep(0.01)
    for member in crew:
        member.join()
    ok(not failed and count > 3,
       f"told {count} times to begin anew: 0 of 60 lost", *failed)
    ok(agent.poll() is None and listens(), "it is there all the time")
    last = children(agent.pid)[0]
with plain() as agent:
    ok(wait_for(lambda: not alive(last)), "it takes along who serves")
    ok(listens(), "and another can take its place")
conf(timeout="soon")
came = run([PROGRAM, "--conf", CONF, "--listen", SOCKET])
ok(came.status == 1 and "timeout" in came.err,
   "settings that are broken at the start: it says so and does not stay", came)
conf()
os.unlink(SOCKET)
with plain() as agent:
    os.chmod("/run/userkey", 0o777)
    log = Syslog()
    came = su("alice", KEY)
    ok(not let_in(came), "a socket in a folder that others can write is not "
       "believed", came)
    lines = log.module()
    ok(lines and lines[0].startswith("misconfigured"), "and the line says so",
       *lines)
    os.chmod("/run/userkey", 0o755)
    conf(agent_socket="none")
    ok(let_in(su("alice", KEY)), "agent_socket = none: one is started")
    conf()

# --- the service has trouble
URL = UK["UK_URL"]
with lent():
    sink = Sink()
    conf(service_url=f"https://127.0.0.1:{sink.port}", timeout="1s")
    took = []
    for _ in range(6):
        begin = time.monotonic()
        same(ask(budget=1000)[0] != 0, True, "a service that hangs: no login")
        took.append(time.monotonic() - begin)
    ok(min(took[:3]) > 0.8 and min(took[3:]) < 0.8,
       "behind three time-outs it fails at once", took)
    log = Syslog()
    came = su("alice", KEY)
    lines = log.module()
    ok(lines and lines[0].startswith("unreachable") and "probe" in lines[0],
       "and the line says why", *lines)
    sink.close()

    dead = free_port()
    conf(service_url=f"https://127.0.0.1:{dead} {URL}")
    same([ask() for _ in range(5)], [GRANTED] * 5,
         "the first server is not there: the second is asked")
    sink = Sink()
    conf(service_url=f"https://127.0.0.1:{sink.port} {URL}", timeout="5s")
    took = []
    for _ in range(8):
        begin = time.monotonic()
        same(ask(), GRANTED, "the first server hangs: the second is asked")
        took.append(time.monotonic() - begin)
    ok(min(took[-4:]) < 0.8, "and soon it is asked first", took)
    sink.close()

    def busy(peer):
        while peer.recv(65536):
            peer.sendall(b"HTTP/1.1 429 Too Many Requests\r\n"
                         b"Retry-After: 15\r\nContent-Length: 2\r\n"
                         b"Content-Type: application/json\r\n\r\n{}")

    sink = Sink(busy)
    conf(service_url=f"http://127.0.0.1:{sink.port}", insecure_http="yes")
    log, begin = Syslog(), time.monotonic()
    came = su("alice", KEY)
    lines = log.module()
    ok(lines and lines[0].startswith("throttled"), "429 is a refusal", *lines)
    ok(time.monotonic() - begin < 10, "and nobody sleeps on it")
    sink.close()

    # A server that closes each connection behind its answer, late.
    conf()

# --- before the prompt
def prompts(user, count=1):
    """su at its prompt."""
    return [subprocess.Popen(
        ["su", user, "-c", "true"], stdin=subprocess.PIPE, env={}, cwd="/",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        **world.as_user("mallory")) for _ in range(count)]


def given_up(waiting):
    for one in waiting:
        one.stdin.close()
        one.wait()


def connections(user, **changes):
    """How many the service gets while somebody is asked for a key."""
    sink = Sink()
    conf(service_url=f"https://127.0.0.1:{sink.port}", **changes)
    waiting = prompts(user)
    wait_for(lambda: sink.seen, world.PATIENCE if user == "alice"
             and not changes.get("connect_early") else 0.7)
    given_up(waiting)
    sink.close()
    conf()
    return len(sink.seen)


def agents():
    return [one for one in processes(PROGRAM) if "activator" not in one]


same((connections("alice", agent_socket="none"), connections("bob")), (1, 0),
     "before the prompt an agent connects, for who may have a key")
same(connections("alice", connect_early="no"), 0, "unless connect_early = no")
with lent():
    same((connections("alice"), connections("bob")), (1, 0),
         "one that listens does so too")
    sink = Sink()
    conf(service_url=f"https://127.0.0.1:{sink.port}")
    waiting = prompts("alice", 30)
    wait_for(lambda: sink.seen)
    time.sleep(1)
    same(len(sink.seen), 1, "once for 30 prompts")
    given_up(waiting)
    sink.close()
conf()
waiting = prompts("alice", 30)
wait_for(lambda: len(agents()) >= 16)
time.sleep(0.5)
same(len(agents()), 16, "of 30 prompts 16 have an agent of their own")
ok(let_in(su("alice", KEY)), "and the next one comes in all the same")
given_up(waiting)
ok(wait_for(lambda: not agents()), "which go with their prompts", *agents())

ok(wait_for(lambda: not [one for one in processes("userkey-agent")
                         if "activator" not in one]), "no agent is left behind",
   *processes("userkey-agent"))
world.done()

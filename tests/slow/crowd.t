#!/usr/bin/python3 -B
"""Broken on purpose, for long and for many: a service that stays silent lets
nobody wait beyond the deadline, keeps no other way in shut, and is asked again
by itself; restarts of the agent lose no login."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

E2E = pathlib.Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))
import world  # noqa: E402
from world import (KEY, LAB, SLACK, UK, conf, let_in, ok, run, same,  # noqa
                   su)

world.enter(__file__)

import broken  # noqa: E402
from broken import (PROBE, SILENT, front, lines_of, ways_in,  # noqa: E402
                    well_again)

broken.begin()
MANY = 200
CROWDED = 30  # seconds more that two hundred at once may take to be served


def together(count, go):
    """What came of it, each by itself."""
    came = []
    crew = [threading.Thread(target=lambda: came.append(go()))
            for _ in range(count)]
    for member in crew:
        member.start()
    return came, crew


def breaker(agent):
    """Silence, for longer than one login."""
    for mode in SILENT:
        what = f"{agent.name}: service {mode} for long"
        with front(mode):
            lines = []
            for _ in range(5):
                log = world.Syslog()
                came = su("alice", KEY)
                lines += lines_of(log)
                ok(came.status != 0 and came.seconds < broken.TIMEOUT + SLACK,
                   f"{what}: refused in time", came)
            words = [line.split()[0].partition(":")[0] for line in lines]
            if agent.name == "listening":
                same(words, ["timeout"] * 3 + ["unreachable"] * 2,
                     f"{what}: behind three nobody waits", *lines)
                ok("probe" in lines[-1], f"{what}: and the line says why",
                   *lines)
            else:
                same(words, ["timeout"] * 5, f"{what}: each says so", *lines)
            ways_in(what)
        well_again(what)


def crowd(agent):
    what = f"{agent.name}: {MANY} at once"
    with front("hanging"):
        log = world.Syslog()
        came, crew = together(MANY, lambda: su("alice", KEY, limit=120))
        time.sleep(2)
        begin = time.monotonic()
        ways_in(what)
        ok(time.monotonic() - begin < CROWDED, f"{what}: without waiting long")
        for member in crew:
            member.join()
        same(len([one for one in came if one.status not in (0, "hung")]), MANY,
             f"{what}: nobody is let in, and nobody hangs")
        late = [one for one in came
                if one.seconds > broken.TIMEOUT + SLACK + CROWDED]
        ok(not late, f"{what}: each ends by its deadline", *late[:3])
        # What each says itself of the time since it had the key.
        time.sleep(0.5)
        lines = [line for line in log.module() if " time=" in line
                 and not line.startswith("malformed")]
        times = [int(re.search(r" time=(\d+)ms", line)[1]) for line in lines]
        ok(len(times) == MANY and max(times) < 1000 * (broken.TIMEOUT + SLACK),
           f"{what}: of which none took longer", len(times), sorted(times)[-5:])
    well_again(what)
    came, crew = together(MANY, lambda: su("alice", KEY, limit=120))
    for member in crew:
        member.join()
    if agent.name == "listening":
        bad = [one for one in came if not let_in(one)]
        ok(not bad, f"{what}, the service is well: all come in", len(bad),
           *bad[:3])


def ssh_crowd(agent):
    """Over sshd, as many as it takes at a time (its MaxStartups)."""
    what = f"{agent.name}: 9 by ssh"
    conf(timeout="3s", agent_socket=agent.socket)
    with front("hanging"):
        came, crew = together(9, lambda: world.ssh("alice", KEY, "password"))
        time.sleep(1)
        ways_in(what)
        for member in crew:
            member.join()
        ok(all(one.status not in (0, "hung") for one in came),
           f"{what}: all end", *came[:3])
    conf(agent_socket=agent.socket)
    well_again(what)


for form in broken.FORMS:
    with broken.agents(form) as one:
        well_again(f"{one.name}: (at first)")
        breaker(one)
        crowd(one)
        if one.name == "listening":
            ssh_crowd(one)

# --- restarted in the middle of logins
pids = LAB / "agent.pids"
with (LAB / "agent.log").open("ab") as log:
    holder = subprocess.Popen(
        [E2E / "activator.py", world.AGENT, str(pids),
         UK["UK_BIN"] + "/userkey-agent", "--conf", str(world.CONF)],
        stderr=log, env={})
while not world.agent_listens():
    time.sleep(0.01)
conf(timeout="10s")
todo, failed, lock = list(range(300)), [], threading.Lock()


def worker():
    while True:
        with lock:
            if not todo:
                return
            todo.pop()
        came = su("alice", KEY)
        if not let_in(came):
            failed.append(came)


begun = {}
crew = [threading.Thread(target=worker) for _ in range(8)]
for member in crew:
    member.start()
count = 0
program = pathlib.Path(UK["UK_BIN"]) / "userkey-agent"
while count < 20 and any(member.is_alive() for member in crew):
    left = len(todo)
    while len(todo) > max(left - 12, 0) and any(
            member.is_alive() for member in crew):
        time.sleep(0.005)
    if count % 4 == 3:  # an upgrade
        fresh = program.with_suffix(".new")
        # By another process: what ours has open for writing, a login that is
        # being started has as well, and nobody can run it meanwhile.
        subprocess.run(["cp", program, fresh], check=True)
        fresh.rename(program)
    else:
        pid = int(pids.read_text().split()[-1])
        try:
            os.kill(pid, (signal.SIGTERM, signal.SIGHUP)[count % 2])
        except ProcessLookupError:
            pass
    count += 1
for member in crew:
    member.join()
ok(not failed and count == 20,
   f"the agent is restarted {count} times: 0 of 300 logins lost",
   len(failed), *failed[:5])
ok(len(pids.read_text().split()) > 10, "(each time another one serves)")
holder.terminate()
holder.wait()
os.unlink(world.AGENT)
conf()
ok(let_in(su("alice", KEY)), "and nothing is in the way behind it")
world.done()

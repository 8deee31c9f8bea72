#!/usr/bin/python3 -B
"""Agent and service as they run: each has given up what it does not need, and
names go on being looked up by settings that came later."""

import contextlib
import os
import pathlib
import random
import socket
import struct
import subprocess
import threading

import world
from world import KEY, LAB, UK, conf, ok, same, wait_for

world.enter(__file__)

GIVEN_UP = {"Seccomp": "2", "NoNewPrivs": "1", "CapEff": "0" * 16}
built = subprocess.run(["grep", "-qF", "limiting the system calls",
                        UK["UK_BIN"] + "/userkey-agent"]).returncode == 0


def status_of(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(
        f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


def agents():
    """The processes that do the agent's work: not root's."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text() == "userkey-agent\n" \
                    and status_of(entry.name)["Uid"].split()[0] != "0":
                found.append(entry.name)
        except OSError:
            pass
    return found


def given_up(pid, *names):
    status = status_of(pid)
    return {name: status[name].strip() for name in names or GIVEN_UP}


def all_given_up():
    found = []
    for pid in agents():
        with contextlib.suppress(OSError, KeyError):  # it has gone
            found.append(given_up(pid))
    return found


class Names(threading.Thread):
    """A name server for one machine: every name is this one."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        while True:
            self.address = "127." + ".".join(
                str(random.randrange(1, 255)) for _ in range(3))
            try:
                self.socket.bind((self.address, 53))
                break
            except OSError:
                pass
        self.asked = 0
        self.start()

    def run(self):
        while True:
            query, caller = self.socket.recvfrom(512)
            self.asked += 1
            end = query.index(b"\0", 12) + 5
            is_a = query[end - 4:end - 2] == b"\0\1"
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) \
                + bytes((127, 0, 0, 1))
            self.socket.sendto(
                query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0")
                + b"\0\0\0\0" + query[12:end] + (answer if is_a else b""),
                caller)


if not built:
    world.skip("agent and service", "a build that confines nothing")
    world.done()

same(given_up(UK["UK_SERVER_PID"], "Seccomp", "NoNewPrivs"),
     {"Seccomp": "2", "NoNewPrivs": "1"}, "the service has given up calls")

# One call: while it waits for a service that says nothing.
with world.sink_for(timeout="8s") as sink:
    login = threading.Thread(target=world.su, args=("alice", KEY))
    login.start()
    ok(wait_for(lambda: sink.seen), "an agent for one call asks")
    wait_for(lambda: all_given_up() == [GIVEN_UP])  # it connects before that
    same(all_given_up(), [GIVEN_UP],
         "and has given up calls, privileges and capabilities")
    login.join()

# All who come.
NAME = "auth.confined.test"
port = UK["UK_URL"].rpartition(":")[2]
names = Names()
hosts = pathlib.Path("/etc/nsswitch.conf").read_text()
pathlib.Path("/etc/nsswitch.conf").write_text(hosts + "\nhosts: files dns\n")
conf(service_url=f"https://{NAME}:{port}")
agent = subprocess.Popen(
    [UK["UK_BIN"] + "/userkey-agent", "--conf", str(world.CONF), "--listen",
     world.AGENT], env={}, stderr=subprocess.DEVNULL)
try:
    ok(wait_for(lambda: os.path.exists(world.AGENT) and agents()),
       "an agent listens")
    world.ask_agent(world.AGENT, KEY, budget=4000)
    same(all_given_up(), [GIVEN_UP], "and has given up the same")
    found = world.ask_agent(world.AGENT, KEY, budget=4000)
    ok(found[0] != 0 and names.asked == 0, "it does not know the name", found)
    new = pathlib.Path("/etc/resolv.conf.new")
    new.write_text(f"nameserver {names.address}\n")
    new.rename(os.path.realpath("/etc/resolv.conf")
               if not os.path.ismount("/etc/resolv.conf")
               else "/etc/resolv.conf")
    found = world.ask_agent(world.AGENT, KEY)
    ok(names.asked > 0, "a new file with another name server counts", found)
    ok("certificate" in found[2] or "tls" in found[2].lower(),
       "and leads to the service, whose certificate is for another name",
       found)
finally:
    agent.terminate()
    agent.wait()

# Nothing of what was given up stood in the way of a login.
conf()
for door, log_in in world.DOORS.items():
    ok(world.let_in(log_in(KEY), world.INSIDE[door]), f"{door}: lets in")
world.done()

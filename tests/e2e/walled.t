#!/usr/bin/python3 -B
"""Logins within walls that a service manager has built around a host, as those
of polkit's helper: no network, local sockets only, calls that end who makes
them.  And what the time of a refusal says while the service is slow."""

import os
import pathlib
import subprocess

import world
from world import KEY, LAB, UK, Syslog, conf, ok, run, same, sink_for, wait_for

world.enter(__file__)

HOST = LAB / "host.py"
HOST.write_text(r'''
import ctypes, errno, os, socket, struct, sys
pam, libc = ctypes.CDLL("libpam.so.0"), ctypes.CDLL(None, use_errno=True)
families, ends = sys.argv[1].split(","), sys.argv[2] == "ends"
key = sys.stdin.readline().strip().encode()
class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]
Talk = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p,
                        ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)
libc.calloc.restype = libc.strdup.restype = ctypes.c_void_p
@Talk
def talk(count, asked, answers, own):
    made = libc.calloc(count, ctypes.sizeof(Response))
    array = ctypes.cast(made, ctypes.POINTER(Response))
    for i in range(count):
        array[i].text = libc.strdup(key)
    answers[0] = made
    return 0
class Conversation(ctypes.Structure):
    _fields_ = [("talk", Talk), ("own", ctypes.c_void_p)]
ALLOW, KILL, NONE = 0x7fff0000, 0x80000000, 0x50000 | errno.EAFNOSUPPORT
allowed = [getattr(socket, name) for name in families]
code = [(0x20, 0, 0, 0)]
if ends:
    code += [(0x15, 0, 1, number) if part == 0 else (0x06, 0, 0, KILL)
             for number in (444, 445, 446) for part in (0, 1)]
code += [(0x15, 0, len(allowed) + 2, 41), (0x20, 0, 0, 16)]
code += [(0x15, len(allowed) - i, 0, family)
         for i, family in enumerate(allowed)]
code += [(0x06, 0, 0, NONE), (0x06, 0, 0, ALLOW)]
program = b"".join(struct.pack("<HBBI", *one) for one in code)
buffer = ctypes.create_string_buffer(program)
fprog = struct.pack("<HxxxxxxQ", len(code), ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, fprog) == 0, os.strerror(ctypes.get_errno())
handle = ctypes.c_void_p()
conversation = Conversation(talk, None)
assert pam.pam_start(b"walled", b"alice", ctypes.byref(conversation),
                     ctypes.byref(handle)) == 0
print(pam.pam_authenticate(handle, 0))
pam.pam_end(handle, 0)
''')
pathlib.Path("/etc/pam.d/walled").write_text(
    "auth required pam_userkey.so\naccount required pam_permit.so\n")
WRONG = KEY[:10] + ("b" if KEY[10] == "a" else "a") + KEY[11:]
SUCCESS, AUTH_ERR, AUTHINFO_UNAVAIL = "0\n", "7\n", "9\n"
LOCAL = "AF_UNIX"
DROP_IN = "AF_UNIX,AF_INET,AF_INET6,AF_NETLINK"

if os.uname().machine == "x86_64":
    def log_in(key, network, families, ends="ends"):
        walls = [] if network else ["unshare", "--net", "--"]
        return run([*walls, "/usr/bin/python3", str(HOST), families, ends],
                   key + "\n")

    def cases(how, *rows):
        for what, wanted, word, *arguments in rows:
            log = Syslog()
            came = log_in(*arguments)
            lines = log.module()
            ok(came.status == 0 and came.out == wanted and len(lines) == 1
               and lines[0].startswith(word), f"{how}: {what}", came, *lines)

    drop_in = (world.ROOT / "conf/systemd/polkit-agent-helper@.service.d"
               / "userkey.conf").read_text()
    same({name in drop_in for name in DROP_IN.split(",")[1:]}, {True},
         "polkit's drop-in names the families that an agent needs")
    cases("nobody listens",
          ("without walls a key lets in", SUCCESS, "granted", KEY, True,
           DROP_IN, "lives"),
          ("with polkit's walls the service cannot be asked",
           AUTHINFO_UNAVAIL, "unreachable", KEY, False, LOCAL),
          ("with no more than a network it is the same", AUTHINFO_UNAVAIL,
           "unreachable", KEY, True, LOCAL),
          ("with the drop-in a key lets in", SUCCESS, "granted", KEY, True,
           DROP_IN),
          ("another key does not", AUTH_ERR, "malformed", WRONG, True,
           DROP_IN))
    agent = subprocess.Popen(
        [UK["UK_BIN"] + "/userkey-agent", "--conf", str(world.CONF),
         "--listen", world.AGENT], env={}, stderr=subprocess.DEVNULL)
    wait_for(world.agent_listens)
    cases("an agent listens",
          ("with polkit's walls a key lets in", SUCCESS, "granted", KEY,
           False, LOCAL),
          ("another key does not", AUTH_ERR, "malformed", WRONG, False,
           LOCAL))
    agent.terminate()
    agent.wait()
    os.unlink(world.AGENT)
else:
    world.skip("walls", "their calls have other numbers here")

# Whether the account takes keys decides whether the service is asked (S-38).
with sink_for(timeout="1500ms", failure_floor="1500ms") as sink:
    for user in ("alice", "bob", "root"):
        came = world.su(user, KEY)
        ok(came.status != 0 and came.seconds >= 1.5,
           f"a floor as long as 'timeout' hides a slow service: {user}", came)
    ok(sink.seen, "(which was asked)")
world.done()

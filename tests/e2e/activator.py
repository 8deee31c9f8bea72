#!/usr/bin/python3 -B
"""A socket that somebody holds for the agent, as systemd would.

    activator.py PATH PIDFILE PROGRAM [ARG...]

Listens at PATH, and starts PROGRAM with the listening socket as descriptor 3
whenever somebody waits there and no PROGRAM runs.  PIDFILE has its process ids,
one a line.  On SIGTERM it ends PROGRAM and leaves.
"""

import os
import pathlib
import select
import signal
import socket
import subprocess
import sys

PATH, PIDFILE, *PROGRAM = sys.argv[1:]
pathlib.Path(PATH).unlink(missing_ok=True)
door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
door.bind(PATH)
os.chmod(PATH, 0o666)
door.listen(4096)
child = 0


def leave(*_):
    if not child:
        os._exit(0)
    try:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    except (ChildProcessError, ProcessLookupError):
        pass
    os._exit(0)


def lend():
    os.dup2(door.fileno(), 3)


signal.signal(signal.SIGTERM, leave)
if door.fileno() == 3:  # ours is another number than the child's
    door = socket.socket(fileno=os.dup(3))
while True:
    select.select([door], [], [])
    child = subprocess.Popen(PROGRAM, preexec_fn=lend, pass_fds=(3,),
                             stdin=subprocess.DEVNULL).pid
    with open(PIDFILE, "a", encoding="ascii") as pids:
        pids.write(f"{child}\n")
    os.waitpid(child, 0)

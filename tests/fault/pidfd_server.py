#!/usr/bin/python3
"""Open descriptors of processes for programs that run under valgrind.

Prints the name at which it is asked (tests/fault/pidfd.c); ends with its input.
"""
import array
import os
import socket
import struct
import sys
import threading


def answer(asker):
    with asker:
        try:
            fd = os.pidfd_open(struct.unpack("i", asker.recv(4))[0])
        except OSError as err:
            asker.send(bytes([err.errno]))
            return
        asker.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                 array.array("i", [fd]))])
        os.close(fd)


def serve(door):
    while True:
        try:
            answer(door.accept()[0])
        except (OSError, struct.error):
            pass  # the asker's trouble


def main():
    door = socket.socket(socket.AF_UNIX)
    name = "userkey-pidfd-%d" % os.getpid()
    door.bind("\0" + name)
    door.listen(64)
    print(name, flush=True)
    threading.Thread(target=serve, args=(door,), daemon=True).start()
    sys.stdin.read()


main()

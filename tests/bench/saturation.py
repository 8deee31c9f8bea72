#!/usr/bin/python3 -B
"""What key logins notice of password logins that are more than can be hashed.

As a program: keeps COUNT password logins under way until it is ended; who
gets 503 comes again after a second, as the reply says.

  saturation.py PORT PATH EMAIL PASSWORD COUNT
"""

import heapq
import json
import os
import select
import socket
import subprocess
import sys
import time

EMAIL, PASSWORD = 'bench@example.com', 'correct horse'
MANY = 4 * (64 + (os.cpu_count() or 1))  # what waits, and what is hashed


class Flood:
    """The program, while it runs."""

    def __init__(self, service, die_with_us):
        self.process = subprocess.Popen(
            [sys.executable, '-B', os.path.realpath(__file__),
             str(service.world.http_port),
             service.path.replace('api-key', 'local-userpass'), EMAIL,
             PASSWORD, str(MANY)], stdin=subprocess.DEVNULL,
            preexec_fn=die_with_us)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def flood(port, path, email, password, count):
    body = json.dumps({'username': email, 'password': password})
    request = ('POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: '
               'application/json\r\nContent-Length: %d\r\n\r\n%s' % (
                   path, len(body), body)).encode()
    poll, socks, later = select.poll(), {}, []

    def ask(fd):
        if fd in socks:
            poll.unregister(fd)
            socks.pop(fd).close()
        sock = socket.create_connection(('127.0.0.1', port))
        sock.sendall(request)
        socks[sock.fileno()] = sock
        poll.register(sock, select.POLLIN)

    for _ in range(count):
        ask(-1)
    while True:
        for fd, _ in poll.poll(20):
            if b' 503 ' in socks[fd].recv(65536)[:16]:
                poll.unregister(fd)
                heapq.heappush(later, (time.monotonic() + 1, fd))
                poll.register(fd, 0)
            else:
                ask(fd)
        while later and later[0][0] < time.monotonic():
            ask(heapq.heappop(later)[1])


if __name__ == '__main__':
    try:
        flood(int(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5]))
    except OSError:
        pass  # the service has gone

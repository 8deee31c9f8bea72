#!/usr/bin/python3 -B
"""Clients that take their time: each is hung up on by its deadline, and
nobody else waits for them meanwhile."""

import resource
import select
import socket
import time

from tap import group, main, nothing, ok
from wire import BASE, Client
from world import PATIENCE, SLOW, World

LIMIT = 40.0  # seconds; whoever is still connected then was forgotten
DRIP = 0.5    # seconds between two bytes

world = World(tls=True)
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
KEY = http.new_key(http.session(EMAIL, PASSWORD), 'k')['key']
LOGIN = '%s/app/%s/auth/providers/api-key/login' % (BASE, world.app)
HEAD = ('POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        'Content-Type: application/json\r\n' % LOGIN).encode()
GET = ('GET %s/app/%s/location HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' % (
    BASE, world.app)).encode()
ESTABLISHED = '01'  # in /proc/net/tcp
HELLO = b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'


class Slow:
    """A client: what it sends at once, what byte by byte, where to."""

    def __init__(self, text, first=b'', drip=b'', tls=False, reads=True):
        self.text = text
        self.drip = drip
        self.reads = reads
        self.sock = socket.create_connection(
            ('127.0.0.1', world.tls_port if tls else world.http_port))
        self.sock.setblocking(False)
        self.began = time.monotonic()
        self.ended = None
        self.next = self.began
        self.try_send(first)

    def try_send(self, data):
        try:
            self.sock.send(data)
        except BlockingIOError:
            pass
        except OSError:
            self.end()

    def end(self):
        if self.ended is None:
            self.ended = time.monotonic()
            self.sock.close()

    def step(self, now):
        if self.ended is None and self.drip and now >= self.next:
            self.next = now + DRIP
            self.try_send(self.drip[:1])
            self.drip = self.drip[1:]

    def read(self):
        try:
            if not self.sock.recv(65536):
                self.end()
        except BlockingIOError:
            pass
        except OSError:
            self.end()


def clients():
    flood = GET * 4000  # whoever does not read the answers
    return [
        Slow('says nothing'),
        Slow('drips its first line', drip=HEAD * 9),
        Slow('drips one endless header', HEAD + b'X-A: ', b'a' * 900),
        Slow('drips its body', HEAD + b'Content-Length: 500\r\n\r\n{"key":"',
             b'a' * 400),
        Slow('never sends its body', HEAD + b'Content-Length: 500\r\n\r\n'),
        Slow('drips chunks', HEAD + b'Transfer-Encoding: chunked\r\n\r\n',
             b'1\r\na\r\n' * 300),
        Slow('is silent after an answer', GET),
        Slow('drips after an answer', GET, HEAD * 9),
        Slow('does not read its answers', flood, reads=False),
        Slow('says nothing, to TLS', tls=True),
        Slow('stops in the handshake', HELLO, tls=True),
        Slow('drips the handshake', HELLO, b'\0' * 900, tls=True),
        Slow('sends no TLS', GET, tls=True),
    ]


@group
def hung_up_on():
    slow = clients()
    begin = time.monotonic()
    waits = []
    while time.monotonic() - begin < LIMIT:
        open_ones = [c for c in slow if c.ended is None]
        if not open_ones:
            break
        readers = [c.sock for c in open_ones if c.reads]
        ready = select.select(readers, [], [], 0.1)[0]
        now = time.monotonic()
        for client in open_ones:
            if client.sock in ready:
                client.read()
            elif not client.reads:
                check_writer(client)
            client.step(now)
        if int(now - begin) > len(waits):
            start = time.monotonic()
            status = http.key_login(KEY).status
            waits.append((status, time.monotonic() - start))
    for client in slow:
        ok(client.ended is not None,
           'who %s is hung up on in %d s' % (client.text, LIMIT))
        client.end()
    nothing([w for w in waits if w[0] != 200 or w[1] > 10],
            'logins meanwhile are answered (%d)' % len(waits))


def check_writer(client):
    """Has the server hung up?  It cannot tell a client that does not read;
    its end of the connection is in the kernel's table."""
    ports = ':%04X' % world.http_port, ':%04X' % client.sock.getsockname()[1]
    with open('/proc/net/tcp') as table:
        for row in table:
            _, local, remote, state = row.split()[:4]
            if local.endswith(ports[0]) and remote.endswith(ports[1]):
                if state == ESTABLISHED:
                    return
                break
    client.end()


@group
def a_thousand_of_them():
    """Half-open requests from one address do not keep others out."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE,
                       (hard if hard != resource.RLIM_INFINITY else 8192,
                        hard))
    count = 300 if SLOW else 1100
    held = []
    for n in range(count):
        sock = socket.socket()
        sock.settimeout(PATIENCE)
        try:
            sock.bind(('127.0.0.2', 0))
            sock.connect(('127.0.0.1', world.http_port))
            sock.send(HEAD)
            held.append(sock)
        except OSError:
            sock.close()
    start = time.monotonic()
    with socket.socket() as sock:
        sock.settimeout(PATIENCE)
        sock.bind(('127.0.0.3', 0))
        sock.connect(('127.0.0.1', world.http_port))
        body = ('{"key":"%s"}' % KEY).encode()
        sock.sendall(HEAD + b'Content-Length: %d\r\n\r\n' % len(body) + body)
        try:
            got = sock.recv(65536)
        except OSError as error:
            got = str(error).encode()
    took = time.monotonic() - start
    ok(got.startswith(b'HTTP/1.1 200') and took < 10,
       'with %d half-open requests, a login from another address is '
       'answered' % count, took, got[:100])
    for sock in held:
        sock.close()


main(world)

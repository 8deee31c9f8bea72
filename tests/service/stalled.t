#!/usr/bin/python3 -B
"""Three thousand connections that stall, from several addresses: a good client
is served meanwhile as ever, and each of them is hung up on by its deadline."""

import http.client
import json
import os
import resource
import select
import socket
import ssl
import statistics
import threading
import time

from tap import equal, group, main, note, nothing, ok, skip_all
from wire import BASE, Client
from world import PATIENCE, SLOW, World

COUNT = 600 if SLOW else 3000
ADDRESSES = 15
DEADLINE = 5  # seconds from connecting to the headers, and again for a body
SLACK = 15    # for looking once a second, and for a busy machine
SPARE = 200   # descriptors of everything else
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'


def raise_limit():
    """As far as it goes; the server inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 65536
    if hard < COUNT + SPARE:
        skip_all('%d stalled connections' % COUNT,
                 'the limit of descriptors is %d' % hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


raise_limit()
world = World({'log_level': 'notice'}, tls=True)
client = Client(world)
world.add_user(EMAIL, PASSWORD)
KEY = client.new_key(client.session(EMAIL, PASSWORD), 'k')['key']
LOGIN = '%s/app/%s/auth/providers/api-key/login' % (BASE, world.app)
HEAD = ('POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n'
        'Content-Type: application/json\r\n' % LOGIN).encode()
BODY = HEAD + b'Content-Length: 500\r\n\r\n{"key":"'
HELLO = b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
KINDS = [  # what stalls, what it has sent, is it TLS
    ('no header', b'', False),
    ('half a header', HEAD, False),
    ('half a body', BODY, False),
    ('half a handshake', HELLO, True),
]


class Stalled:
    def __init__(self, number):
        self.text, first, tls = KINDS[number % len(KINDS)]
        self.sock = socket.socket()
        self.sock.settimeout(PATIENCE)
        self.sock.bind(('127.0.2.%d' % (1 + number % ADDRESSES), 0))
        self.sock.connect(('127.0.0.1',
                           world.tls_port if tls else world.http_port))
        self.began = time.monotonic()
        self.ended = None
        self.sock.sendall(first)
        self.sock.setblocking(False)

    def read(self):
        try:
            if self.sock.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.ended = time.monotonic()
        self.sock.close()


class Good(threading.Thread):
    """Logs in all the time: on one connection, and on one of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = False
        self.failed = []
        self.took = []  # (when it began, seconds)
        self.kept = client.connect()

    def login(self, connection):
        connection.request('POST', LOGIN, json.dumps({'key': KEY}),
                           {'Content-Type': 'application/json'})
        reply = connection.getresponse()
        reply.read()
        return reply.status

    def once(self):
        begin = time.monotonic()
        kept = len(self.took) % 2 == 0
        connection = self.kept if kept else client.connect()
        try:
            status = self.login(connection)
        except (OSError, http.client.HTTPException) as error:
            status = repr(error)
        if not kept:
            connection.close()
        self.took.append((begin, time.monotonic() - begin))
        if status != 200:
            self.failed.append(status)

    def run(self):
        while not self.over and len(self.failed) < 20:
            self.once()
            time.sleep(0.005)

    def median_ms(self, begin, end):
        took = [t for b, t in self.took if begin <= b < end]
        return 1000 * statistics.median(took) if took else 0


def stall():
    """Open all of them; then wait until the last one is gone."""
    poll = select.epoll()
    held, refused, peak = {}, [], 0
    last = time.monotonic() + 60
    for number in range(COUNT):
        try:
            one = Stalled(number)
        except OSError as error:
            refused.append(str(error))
            continue
        held[one.sock.fileno()] = one
        poll.register(one.sock.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
    open_ones, everyone = dict(held), list(held.values())
    while open_ones and time.monotonic() < last:
        peak = max(peak, len(open_ones))
        if time.monotonic() > everyone[-1].began + DEADLINE + SLACK:
            break
        for fd, _ in poll.poll(0.2):
            open_ones[fd].read()
            if open_ones[fd].ended is not None:
                del open_ones[fd]
    poll.close()
    return everyone, refused, peak


@group
def three_thousand():
    good = Good()
    good.start()
    begin = time.monotonic()
    time.sleep(2)
    calm = time.monotonic()
    everyone, refused, peak = stall()
    over = time.monotonic()
    time.sleep(0.5)
    good.over = True
    good.join(PATIENCE * 2)
    nothing(refused, 'all %d connect, from %d addresses' % (COUNT, ADDRESSES))
    for text, _, _ in KINDS:
        ones = [s for s in everyone if s.text == text]
        late = [s for s in ones if s.ended is None
                or s.ended - s.began > DEADLINE + SLACK]
        equal(len(late), 0, '%s: all %d are hung up on' % (text, len(ones)))
    nothing(good.failed + (['it still waits'] if good.is_alive() else []),
            'a good client has its answers meanwhile: %d' % len(good.took))
    ok(sum(calm <= b < over for b, _ in good.took) > 20,
       'and there were some to have', len(good.took))
    ages = sorted(s.ended - s.began for s in everyone if s.ended)
    note('%d at once; gone after %.1f to %.1f s; a login took %.2f ms before, '
         '%.2f ms meanwhile (medians), %.0f ms at most' % (
             peak, ages[0] if ages else 0, ages[-1] if ages else 0,
             good.median_ms(begin, calm), good.median_ms(calm, over),
             1000 * max(t for _, t in good.took)))
    for one in everyone:
        one.sock.close()


def cpu_seconds():
    """Of the server, until now."""
    with open('/proc/%d/stat' % world.process.pid) as file:
        fields = file.read().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


@group
def idle():
    """Who waits for a client must not ask for it all the time."""
    for number, (text, _, _) in enumerate(KINDS):
        held = [Stalled(number) for _ in range(20)]
        time.sleep(0.5)
        begin = cpu_seconds()
        time.sleep(2)
        used = cpu_seconds() - begin
        ok(used < 0.1, '%s: to wait costs nothing' % text, used)
        for one in held:
            one.sock.close()


def shake_hands(version, size):
    """A handshake in pieces of this size, and a login."""
    context = ssl.create_default_context(cafile=world.authority.file)
    context.minimum_version = context.maximum_version = version
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname='localhost')
    body = json.dumps({'key': KEY}).encode()
    with socket.create_connection(('127.0.0.1', world.tls_port),
                                  timeout=PATIENCE) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def until_done(call, *argv):
            while True:
                try:
                    return call(*argv)
                except ssl.SSLWantReadError:
                    data = out.read()
                    for at in range(0, len(data), size):
                        sock.sendall(data[at:at + size])
                        time.sleep(0.002)
                    got = sock.recv(65536)
                    if not got:
                        return b'hung up'
                    into.write(got)

        until_done(tls.do_handshake)
        tls.write(HEAD + b'Content-Length: %d\r\n\r\n' % len(body) + body)
        return until_done(tls.read, 65536)[:12]


@group
def handshakes_in_pieces():
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for size in (1, 7, 100):
            equal(shake_hands(version, size), b'HTTP/1.1 200',
                  '%s in pieces of %d bytes: a login' % (version.name, size))


@group
def stopped_meanwhile():
    """Those who stall do not keep the server from its end."""
    held = [Stalled(number) for number in range(40)]
    time.sleep(0.3)
    equal(world.stop(), 0, 'SIGTERM with stalled connections: status 0')
    for one in held:
        one.sock.close()
    world.start()


@group
def afterwards():
    equal(client.key_login(KEY).status, 200, 'then it serves as before')


main(world)

#!/usr/bin/python3 -B
"""Four times as many password logins as the threads that hash can take: key
logins go on, and who cannot wait any more is told so."""

import json
import os
import re
import select
import socket
import threading
import time

from tap import equal, group, main, nothing, note, ok
from wire import BASE, Client
from world import PATIENCE, SLOW, World

THREADS = 2
ROOM = 64  # that wait: HASHERS_ROOM of service/operate/server.c
MANY = 4 * (THREADS + ROOM)
SECONDS = 6 if SLOW else 3
ENOUGH = 20  # key logins that must have been made in that time
HASH_MB = 19  # what one hash needs
world = World({'password_threads': str(THREADS), 'log_level': 'notice'})
http_ = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)


def request(provider, body):
    body = json.dumps(body)
    return ('POST %s%s/auth/providers/%s/login HTTP/1.1\r\nHost: localhost\r\n'
            'Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' % (
                BASE, http_.app, provider, len(body), body)).encode()


class Flood(threading.Thread):
    """So many password logins that are under way all the time."""

    def __init__(self, count):
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.full = threading.Event()  # the first 503
        self.statuses = {}
        self.wrong = []
        self.request = request('local-userpass', {'username': EMAIL,
                                                  'password': PASSWORD})
        self.socks = [socket.create_connection(
            ('127.0.0.1', world.http_port), timeout=PATIENCE)
            for _ in range(count)]

    def take(self, sock):
        head = b''
        while b'\r\n\r\n' not in head:
            more = sock.recv(65536)
            if not more:
                self.wrong.append('closed: %r' % head)
                return
            head += more
        head, _, body = head.partition(b'\r\n\r\n')
        length = int(re.search(rb'Content-Length: (\d+)', head)[1])
        while len(body) < length:
            body += sock.recv(65536)
        status = int(head.split()[1])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status == 503:
            self.full.set()
            if not re.search(rb'\r\nRetry-After: \d+\r?\n?', head):
                self.wrong.append('503 without Retry-After')

    def run(self):
        poll = select.poll()
        by_fd = {sock.fileno(): sock for sock in self.socks}
        for sock in self.socks:
            poll.register(sock, select.POLLIN)
            sock.sendall(self.request)
        waiting = len(self.socks)
        end = time.monotonic() + PATIENCE * 3
        while waiting > 0 and time.monotonic() < end:
            again = []
            for fd, _ in poll.poll(100):
                self.take(by_fd[fd])
                again.append(by_fd[fd])
            waiting -= len(again)
            if self.ended.is_set():
                continue
            self.ended.wait(0.02)
            for sock in again:
                sock.sendall(self.request)
            waiting += len(again)
        if waiting:
            self.wrong.append('%d without an answer' % waiting)


class Keys(threading.Thread):
    """Logs in with a key, one login after the other."""

    def __init__(self, key):
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.times, self.wrong = [], []
        self.request = request('api-key', {'key': key})

    def run(self):
        sock = socket.create_connection(('127.0.0.1', world.http_port),
                                        timeout=PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not self.ended.is_set():
            begin = time.monotonic()
            sock.sendall(self.request)
            got = sock.recv(65536)
            while got.count(b'\r\n\r\n') == 0 or not got.endswith(b'}'):
                got += sock.recv(65536)
            self.times.append(time.monotonic() - begin)
            if not got.startswith(b'HTTP/1.1 200'):
                self.wrong.append(got[:80])
            time.sleep(0.005)


def keys_for(seconds, key):
    threads = [Keys(key) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    end = time.monotonic() + PATIENCE
    while (sum(len(thread.times) for thread in threads) <= ENOUGH
           and time.monotonic() < end):
        time.sleep(0.05)
    for thread in threads:
        thread.ended.set()
    for thread in threads:
        thread.join(PATIENCE)
    times = sorted(t for thread in threads for t in thread.times)
    return times, [w for thread in threads for w in thread.wrong]


def memory(what):
    with open('/proc/%d/status' % world.process.pid) as file:
        return int(re.search(r'%s:\s+(\d+) kB' % what, file.read())[1]) / 1024


def at(times, share):
    return times[int(len(times) * share)] * 1000


@group
def saturated():
    s = http_.session(EMAIL, PASSWORD)
    key = http_.new_key(s, 'k')['key']
    calm, wrong = keys_for(SECONDS / 2, key)
    nothing(wrong, 'key logins before')
    before = memory('VmRSS')
    flood = Flood(MANY)
    flood.start()
    ok(flood.full.wait(PATIENCE), 'no more password logins fit')
    busy, wrong = keys_for(SECONDS, key)
    peak = memory('VmHWM')
    ok(flood.is_alive() and not flood.ended.is_set(),
       '%d password logins were under way meanwhile' % MANY)
    flood.ended.set()
    flood.join(PATIENCE * 4)
    nothing(wrong, 'each key login is answered, and granted')
    ok(len(busy) > ENOUGH, 'and there were some', len(busy))
    nothing(flood.wrong, 'each password login is answered too, with '
            'Retry-After where there is no room')
    equal(sorted(flood.statuses), [200, 503],
          'granted or refused for now, nothing else')
    ok(flood.statuses[200] > ROOM, 'the queue moves on', flood.statuses)
    if not SLOW:
        # What the threads hash with; what each connection may cost besides.
        ok(peak - before < THREADS * HASH_MB + MANY * 0.1 + 16,
           'memory stays bounded: %.0f MB more' % (peak - before))
    note('key logins, ms: calm p50 %.1f p99 %.1f, saturated p50 %.1f p99 %.1f'
         % (at(calm, .5), at(calm, .99), at(busy, .5), at(busy, .99)))
    note('password logins: %r' % flood.statuses)
    equal(http_.login(EMAIL, PASSWORD).status, 200, 'and all is well again')


main(world)

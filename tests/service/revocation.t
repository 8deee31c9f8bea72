#!/usr/bin/python3 -B
"""Revocation is a promise: what one node has acknowledged, another one knows.

Two processes on one database, and logins on both all the time.  A key is
disabled, enabled, deleted, a session logged out, a user disabled or deleted,
through one of them; the other is asked at once, about logins, refresh tokens
and access tokens.  Not one answer may be as if nothing had happened.
"""

import collections
import http.client
import json
import os
import threading
import time

import pg_cluster
import world as worlds
from tap import group, main, note, nothing, ok, skip
from wire import BASE, Client
from world import PATIENCE, SLOW, Twin, World, die_with_us

PASSWORD = 'correct horse'
WORKERS = 4
CYCLES = 80      # of each worker; four changes or five in each
FEW_CYCLES = 20  # on SQLite, and with sanitizers
SETTINGS = {'registration': 'open', 'log_level': 'notice'}
JSON = {'Content-Type': 'application/json'}


class Line:
    """One connection to one node."""

    def __init__(self, node):
        self.node = node
        self.connection = http.client.HTTPConnection(
            '127.0.0.1', node.http_port, timeout=PATIENCE)

    def ask(self, method, path, token=None, body=None):
        headers = dict(JSON) if body else {'Content-Length': '0'}
        if token:
            headers['Authorization'] = 'Bearer ' + token
        self.connection.request(method, BASE + path,
                                json.dumps(body) if body else None, headers)
        reply = self.connection.getresponse()
        data = reply.read()
        return reply.status, json.loads(data) if data else None

    def login(self, provider, body):
        return self.ask('POST', '/app/%s/auth/providers/%s/login' % (
            self.node.app, provider), None, body)

    def key(self, key):
        return self.login('api-key', {'key': key})

    def password(self, email):
        return self.login('local-userpass',
                          {'username': email, 'password': PASSWORD})

    def keys(self, session, method, path='', body=None):
        return self.ask(method, '/auth/api_keys' + path,
                        session['refresh_token'], body)

    def refresh(self, session):
        return self.ask('POST', '/auth/session', session['refresh_token'])

    def profile(self, session):
        return self.ask('GET', '/auth/profile', session['access_token'])

    def logout(self, session):
        return self.ask('DELETE', '/auth/session', session['refresh_token'])


class Tally:
    """What was changed, what was asked then, what was wrong."""

    def __init__(self):
        self.lock = threading.Lock()
        self.changes = collections.Counter()
        self.answers = 0
        self.stale, self.odd = [], []

    def changed(self, what):
        with self.lock:
            self.changes[what] += 1

    def expect(self, want, got, text):
        with self.lock:
            self.answers += 1
            if got == want:
                return
            # What is neither of the two answers is wrong in another way.
            wrong = self.stale if got in (200, 201, 401) else self.odd
            wrong.append('%s: %d in the place of %d' % (text, got, want))


class Worker(threading.Thread):
    """One user's keys and sessions, on both nodes in turn."""

    def __init__(self, number, nodes, tally, cycles):
        super().__init__(daemon=True)
        self.number = number
        self.tally = tally
        self.cycles = cycles
        self.lines = [Line(node) for node in nodes]
        self.error = None

    def run(self):
        try:
            self.work()
        except Exception as error:
            self.error = 'worker %d: %r' % (self.number, error)

    def must(self, got, status, what):
        if got[0] != status:
            raise RuntimeError('%s: %r' % (what, got))
        return got[1]

    def change(self, what, got, status):
        """It is acknowledged: now it counts."""
        got = self.must(got, status, what)
        self.tally.changed(what)
        return got

    def ended(self, line, what, session, key=None, first=0):
        """Everything about this session, and this key, is refused; another
        question each time is the one that comes at once."""
        asks = [('refresh', lambda: line.refresh(session)),
                ('access', lambda: line.profile(session))]
        if key:
            asks.append(('login', lambda: line.key(key)))
        for n in range(len(asks)):
            text, ask = asks[(n + first) % len(asks)]
            self.tally.expect(401, ask()[0], '%s, %s' % (what, text))

    def work(self):
        email = 'w%d@example.com' % self.number
        owner = self.must(self.lines[0].password(email), 200, 'password')
        made = self.must(self.lines[0].keys(owner, 'POST', '',
                                            {'name': 'k'}), 201, 'create')
        for n in range(self.cycles):
            here, there = self.lines[n % 2], self.lines[1 - n % 2]
            made = self.cycle(n, here, there, owner, made)
        for _ in range(max(2, self.cycles // 20)):
            self.end_user(*self.lines)
            self.lines.reverse()

    def cycle(self, n, here, there, owner, made):
        path, key = '/' + made['_id'], made['key']
        before = self.must(here.key(key), 200, 'login')
        self.change('key disabled', here.keys(owner, 'PUT', path + '/disable'),
                    204)
        self.ended(there, 'key disabled', before, key, n)
        self.change('key enabled', there.keys(owner, 'PUT', path + '/enable'),
                    204)
        status, session = here.key(key)
        self.tally.expect(200, status, 'key enabled, login')
        self.ended(here, 'key enabled, session from before', before, None, n)
        self.tally.expect(201, there.refresh(session)[0],
                          'key enabled, refresh')
        self.change('logged out', there.logout(session), 204)
        self.ended(here, 'logged out', session, None, n)
        if n % 2 == 0:
            return made
        last = self.must(there.key(key), 200, 'login')
        self.change('key deleted', here.keys(owner, 'DELETE', path), 204)
        self.ended(there, 'key deleted', last, key, n)
        made = self.change('key created', there.keys(
            owner, 'POST', '', {'name': 'k'}), 201)
        self.tally.expect(200, here.key(made['key'])[0], 'key created, login')
        return made

    def end_user(self, here, there):
        """A user of its own, which is deleted."""
        body = {'email': 'u%d-%f@example.com' % (self.number,
                                                 time.monotonic()),
                'password': PASSWORD}
        self.must(here.ask('POST', '/app/%s/auth/providers/local-userpass/'
                           'register' % here.node.app, None, body), 201,
                  'register')
        owner = self.must(there.password(body['email']), 200, 'password')
        made = self.must(here.keys(owner, 'POST', '', {'name': 'k'}), 201,
                         'create')
        session = self.must(there.key(made['key']), 200, 'login')
        self.change('user deleted', here.ask('DELETE', '/auth/delete',
                                             owner['access_token']), 204)
        self.ended(there, 'user deleted', session, made['key'], self.number)
        self.ended(there, 'user deleted, own session', owner)
        self.tally.expect(401, there.password(body['email'])[0],
                          'user deleted, password')


def keep_busy(nodes, key):
    """A process that logs in on both nodes, over and over; its end is a kill.
    Returns its pid, and where it writes a byte for each ten logins."""
    out, into = os.pipe()
    pid = os.fork()
    if pid:
        os.close(into)
        os.set_blocking(out, False)
        return pid, out
    try:
        die_with_us()
        lines = [Line(node) for node in nodes for _ in range(2)]
        while True:
            for n in range(10):
                if lines[n % len(lines)].key(key)[0] != 200:
                    os._exit(1)
            os.write(into, b'.')
    finally:
        os._exit(2)


def disable_users(first, nodes, tally):
    """By an administrator's command: a third process on the database."""
    lines = [Line(node) for node in nodes]
    email = 'switched@example.com'
    client = Client(first)
    first.add_user(email, PASSWORD)
    key = client.new_key(client.session(email, PASSWORD), 'k')['key']
    for n in range(5 if SLOW else 15):
        sessions = [line.key(key)[1] for line in lines]
        first.user('disable', email)
        tally.changed('user disabled')
        for line in lines:
            for session in sessions:
                tally.expect(401, line.profile(session)[0],
                             'user disabled, access')
                tally.expect(401, line.refresh(session)[0],
                             'user disabled, refresh')
            tally.expect(401, line.key(key)[0], 'user disabled, login')
        first.user('enable', email)
        tally.changed('user enabled')
        for line in lines:
            tally.expect(200, line.key(key)[0], 'user enabled, login')
            tally.expect(401, line.profile(sessions[0])[0],
                         'user enabled, session from before')


def two_nodes(store, cycles):
    worlds.STORE = store
    first = World(SETTINGS)
    nodes = [first, Twin(first)]
    for n in range(WORKERS):
        first.add_user('w%d@example.com' % n, PASSWORD)
    first.add_user('busy@example.com', PASSWORD)
    client = Client(first)
    busy_key = client.new_key(client.session('busy@example.com', PASSWORD),
                              'k')['key']
    tally = Tally()
    pid, logins = keep_busy(nodes, busy_key)
    workers = [Worker(n, nodes, tally, cycles) for n in range(WORKERS)]
    begin = time.monotonic()
    for worker in workers:
        worker.start()
    disable_users(first, nodes, tally)
    for worker in workers:
        worker.join(300)
    took = time.monotonic() - begin
    alive = os.waitpid(pid, os.WNOHANG)[0] == 0
    if alive:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    try:
        tens = len(os.read(logins, 65536))
    except BlockingIOError:
        tens = 0
    count = sum(tally.changes.values())
    nothing(tally.stale, 'two nodes on %s: 0 stale answers after %d changes' %
            (store, count))
    nothing(tally.odd + [w.error for w in workers if w.error]
            + ['worker %d is not done' % w.number for w in workers
               if w.is_alive()],
            'nor any other unexpected one, of %d' % tally.answers)
    ok(alive and tens > 0, 'while others logged in on both')
    want = 1000 if cycles == CYCLES else 200
    ok(count >= want, 'there were at least %d changes' % want, count)
    note('%s: %s; %d answers, %d0 other logins, %.1f s' % (
        store, ', '.join('%d %s' % (n, what) for what, n in
                         sorted(tally.changes.items())),
        tally.answers, tens, took))
    for node in reversed(nodes):
        node.close()


@group
def on_postgresql():
    if pg_cluster.binaries() is None:
        skip('two nodes on PostgreSQL', 'no PostgreSQL server is installed')
        return
    two_nodes('postgresql', FEW_CYCLES if SLOW else CYCLES)


@group
def on_one_file():
    two_nodes('sqlite', FEW_CYCLES)


main()

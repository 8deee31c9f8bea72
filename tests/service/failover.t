#!/usr/bin/python3 -B
"""The database's primary dies under load and its standby takes over.

Nothing that was acknowledged is lost, requests meanwhile are answered with 503
and Retry-After, and the service goes on by itself.
"""

import collections
import http.client
import json
import random
import re
import signal
import threading
import time

import pg_cluster
import world as worlds
from tap import equal, group, main, note, nothing, ok, skip_all
from wire import BASE, Client, must
from world import PATIENCE, SLOW, World

PASSWORD = 'correct horse'
WRITERS, READERS = 4, 3
BEFORE, GAP, AFTER = 3.0, 2.0, 3.0  # seconds of load, or more
ENOUGH = 50  # changes that were acknowledged before
LAST = 5     # answers of each client in the end
LONGEST = 60 if SLOW else 20        # seconds that one answer may take

if pg_cluster.binaries() is None:
    skip_all('the standby takes over', 'no PostgreSQL server is installed')


class Standby(pg_cluster.Cluster):
    """A copy of another cluster that follows it."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__(start=False)

    def run(self, program, *argv):
        if program != 'initdb':
            return super().run(program, *argv)
        return super().run(
            'pg_basebackup', '-D', self.data, '-d',
            'host=%s port=%d user=userkey' % (self.primary.folder,
                                              self.primary.port),
            '-R', '-X', 'stream', '-c', 'fast', '--no-sync')

    def promote(self):
        super().run('pg_ctl', 'promote', '-D', self.data, '-w')


class Pair:
    """What a world takes for one cluster."""

    def __init__(self):
        self.primary = pg_cluster.Cluster(settings=['synchronous_commit = on'])
        self.standby = Standby(self.primary)
        self.standby.start()
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql('SELECT pg_reload_conf()')
        end = time.monotonic() + PATIENCE
        while self.sql('SELECT sync_state FROM pg_stat_replication') != 'sync':
            if time.monotonic() > end:
                raise RuntimeError('the standby does not follow')
            time.sleep(0.05)

    def sql(self, text):
        return self.primary.sql(text)

    def url(self, database):
        both = self.primary, self.standby
        return self.primary.url(
            database, host=','.join(c.folder for c in both),
            port=','.join(str(c.port) for c in both))

    def close(self):
        self.standby.close()
        # Killed like this it has left shared memory behind; a start, with
        # nobody to wait for, removes it.
        self.primary.start()
        self.primary.close()


class Hand(threading.Thread):
    """Asks until it is told to stop, and keeps what it was answered."""

    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world = world
        self.number = number
        self.random = random.Random(number)
        self.over = False
        self.connection = None
        self.answers = []  # (when it came, status, Retry-After, seconds)
        self.wrong = []

    def run(self):
        try:
            while not self.over:
                self.step()
        except Exception as error:
            self.wrong.append('%s stopped: %r' % (self.name, error))

    def is_back(self, moment):
        """Are its last answers those of a service that has its database?"""
        last = [a for a in self.answers[-LAST:] if a[0] > moment]
        return len(last) == LAST and all(a[1] != 503 for a in last)

    def ask(self, method, path, token=None, body=None):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                '127.0.0.1', self.world.http_port, timeout=LONGEST)
        headers = {'Content-Type': 'application/json'} if body else {}
        if token:
            headers['Authorization'] = 'Bearer ' + token
        begin = time.monotonic()
        try:
            self.connection.request(
                method, BASE + path, json.dumps(body) if body else b'',
                headers)
            reply = self.connection.getresponse()
            data = reply.read()
        except (OSError, http.client.HTTPException) as error:
            # The service itself has not gone anywhere.
            self.wrong.append('%s %s: %r' % (method, path, error))
            self.connection.close()
            self.connection = None
            return 0, None
        now = time.monotonic()
        wait = reply.getheader('Retry-After')
        self.answers.append((now, reply.status, wait, now - begin))
        if reply.getheader('Connection') == 'close':
            self.connection.close()
            self.connection = None
        if reply.status == 503:
            time.sleep(0.02)  # less patient than it was told to be
        return reply.status, json.loads(data) if data else None


class Reader(Hand):
    """Logs in with one key; uses what it got, and logs that out."""

    key = None

    def step(self):
        status, got = self.ask('POST', '/app/%s/auth/providers/api-key/login' %
                               self.world.app, None, {'key': self.key})
        if status == 200:
            self.ask('GET', '/auth/profile', got['access_token'])


class Writer(Hand):
    """One user's keys and sessions: each change is asked for until it has an
    answer that is not 503, so that in the end there is no doubt."""

    def __init__(self, world, number, owner, key):
        super().__init__(world, number)
        self.owner = owner
        self.key = key
        self.there = {}     # id -> disabled
        self.text = {}      # id -> key, where it was told
        self.gone = set()   # ids
        self.ended = []     # refresh tokens
        self.acknowledged = 0

    def insist(self, method, path, token, body=None):
        """The answer, and whether an answer before it has left doubts."""
        doubt = False
        while True:
            status, got = self.ask(method, path, token, body)
            if status not in (0, 503):
                self.acknowledged += 200 <= status < 300
                return status, got, doubt
            doubt = True
            if self.over:
                return None, None, True

    def keys(self, method, path='', body=None):
        return self.insist(method, '/auth/api_keys' + path,
                           self.owner.refresh, body)

    def step(self):
        verbs = ['create', 'disable', 'enable', 'delete', 'log out']
        verb = self.random.choice(verbs)
        if verb in ('create', 'delete') and 3 < len(self.there) < 15:
            verb = self.random.choice(verbs)
        if len(self.there) >= 15 and verb == 'create':
            verb = 'delete'
        if not self.there:
            verb = 'create'
        if verb == 'create':
            self.create()
        elif verb == 'log out':
            self.log_out()
        else:
            self.change(verb, self.random.choice(sorted(self.there)))

    def create(self):
        name = 'k%d' % self.random.getrandbits(60)
        status, got, doubt = self.keys('POST', '', {'name': name})
        if status == 201:
            self.there[got['_id']] = False
            self.text[got['_id']] = got['key']
        elif not (doubt and status in (400, 409, None)):
            self.wrong.append('create: %r %r' % (status, got))

    def change(self, verb, id):
        if verb == 'delete':
            status, got, doubt = self.keys('DELETE', '/' + id)
            fine = status == 204 or (doubt and status in (404, None))
            if status is not None:
                self.there.pop(id)
                self.gone.add(id)
        else:
            status, got, doubt = self.keys('PUT', '/%s/%s' % (id, verb))
            fine = status == 204 or (doubt and status is None)
            self.there[id] = verb == 'disable'
        if status is None:  # cut off in doubt: nothing is known of it
            self.there.pop(id, None)
            self.gone.discard(id)
        if not fine:
            self.wrong.append('%s: %r %r' % (verb, status, got))

    def log_out(self):
        status, got, _ = self.insist(
            'POST', '/app/%s/auth/providers/api-key/login' % self.world.app,
            None, {'key': self.key})
        if status is None:
            return
        if status != 200:
            self.wrong.append('login: %r %r' % (status, got))
            return
        token = got['refresh_token']
        status, got, doubt = self.insist('DELETE', '/auth/session', token)
        if status == 204 or (doubt and status == 401):
            self.ended.append(token)
        elif status is not None:
            self.wrong.append('log out: %r %r' % (status, got))

    def compare(self, client):
        """What the new primary has against what was acknowledged."""
        found = []
        now = {k['_id']: k for k in must(client.keys(self.owner.refresh),
                                         200).json}
        for id, disabled in self.there.items():
            if id not in now:
                found.append('lost: key %s' % id)
                continue
            if now[id]['disabled'] != disabled:
                found.append('key %s: disabled is not %s' % (id, disabled))
            status = client.key_login(self.text[id]).status
            if status != (401 if disabled else 200):
                found.append('key %s: login %d' % (id, status))
        found += ['back from the dead: %s' % id for id in self.gone & set(now)]
        for token in self.ended:
            status = client.refresh(token).status
            if status != 401:
                found.append('a session that was logged out: %d' % status)
        return found


def check_gap(answers, begin):
    """Of all answers in their order, those without the database."""
    failed = [a for a in answers if a[1] == 503]
    statuses = collections.Counter(a[1] for a in answers)
    nothing([a for a in answers if a[1] >= 500 and a[1] != 503],
            'no answer is 500')
    ok(failed, 'without a primary requests are answered with 503', statuses)
    nothing([a for a in failed if not re.fullmatch('[1-9][0-9]?', a[2] or '')],
            'each with Retry-After')
    equal([a for a in failed if a[0] < begin], [],
          'and there was none before')
    nothing([a for a in answers if a[3] > LONGEST], 'none of them hangs')
    note('%d answers, %d of them 503; the slowest took %.2f s' % (
        len(answers), len(failed), max(a[3] for a in answers)))
    return failed


def log_lines(text):
    return [line for line in text.splitlines()
            if 'the database' in line and 'audit' not in line]


def wait_until(there):
    end = time.monotonic() + LONGEST
    while not there() and time.monotonic() < end:
        time.sleep(0.05)


def changes(hands):
    return sum(h.acknowledged for h in hands if isinstance(h, Writer))


@group
def standby_takes_over():
    pair = Pair()
    worlds.STORE, worlds._cluster = 'postgresql', pair
    world = World({'log_level': 'notice'})
    client = Client(world)
    hands = []
    for n in range(WRITERS):
        email = 'w%d@example.com' % n
        world.add_user(email, PASSWORD)
        owner = client.session(email, PASSWORD)
        Reader.key = client.new_key(owner, 'login')['key']
        hands.append(Writer(world, n, owner, Reader.key))
    hands += [Reader(world, WRITERS + n) for n in range(READERS)]
    for hand in hands:
        hand.start()
    time.sleep(BEFORE)
    wait_until(lambda: changes(hands) > ENOUGH)
    acknowledged = changes(hands)
    killed = time.monotonic()
    pair.primary.signal(signal.SIGKILL)
    time.sleep(GAP)
    logged = len(log_lines(world.log_text()))
    during = time.monotonic() - killed
    begin = time.monotonic()
    pair.standby.promote()
    promoted = time.monotonic()
    time.sleep(AFTER)
    wait_until(lambda: all(h.is_back(promoted) for h in hands))
    for hand in hands:
        hand.over = True
    for hand in hands:
        hand.join(LONGEST * 2)
    nothing(['%s still waits' % h.name for h in hands if h.is_alive()],
            'every client has its last answer')
    nothing([w for h in hands for w in h.wrong],
            'no connection was cut, no answer was another one')
    answers = sorted(a for h in hands for a in h.answers)
    failed = check_gap(answers, killed)
    ok(acknowledged > ENOUGH, 'there was something to lose', acknowledged)
    nothing([f for h in hands[:WRITERS] for f in h.compare(client)],
            'nothing that was acknowledged is lost: %d changes before, %d '
            'after' % (acknowledged, changes(hands) - acknowledged))
    last = max((a[0] for a in failed), default=promoted)
    again = min((a[0] for a in answers if a[0] > begin and a[1] < 300),
                default=None)
    ok(again is not None and answers[-1][1] < 300
       and len([a for a in answers if a[0] > last]) >= LAST * len(hands),
       'the service goes on by itself')
    ok(0 < logged <= during + 2, 'the log has about a line a second of it',
       *log_lines(world.log_text())[:10])
    note('primary killed at 0.00 s, promotion from %.2f to %.2f, first answer '
         'at %.2f, last 503 at %.2f' % (
             begin - killed, promoted - killed, (again or 0) - killed,
             last - killed))
    world.close()
    pair.close()


main()

#!/usr/bin/python3 -B
"""The server's end: orderly, and without a warning.

What was acknowledged is there afterwards, every time; what was being worked
on when SIGTERM came gets its answer.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from tap import equal, group, main, nothing, note, ok, skip
from wire import BASE, Client, must, read_all, statuses, unread
from world import PATIENCE, SLOW, STORE, World, die_with_us

ROUNDS = 50
world = World({'registration': 'open'})
http_ = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
USER = world.add_user(EMAIL, PASSWORD)


def login_bytes(password=PASSWORD):
    body = ('{"username":"%s","password":"%s"}' % (EMAIL, password)).encode()
    return ('POST %s/app/%s/auth/providers/local-userpass/login HTTP/1.1\r\n'
            'Host: 127.0.0.1\r\nContent-Type: application/json\r\n'
            'Content-Length: %d\r\n\r\n' % (BASE, world.app, len(body))
            ).encode() + body


def connect():
    return socket.create_connection(('127.0.0.1', world.http_port),
                                    timeout=PATIENCE)


@group
def terminated_in_flight():
    """Password logins are slow by design: some are under way for sure."""
    socks = [connect() for _ in range(12)]
    idle = connect()
    for sock in socks:
        sock.sendall(login_bytes())
    first = socks[0].recv(65536)
    while unread(world):  # what it has not taken it need not answer
        time.sleep(0.01)
    world.process.send_signal(signal.SIGTERM)
    got = [first] + [b''] * 11
    for n, sock in enumerate(socks):
        more, _ = read_all(sock, PATIENCE)
        got[n] += more
    codes = [statuses(g) for g in got]
    equal(codes, [[200]] * 12, 'logins in flight at SIGTERM are answered')
    equal(world.wait_gone(), 0, 'then it exits, with status 0')
    ok(read_all(idle, 1)[1], 'an idle connection has not kept it')
    try:
        connect().close()
        late = False
    except OSError:
        late = True
    ok(late, 'and nobody listens any more')
    world.start()


@group
def terminated_at_once():
    for name in ('SIGTERM', 'SIGINT'):
        process = world.process
        begin = time.monotonic()
        process.send_signal(getattr(signal, name))
        equal(world.wait_gone(), 0, name + ' while idle: status 0')
        ok(time.monotonic() - begin < 10, 'without much ado')
        world.start()
    half = connect()
    half.sendall(login_bytes()[:80])
    equal(world.stop(), 0, 'a half-sent request does not keep it')
    half.close()
    world.start()
    process = world.process
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    equal(process.poll(), None, 'SIGHUP does not end it')
    equal(http_.location().status, 200, 'it goes on serving')


class Hand(threading.Thread):
    """One user's keys, changed as fast as answers come, until the server
    dies; remembers what was acknowledged and what was under way."""

    def __init__(self, number, seed):
        super().__init__(daemon=True)
        self.number = number
        self.random = random.Random(seed)
        self.sure = {}      # id -> disabled, as acknowledged
        self.gone = set()   # ids whose deletion was acknowledged
        self.doubt = None   # (verb, id or name) that got no answer
        self.text = {}      # id -> key
        self.unexpected = []
        self.count = 0

    def go_on(self, seed):
        """The next one, which knows what this one knew."""
        hand = Hand(self.number, seed)
        hand.session, hand.sure = self.session, self.sure
        hand.text, hand.gone = self.text, self.gone
        return hand

    def log_in(self):
        self.session = http_.session('hand%d@example.com' % self.number,
                                     PASSWORD)

    def run(self):
        connection = http_.connect()
        try:
            while True:
                self.step(connection)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def ask(self, connection, method, path, body=None):
        headers = {'Authorization': 'Bearer ' + self.session.refresh}
        if body:
            headers['Content-Type'] = 'application/json'
        connection.request(method, BASE + '/auth/api_keys' + path, body,
                           headers)
        reply = connection.getresponse()
        data = reply.read()
        if len(data) != int(reply.getheader('Content-Length') or 0):
            raise OSError('cut')
        return reply.status, data

    def step(self, connection):
        verb = self.random.choice(['create', 'create', 'disable', 'enable',
                                   'delete'])
        if len(self.sure) >= 18 and verb == 'create':
            verb = 'delete'
        if not self.sure:
            verb = 'create'
        self.count += 1
        if verb == 'create':
            name = 'k%d' % self.random.getrandbits(60)
            self.doubt = (verb, name)
            status, data = self.ask(connection, 'POST', '',
                                    '{"name":"%s"}' % name)
            if status == 201:
                made = json.loads(data)
                self.sure[made['_id']] = False
                self.text[made['_id']] = made['key']
        else:
            id = self.random.choice(sorted(self.sure))
            self.doubt = (verb, id)
            if verb == 'delete':
                status, _ = self.ask(connection, 'DELETE', '/' + id)
            else:
                status, _ = self.ask(connection, 'PUT', '/%s/%s' % (id, verb))
            if status == 204 and verb == 'delete':
                del self.sure[id]
                self.gone.add(id)
            elif status == 204:
                self.sure[id] = verb == 'disable'
        if status not in (201, 204):
            self.unexpected.append((verb, status))
        self.doubt = None

    def compare(self):
        """What the server has now against what it said."""
        found = list(self.unexpected)
        now = {k['_id']: k for k in must(http_.keys(self.session.refresh),
                                         200).json}
        verb, what = self.doubt or (None, None)
        for id, disabled in self.sure.items():
            if id not in now:
                if not (verb == 'delete' and what == id):
                    found.append('lost %s' % id)
                continue
            if now[id]['disabled'] != disabled and not (
                    verb in ('enable', 'disable') and what == id):
                found.append('%s: disabled is not %s' % (id, disabled))
            login = http_.key_login(self.text[id]).status
            if login != (401 if now[id]['disabled'] else 200):
                found.append('%s: login %d' % (id, login))
        for id in self.gone & set(now):
            found.append('back from the dead: %s' % id)
        for id in set(now) - set(self.sure) - self.gone:
            if not (verb == 'create' and now[id]['name'] == what):
                found.append('from nowhere: %s' % now[id])
        self.doubt = None
        self.sure = {id: k['disabled'] for id, k in now.items()
                     if id in self.text}
        for id in set(now) - set(self.text):  # made, but never told
            must(http_.delete(self.session.refresh, id), 204)
        return found


def wait_for_changes(hands, count, rng):
    """Until so many have been asked for, however fast the machine is; then a
    little longer, so that the end comes anywhere within one."""
    end = time.monotonic() + PATIENCE
    while sum(h.count for h in hands) < count and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.01))


def kill():
    """And PostgreSQL has finished what it was asked before: until then a change
    that nobody was told of may still come."""
    world.kill()
    end = time.monotonic() + PATIENCE
    while STORE == 'postgresql' and time.monotonic() < end and world.sql(
            'SELECT count(*) FROM pg_stat_activity WHERE pid <>'
            ' pg_backend_pid() AND datname = current_database()') != [['0']]:
        time.sleep(0.01)


@group
def killed():
    for n in range(3):
        world.add_user('hand%d@example.com' % n, PASSWORD)
    hands = [Hand(n, n) for n in range(3)]
    rng = random.Random(1)
    for hand in hands:
        hand.log_in()
    found, counts = [], []
    for number in range(ROUNDS):
        hands = [old.go_on(number * 10 + old.number) for old in hands]
        if number % 5 == 4:  # between requests
            kill()
            world.start()
        for hand in hands:
            hand.start()
        wait_for_changes(hands, rng.randint(4, 60), rng)
        kill()
        for hand in hands:
            hand.join(PATIENCE)
        world.start()
        counts.append(sum(h.count for h in hands))
        for hand in hands:
            found += ['round %d: %s' % (number, f) for f in hand.compare()]
    nothing(found, '%d rounds of kill -9: all that was acknowledged is there'
            % ROUNDS)
    ok(min(counts) > 3, 'there was something to lose each time',
       counts)
    note('%d changes, %d in the shortest round' % (sum(counts), min(counts)))


@group
def terminated_under_load():
    """What got no answer was not done either: it had not been taken."""
    for n in range(10, 14):
        world.add_user('hand%d@example.com' % n, PASSWORD)
    hands = [Hand(n, n) for n in range(10, 14)]
    rng = random.Random(2)
    for hand in hands:
        hand.log_in()
    found, counts = [], []
    for number in range(8):
        hands = [old.go_on(number * 10 + old.number) for old in hands]
        for hand in hands:
            hand.start()
        wait_for_changes(hands, rng.randint(40, 120), rng)
        begin = time.monotonic()
        world.process.send_signal(signal.SIGTERM)
        status = world.wait_gone()
        if status != 0:
            found.append('round %d: status %s' % (number, status))
        if time.monotonic() - begin > 15:
            found.append('round %d: it took its time' % number)
        for hand in hands:
            hand.join(PATIENCE)
        world.start()
        counts.append(sum(h.count for h in hands))
        for hand in hands:
            hand.doubt = None
            found += ['round %d: %s' % (number, f) for f in hand.compare()]
    nothing(found, 'SIGTERM under load, 8 times: status 0, and each change '
            'has its answer')
    ok(min(counts) > 39, 'there was something to lose each time', counts)


@group
def ended_sessions_survive_a_kill():
    found = []
    for number in range(5):
        s, other = (http_.session(EMAIL, PASSWORD) for _ in range(2))
        key = http_.new_key(s, 'r%d' % number)
        keyed = http_.key_session(key['key'])
        must(http_.logout(other.refresh), 204)
        must(http_.disable(s.refresh, key['_id']), 204)
        world.kill()
        world.start()
        for text, status in (
                ('logged out', http_.refresh(other.refresh).status),
                ('key disabled', http_.refresh(keyed.refresh).status),
                ('key disabled, login', http_.key_login(key['key']).status)):
            if status != 401:
                found.append('round %d: %s: %d' % (number, text, status))
        must(http_.delete(s.refresh, key['_id']), 204)
    nothing(found, 'log outs and disabled keys are not forgotten by kill -9')


def all_traced(tracer):
    """Each thread of the server, by this process."""
    task = '/proc/%d/task' % world.process.pid
    for tid in os.listdir(task):
        with open('%s/%s/status' % (task, tid)) as file:
            if 'TracerPid:\t%d\n' % tracer not in file.read():
                return False
    return True


@group
def on_the_disk_before_it_is_acknowledged():
    """A power failure is not a kill -9: the data must be flushed first."""
    if STORE != 'sqlite':
        skip('flushed before the answer', 'another process writes to the disk')
        return
    if not shutil.which('strace') or SLOW:
        skip('flushed before the answer', 'no strace, or a sanitizer build')
        return
    s = http_.session(EMAIL, PASSWORD)
    key = http_.new_key(s, 'flush')
    trace = os.path.join(world.folder, 'trace')
    strace = subprocess.Popen(
        ['strace', '-f', '-y', '-qq', '-s', '24', '-o', trace, '-e',
         'trace=fsync,fdatasync,sendto,sendmsg,write,writev,msync', '-p',
         str(world.process.pid)], stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, preexec_fn=die_with_us)
    try:
        end = time.monotonic() + PATIENCE
        while (strace.poll() is None and not all_traced(strace.pid)
               and time.monotonic() < end):
            time.sleep(0.05)
        if strace.poll() is not None:
            skip('flushed before the answer',
                 'strace cannot look at the server here')
            return
        rows = [('create', lambda: http_.create(s.refresh, 'flush2'), 201),
                ('disable', lambda: http_.disable(s.refresh, key['_id']), 204),
                ('enable', lambda: http_.enable(s.refresh, key['_id']), 204),
                ('delete', lambda: http_.delete(s.refresh, key['_id']), 204),
                ('log out', lambda: http_.logout(s.refresh), 204)]
        for text, call, status in rows:
            begin = os.path.getsize(trace)
            must(call(), status)
            end, lines = time.monotonic() + PATIENCE, []
            while time.monotonic() < end and not any(
                    'HTTP/1.1 %d' % status in line for line in lines):
                time.sleep(0.05)
                with open(trace) as file:
                    file.seek(begin)
                    lines = file.read().splitlines()
            flushed = next((n for n, line in enumerate(lines) if re.search(
                r'(fsync|fdatasync)\(.*userkey\.db', line)), None)
            sent = next((n for n, line in enumerate(lines)
                         if 'HTTP/1.1 %d' % status in line), None)
            ok(flushed is not None and sent is not None and flushed < sent,
               text + ': flushed to the disk before the answer', *lines[:40])
    finally:
        strace.terminate()
        strace.wait()


main(world)

#!/usr/bin/python3 -B
"""Keys by the tool as they grow old: expiry, last use, rotation that loses
nothing whatever fails on the way, pruning, and the key for who asks for it."""

import base64
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time

from tap import contains, equal, group, main, nothing, ok, skip
from wire import Client
from world import BUILD, PATIENCE, World, die_with_us

TOOL = os.path.join(BUILD, 'userkey')
PASSWORD = 'paint the ninth fence'
KEY = re.compile(r'\Aukey[0-9A-Za-z]{60}\n\Z')
(DONE, FAILED, USAGE, NOT_FOUND, NOT_LOGGED_IN, DENIED, CONFLICT, NETWORK,
 CANCELLED) = range(9)
DAY = 24 * 3600
HELD = 'User API key: '

world = World()
client = Client(world)
folder = os.path.realpath(tempfile.mkdtemp(prefix='userkey-life-',
                                           dir=world.folder))


def without_key_id(text):
    """A session, as one of a service that names no key in its tokens."""
    body = json.loads(text)
    head, claims, mac = body['access_token'].split('.')
    claims = json.loads(base64.urlsafe_b64decode(claims + '=='))
    del claims['key_id']
    claims = base64.urlsafe_b64encode(json.dumps(claims).encode())
    body['access_token'] = '.'.join((head, claims.decode().rstrip('='), mac))
    return json.dumps(body).encode()


class Relay:
    """Between the tool and the service; breaks what it is told to break."""

    def __init__(self):
        relay = self
        self.broken = {}  # (method, end of path) -> how
        self.ahead = 0  # of the service's clock; None: it has none

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def log_message(self, *args):
                pass

            def date_time_string(self, timestamp=None):
                return 'none' if relay.ahead is None else \
                    super().date_time_string(time.time() + relay.ahead)

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get(
                    'Content-Length') or 0))
                path = self.path.partition('?')[0]
                how = [h for (m, end), h in relay.broken.items()
                       if m == self.command and path.endswith(end)]
                how = how[0] if how else None
                if how == 'forget':
                    self.path = path
                elif isinstance(how, int):
                    return self.reply(how, b'{"error":"broken","error_code":'
                                      b'"AuthError"}' if how == 401 else b'')
                elif how == 'cut':
                    return self.connection.shutdown(socket.SHUT_RDWR)
                elif str(how).startswith('ukey'):  # another's logs in
                    body = re.sub(rb'ukey\w{60}', how.encode(), body)
                there = http.client.HTTPConnection(
                    '127.0.0.1', world.http_port, timeout=PATIENCE)
                there.request(self.command, self.path, body, {
                    k: v for k, v in self.headers.items()
                    if k.lower() in ('authorization', 'content-type',
                                     'content-length')})
                got = there.getresponse()
                text = got.read()
                there.close()
                if how == 'lose':
                    return self.connection.shutdown(socket.SHUT_RDWR)
                if how == 'expiry':
                    text = json.dumps({k: v for k, v in json.loads(
                        text).items() if k != 'expires_at'}).encode()
                if callable(how):
                    how()
                if how == 'nameless':
                    text = without_key_id(text)
                return self.reply(got.status, text)

            def reply(self, status, text):
                self.send_response(status)
                if text:
                    self.send_header('Content-Type', 'application/json')
                if status != 204:
                    self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(text)

            do_GET = do_POST = do_PUT = do_DELETE = pass_on

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0),
                                                      Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return 'http://127.0.0.1:%d' % self.server.server_port


relay = Relay()


class Person:
    """Somebody who is logged in, in a home of their own."""

    def __init__(self, name):
        self.home = os.path.join(folder, name)
        os.mkdir(self.home, 0o700)
        self.id = world.add_user(name + '@example.org', PASSWORD)
        done = self('login', '--url', relay.url, '--app', world.app,
                    '--email', name + '@example.org', '--password-stdin',
                    stdin=PASSWORD + '\n')
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def __call__(self, *argv, stdin='', program=TOOL, out=None, **env):
        env = {'PATH': '/usr/bin:/bin', 'HOME': self.home, **env}
        done = subprocess.run(
            [program, *argv], input=stdin, text=True, env=env, cwd=self.home,
            stdout=out or subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=PATIENCE * 3, preexec_fn=die_with_us,
            start_new_session=True)
        if re.search(r'ukey[0-9A-Za-z]{60}|Sanitizer', done.stderr):
            ok(False, 'no secret and no complaint on standard error',
               done.stderr)
        return done

    def create(self, name, *more):
        done = self('create', name, *more)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def keys(self):
        return {k['name']: k for k in json.loads(self('list',
                                                      '--json').stdout)}


def works(value):
    return client.key_login(value).status == 200


def check(done, status, text, err=None):
    good = done.returncode == status and (err is None or err in done.stderr)
    return ok(good, text, 'status %d, wanted %d' % (done.returncode, status),
              'out: %s' % done.stdout, 'err: ' + done.stderr)


def sql_time(name, column, seconds_ago):
    world.sql("UPDATE api_key SET %s = %d WHERE name = '%s'" % (
        column, (time.time() - seconds_ago) * 10 ** 6, name))


@group
def expiry():
    ann = Person('ann')
    now = time.time()
    value = ann.create('limited', '--expires', '90d')
    ann.create('plain')
    ok(works(value), 'a key that expires logs in')
    limited = ann.keys()['limited']
    ok(now + 90 * DAY - 1 <= limited['expires'] <= time.time() + 90 * DAY,
       'and the list says until when', limited)
    ok(now - 1 <= limited['created'] <= time.time(), 'and since when')
    equal(limited['state'], 'enabled', 'and that it works')
    ok('expires' not in ann.keys()['plain'], 'no end where there is none')
    done = ann('create', 'dated', '--expires', '2099-01-31')
    contains(done.stderr, 'good until 2099-01-31T00:00:00Z',
             'a date is its beginning')
    equal(ann.keys()['dated']['expires'], 4073500800, 'in UTC')
    equal(json.loads(ann('create', 'exact', '--json', '--expires',
                         '2099-01-31T12:00:01Z').stdout)['expires'],
          4073544001, 'or a moment')
    check(ann('create', 'for-ever', '--expires', 'never'), DONE, 'or never')
    for bad in ('', 'soon', '2099-02-31', '2001-01-01', '0', '0d', '-5d',
                '90 d', '101000d', '2099-01-31x', '99999999999999999999d',
                '2250-01-01'):
        check(ann('create', 'bad', '--expires', bad), USAGE,
              "not '%s'" % bad, '--expires')
    ok('bad' not in ann.keys(), 'none of these has made a key')
    rows = {r.split('\t')[1]: r.split('\t')
            for r in ann('list').stdout.splitlines()}
    equal(rows['limited'][4], time.strftime(
        '%Y-%m-%dT%H:%M:%SZ', time.gmtime(limited['expires'])),
        'a program gets the date in the table')
    equal(rows['plain'][4:], ['-', '-'], 'and none for none')
    check(ann('expire', 'plain', 'dated', '--expires', '12h'), DONE,
          'an expiry can be set later')
    ok(ann.keys()['dated']['expires'] < time.time() + DAY / 2 + 5, 'it is')
    check(ann('expire', 'dated', '--expires', 'never'), DONE, 'and taken off')
    ok('expires' not in ann.keys()['dated'], 'it is')
    check(ann('expire', 'dated'), USAGE, 'expire wants a time', '--expires')
    check(ann('expire', 'none', '--expires', '1d'), NOT_FOUND, 'and a key')
    sql_time('limited', 'expires', 60)
    ok(not works(value), 'an expired key does not log in')
    equal(ann.keys()['limited']['state'], 'expired', 'and the list says so')
    contains(ann('show', 'limited').stdout, '\texpired\t', 'so does show')
    relay.broken[('POST', '/api_keys')] = 'expiry'
    done = ann('create', 'too-long', '--expires', '1d')
    relay.broken.clear()
    check(done, FAILED, 'a service that does not know of it',
          'does not know keys that expire')
    ok('too-long' not in ann.keys(), 'keeps no key for that')
    equal(done.stdout, '', 'and nobody sees its value')


@group
def the_last_use():
    bob = Person('bob')
    value = bob.create('used')
    ok('last_used' not in bob.keys()['used'], 'a new key has no use')
    now = int(time.time())
    works(value)
    end = time.monotonic() + PATIENCE
    while 'last_used' not in bob.keys()['used'] and time.monotonic() < end:
        time.sleep(0.1)
    ok(now <= bob.keys()['used'].get('last_used', 0) <= time.time(),
       'a login is one')


@group
def room():
    cat = Person('cat')
    done = [cat('create', 'k%d' % n) for n in range(18)]
    nothing([d.stderr for d in done[:17] if 'of 20' in d.stderr],
            'with 17 keys nothing is said')
    contains(done[17].stderr, '18 of 20 keys are there', 'with 18 it is')
    contains(cat('list').stderr, "'userkey prune'", 'also by list')
    equal(cat('create', 'k18', '--raw').stderr, '', 'but not with --raw')
    cat.create('k19')
    check(cat('rotate', 'k0'), CONFLICT, 'without room nothing is rotated')
    ok(len(cat.keys()) == 20 and cat.keys()['k0']['state'] == 'enabled',
       'and nothing has changed')
    cat('disable', 'k1')
    sql_time('k1', 'disabled_at', 31 * DAY)
    check(cat('prune', '--yes'), DONE, 'prune makes room')
    check(cat('rotate', 'k0'), DONE, 'for a rotation')


@group
def rotation():
    dan = Person('dan')
    old = dan.create('ci')
    done = dan('rotate', 'ci')
    check(done, DONE, 'rotate', "'userkey enable")
    new = done.stdout.strip()
    ok(KEY.match(done.stdout), 'the value alone is on standard output')
    equal((works(old), works(new)), (False, True), 'the new key is in')
    keys = dan.keys()
    equal((keys['ci']['state'], keys['ci-2']['state']),
          ('disabled', 'enabled'), 'the old one is disabled')
    done = dan('rotate', 'ci-2', '--grace', '7d', '--json')
    check(done, DONE, 'rotate with a grace')
    told = json.loads(done.stdout)
    equal((told['name'], told['old_name'], told['old_id']),
          ('ci-3', 'ci-2', keys['ci-2']['id']), 'JSON tells both')
    equal((works(new), works(told['key'])), (True, True), 'both work')
    end = dan.keys()['ci-2']['expires']
    ok(time.time() + 7 * DAY - 60 < end <= time.time() + 7 * DAY,
       'the old one until the grace is over')
    done = dan('rotate', 'ci-3', '--grace', '30d')
    contains(done.stderr, 'goes on working until', 'people are told the date')
    sql_time('ci-2', 'expires', 1)
    ok(not works(new), 'then it is refused')
    dan.create('short', '--expires', '90d')
    dan('expire', 'short', '--expires', '1d')
    before = dan.keys()['short']['expires']
    dan('rotate', 'short', '--grace', '7d', '--name', 'named')
    keys = dan.keys()
    equal(keys['short']['expires'], before, 'a grace gives no more time')
    ok(abs(keys['named']['expires'] - time.time() - DAY) < 60,
       'the new key has the life of the old', keys['named'])
    dan('rotate', 'named', '--name', 'free', '--expires', 'never')
    ok('expires' not in dan.keys()['free'], 'unless another is given')
    dan.create('ever')
    dan('rotate', 'ever', '--grace', '7d')
    done = dan('rotate', 'ever')
    contains(done.stderr, "was 'userkey rotate ever-2' meant?",
             'a key that has been rotated already: which one has its place')
    ok('expires' not in dan.keys()['ever-3'],
       'and the end of its grace is not what it was made for')
    dan.create('days', '--expires', '90d')
    dan('rotate', 'days', '--grace', '7d')
    equal(dan('rotate', 'days', '--raw').stderr, '', '--raw says nothing')
    ok(abs(dan.keys()['days-3']['expires'] - time.time() - 90 * DAY) < 60,
       'but the life of the one in its place')
    for bad in (('rotate', 'free', '--grace', 'x'),
                ('rotate', 'free', '--grace', '-1d'),
                ('rotate', 'free', '--expires', 'x'),
                ('rotate', 'free', '--raw', '--json'),
                ('rotate', 'free', '--name', 'a b'),
                ('rotate', 'free', '--name', 'x' * 200), ('rotate',)):
        check(dan(*bad), USAGE, ' '.join(bad)[:40])
    check(dan('rotate', 'free', '--name', 'ci'), CONFLICT, 'a taken name')
    check(dan('rotate', 'none'), NOT_FOUND, 'no such key')
    equal(dan('rotate', 'free', '--raw').stderr, '', '--raw is silent')


@group
def rotation_in_a_file():
    eve = Person('eve')
    path = os.path.join(eve.home, 'key')
    eve('create', 'ci', '--out', path)
    old = open(path).read().strip()
    done = eve('rotate', 'ci', '--out', path)
    check(done, DONE, 'the file with the key gets the new one')
    new = open(path).read().strip()
    ok(new != old and works(new) and not works(old), 'and it works')
    equal((done.stdout, stat.S_IMODE(os.stat(path).st_mode)), ('', 0o600),
          'its owner alone can read it')
    other = os.path.join(eve.home, 'other')
    for text in ('', 'my notes\n', new + '\n' + new + '\n'):
        with open(other, 'w') as file:
            file.write(text)
        os.chmod(other, 0o600)
        check(eve('rotate', 'ci-2', '--out', other), USAGE,
              'a file with something else', 'not overwritten')
        equal(open(other).read(), text, 'stays as it is')
    os.remove(other)
    os.symlink(path, other)
    ok(eve('rotate', 'ci-2', '--out', other).returncode != DONE,
       'a symbolic link is not followed')
    os.chmod(path, 0o644)
    ok(eve('rotate', 'ci-2', '--out', path).returncode != DONE,
       'a file that others can read is not used')
    os.chmod(path, 0o600)
    equal(sorted(eve.keys()), ['ci', 'ci-2'], 'none of these has made a key')
    ok(works(new), 'nor ended one')
    check(eve('rotate', 'ci-2', '--out', os.path.join(eve.home, 'new')), DONE,
          'a new file is made')
    ok(works(open(os.path.join(eve.home, 'new')).read().strip()),
       'for a key that works')
    # The only copy of another key.
    eve('create', 'bee', '--out', other + '2')
    bee = open(other + '2').read()
    before = sorted(eve.keys())

    def is_kept(key, words, text):
        check(eve('rotate', key, '--out', other + '2'), USAGE, text, words)
        equal((open(other + '2').read(), sorted(eve.keys())), (bee, before),
              'and nothing has changed')

    is_kept('ci-3', "is not 'ci-3'", 'the file of another key is kept')
    relay.broken[('POST', '/api-key/login')] = 'nameless'
    is_kept('bee', 'does not say', 'so it is where nobody says whose it is')
    for broken in (500, 'cut'):
        relay.broken[('POST', '/api-key/login')] = broken
        check(eve('rotate', 'bee', '--out', other + '2'), NETWORK,
              'or where nobody answers', other + '2')
    relay.broken.clear()
    equal((open(other + '2').read(), sorted(eve.keys())), (bee, before),
          'and nothing has changed')
    eve('disable', 'bee')
    is_kept('bee', 'does not log in', 'or if it does not log in')
    eve('enable', 'bee')
    check(eve('rotate', 'bee', '--out', other + '2'), DONE, 'else it goes')


@group
def whatever_fails():
    """At each step: the old key works, or somebody has the new one."""
    fay = Person('fay')
    path = os.path.join(fay.home, 'key')
    fay('create', 'ci', '--out', path)
    old = open(path).read().strip()
    anothers = Person('guy').create('of-guy')
    login, create = '/api-key/login', '/api_keys'
    for what, broken, status, left, words in (
            ('the new key is not made', {('POST', create): 500}, NETWORK, [],
             'is as it was'),
            ('its answer is lost', {('POST', create): 'lose'}, NETWORK,
             ['ci-2'], 'is as it was'),
            ('it does not log in', {('POST', login): 401}, DENIED, [],
             'does not log in'),
            ('it logs in as another', {('POST', login): anothers}, FAILED, [],
             'logs in as another user'),
            ('the login has no answer', {('POST', login): 'cut'}, NETWORK, [],
             'deleted again'),
            ('the service fails', {('POST', login): 500}, NETWORK, [],
             'deleted again'),
            ('it cannot be deleted again',
             {('POST', login): 500, ('DELETE', ''): 500}, NETWORK, ['ci-2'],
             'removes it')):
        relay.broken.update(broken)
        done = fay('rotate', 'ci', '--out', path + '2')
        relay.broken.clear()
        check(done, status, what, words)
        ok(not os.path.exists(path + '2'), 'no file is left behind')
        equal((open(path).read().strip(), works(old)), (old, True),
              'the old key is there, and works')
        names = sorted(fay.keys())
        equal(names, ['ci'] + left, 'what is left over')
        contains(done.stderr, "the old key 'ci'", 'and people are told')
        if left:
            fay('delete', *left, '--yes')
    done = fay('rotate', 'ci', out=open('/dev/full', 'w'))
    check(done, FAILED, 'its value does not arrive', 'deleted again')
    equal((sorted(fay.keys()), works(old)), (['ci'], True), 'nothing changed')
    # The file has the new value: what was in it is gone.
    shut, write_end = os.pipe()
    os.close(shut)
    for out in ('/dev/full', write_end):
        done = fay('rotate', 'ci', '--json', '--out', path,
                   out=open(out, 'w'))
        check(done, FAILED, 'the file is there and the output fails',
              "works and its value is in '%s'" % path)
        nothing([w for w in ('deleted', 'left behind') if w in done.stderr],
                'nothing is taken back')
        new = open(path).read().strip()
        ok(new != old and works(new), 'the key in the file works')
        ok(works(old), 'and the old one does')
        contains(done.stderr, "'userkey disable " + fay.keys()['ci']['id'],
                 'which people are told how to end')
        fay('delete', 'ci', '--yes')
        fay('create', 'ci', '--out', path + '2')
        os.replace(path + '2', path)
        old = open(path).read().strip()
    for step, grace in (('/disable', ()), ('/expiry', ('--grace', '1d'))):
        relay.broken[('PUT', step)] = 500
        done = fay('rotate', 'ci', *grace)
        relay.broken.clear()
        check(done, NETWORK, 'the old key is not ended',
              'the new key')
        ok(works(old) and works(done.stdout.strip()), 'then both work')
        contains(done.stderr, "'userkey disable", 'and people are told how')
    relay.broken[('GET', create)] = 'forget'
    before = sorted(fay.keys())
    done = fay('rotate', 'ci', '--grace', '1d')
    check(done, FAILED, 'a service without expiry gives no grace',
          'without it the old key is disabled')
    equal(sorted(fay.keys()), before, 'and no key is made')
    check(fay('rotate', 'ci'), DONE, 'it does rotate')
    relay.broken.clear()
    ok(not works(old), 'and ends the old key')


@group
def pruning():
    gus = Person('gus')
    values = {n: gus.create(n) for n in
              ('good', 'off-now', 'off-long', 'over-now', 'over-long',
               'limited', 'unknown')}
    gus('disable', 'off-now', 'off-long', 'unknown')
    sql_time('off-long', 'disabled_at', 31 * DAY)
    sql_time('over-now', 'expires', 29 * DAY)
    sql_time('over-long', 'expires', 31 * DAY)
    sql_time('limited', 'expires', -DAY)
    world.sql("UPDATE api_key SET disabled_at = 0 WHERE name = 'unknown'")
    done = gus('prune', '--dry-run')
    check(done, DONE, 'what would go', 'nobody knows when')
    equal([r.split('\t')[1:3] for r in done.stdout.splitlines()],
          [['off-long', 'disabled'], ['over-long', 'expired']],
          'is what has been over for a month')
    contains(done.stderr, "'--older-than 0'", 'what nobody knows is told')
    equal([k['name'] for k in json.loads(gus('prune', '--dry-run',
                                             '--json').stdout)],
          ['off-long', 'over-long'], 'to programs, too')
    check(gus('prune'), USAGE, 'nothing goes without a yes', '--yes')
    equal(len(gus.keys()), 7, 'all are there')
    done = gus('prune', '--yes')
    check(done, DONE, 'with one', 'off-long  disabled since 20')
    equal(sorted(gus.keys()), sorted(set(values) - {'off-long', 'over-long'}),
          'those two are gone')
    check(gus('prune', '--yes'), DONE, 'once', 'no key has been over')
    equal([r['result'] for r in json.loads(gus(
        'prune', '--yes', '--json', '--older-than', '28d').stdout)],
        ['deleted'], 'another time')
    check(gus('prune', '--yes', '--older-than', '0'), DONE, 'or all of it')
    equal(sorted(gus.keys()), ['good', 'limited'], 'that is over')
    ok(works(values['good']) and works(values['limited']),
       'what works is never pruned')
    check(gus('prune', '--older-than', 'x'), USAGE, 'no time')
    # Times are the service's, by the service's clock.
    for name in ('old', 'off'):
        values[name] = gus.create(name)
    sql_time('old', 'expires', 31 * DAY)
    relay.ahead = -2 * DAY
    check(gus('prune', '--yes'), DONE, 'a clock of ours that is ahead',
          'no key has been over')
    relay.ahead = None
    check(gus('prune', '--yes'), FAILED, 'no clock to go by', 'what time it is')
    relay.ahead = 32 * DAY
    equal([k['name'] for k in json.loads(gus('prune', '--dry-run',
                                             '--json').stdout)],
          ['limited', 'old'], 'the clock of the service alone counts')
    relay.ahead = 0
    # Between the question and the deletion somebody takes them back.
    gus('disable', 'off')
    sql_time('off', 'disabled_at', 31 * DAY)
    ids = {k: v['id'] for k, v in gus.keys().items()}

    def take_back():
        relay.broken.clear()
        gus('enable', 'off')
        gus('expire', 'old', '--expires', '1d')

    def once():
        relay.broken[('GET', '/api_keys')] = take_back

    relay.broken[('GET', '/api_keys')] = once
    done = gus('prune', '--yes')
    relay.broken.clear()
    check(done, CONFLICT, 'what is in use again stays',
          "'off' (%s) has been changed" % ids['off'])
    contains(done.stderr, "'old' (%s) has been changed" % ids['old'],
             'so does what has got more time')
    ok(works(values['off']) and works(values['old']), 'both work')
    equal(json.loads(gus('prune', '--json', '--yes').stdout), [],
          'nothing is an empty list')


@group
def by_an_administrator():
    hal = Person('hal')
    admin = os.path.join(hal.home, 'admin.conf')
    with open(admin, 'w') as file:
        file.write('url = %s\napp_id = %s\n' % (relay.url, world.app))
        file.write(world.command('admin-key', 'create', 'ops',
                                 *world.where()).stdout)
    os.chmod(admin, 0o600)
    of = ('--admin-file', admin, '--user', 'hal@example.org')
    old = hal('create', 'ci', *of, '--expires', '9d').stdout.strip()
    done = hal('rotate', 'ci', '--grace', '1d', *of)
    check(done, DONE, "rotates another's key")
    ok(works(old) and works(done.stdout.strip()), 'both work meanwhile')
    sql_time('ci', 'expires', 1)
    check(hal('prune', '--older-than', '0', '--yes', *of), DONE, 'and prunes')
    equal(list(hal.keys()), ['ci-2'], 'then there is one')
    robot = json.loads(hal('server-key', 'create', 'robot', '--expires', '1d',
                           '--admin-file', admin, '--json').stdout)
    ok(robot['expires'] > time.time(), 'a key of a server expires too')
    check(hal('server-key', 'expire', 'robot', '--expires', 'never',
              '--admin-file', admin), DONE, 'until it does not')
    row = hal('server-key', 'list', '--admin-file', admin).stdout.split('\t')
    equal((row[3], row[5]), (robot['user_id'], '-'),
          'its user stands where it stood')


@group
def askpass():
    ida = Person('ida')
    value = ida.create('laptop')
    where = os.path.join(ida.home, '.config', 'userkey')
    os.makedirs(where, 0o700)
    path = os.path.join(where, 'key')

    def keep(text, mode=0o600, at=path):
        with open(at, 'w') as file:
            file.write(text)
        os.chmod(at, mode)

    check(ida('askpass', HELD), FAILED, 'no key is kept', 'no key is kept')
    keep(value + '\n')
    link = os.path.join(folder, 'userkey-askpass')
    os.symlink(TOOL, link)
    for question in (HELD, 'User API key:', '(ann@example.org) ' + HELD,
                     '(ann@[::1]) ' + HELD):
        equal(ida('askpass', question).stdout, value + '\n',
              'an answer to "%s"' % question)
        done = ida(question, program=link)
        equal((done.stdout, done.stderr), (value + '\n', ''), 'by the link')
    for question in (
            '', 'Password: ', "ann@example.org's password: ", 'yes/no',
            "The authenticity of host 'x' can't be established.\nAre you sure"
            ' you want to continue connecting (yes/no/[fingerprint])? ',
            "Enter passphrase for key '/home/ann/.ssh/id': ",
            '[sudo] password for ann: ', '(a@b) x) ' + HELD,
            '(a@b) Password: ', 'x ' + HELD, HELD + 'x', HELD + HELD,
            '(' + HELD, 'user api key: ', 'User API key (yes/no): ',
            '--help', '--file', '-h'):
        done = ida(question, program=link)
        check(done, FAILED, 'none to "%s"' % question[:50].replace('\n', ' '),
              'askpass: ')
        equal(done.stdout, '', 'nothing at all')
    equal(ida('askpass', '--prompt', 'Key? ', '(a@b) Key?').stdout,
          value + '\n', 'another prompt is known by --prompt')
    equal(ida('askpass', '--prompt', '(a@b) Key? ', '(a@b) Key? ').stdout,
          value + '\n', 'which may be the whole question')
    check(ida('askpass', '--prompt', '(a@b) Key? ', '(a@c) Key? '), FAILED,
          'of one host')
    check(ida('askpass', '--prompt', 'Key? ', HELD), FAILED, 'alone')
    check(ida('askpass', '--prompt', '', ''), FAILED, 'which is not empty')
    check(ida(program=link), USAGE, 'a question must be there')
    check(ida('askpass', value), USAGE, 'and is no key', 'value of a key')
    hosts = os.path.join(where, 'askpass_hosts')
    asked = (('(a@good) ', True), ('(a@b@good) ', True), ('(a@evil) ', False),
             ('(good@evil) ', False), ('(a@Good) ', False),
             ('(a@goo) ', False), ('(a@) ', False), ('(good ', False),
             ('(a@goodly) ', False), ('(a@good.evil) ', False))
    for given, file, sudo in ((('--host', 'good'), 'evil\n', False),
                              (('--host', 'x,good,sudo'), '', True),
                              ((), '# mine\n\n good \nsudo\n', True),
                              ((), 'x\ngood', False)):
        keep(file, at=hosts)
        for origin, may in asked + (('', sudo),):
            done = ida('askpass', *given, origin + HELD)
            ok(done.stdout == (value + '\n' if may else '') and
               done.returncode == (DONE if may else FAILED),
               'another host gets nothing' if not may else
               'a host on the list gets it', origin, given, file)
    for question in ('(a@evil) (a@good) ' + HELD, '(a@evil@good) x) ' + HELD,
                     '(a@evil) @good) ' + HELD):
        done = ida(question, program=link)
        equal((done.returncode, done.stdout), (FAILED, ''),
              'a server cannot write the host')
    keep('good\n', 0o666, at=hosts)
    done = ida('(a@good) ' + HELD, program=link)
    check(done, FAILED, 'a list that others can change is not believed', hosts)
    keep('', at=hosts)
    check(ida(HELD, program=link), FAILED, 'an empty one names nobody', hosts)
    os.remove(hosts)
    check(ida('askpass', '--host', '', HELD), FAILED, 'in both forms')
    for mode in (0o640, 0o604, 0o660, 0o602):
        keep(value, mode)
        for argv in ((), ('--file', path)):
            done = ida('askpass', *argv, HELD)
            check(done, FAILED, 'a file of mode %o is not believed' % mode,
                  path)
            equal(done.stdout, '', 'and gives nothing')
    for text in ('', '\n', 'two words\n', value + '\n' + value + '\n',
                 'x' * 5000):
        keep(text)
        check(ida('askpass', HELD), FAILED, 'no key: %r' % text[:20])
    keep('a-key-of-another-service')
    equal(ida('askpass', HELD).stdout, 'a-key-of-another-service\n',
          'a key of another form is one')
    os.remove(path)
    os.symlink('/etc/passwd', path)
    check(ida('askpass', HELD), FAILED, 'a symbolic link is not followed')
    os.remove(path)
    # Elsewhere.
    other = os.path.join(ida.home, 'other')
    keep(value, at=other)
    equal(ida('askpass', '--file', other, HELD).stdout, value + '\n', '--file')
    check(ida('askpass', '--file', path, HELD), FAILED,
          '--file that is not there')
    os.makedirs(os.path.join(ida.home, 'xdg', 'userkey'), 0o700)
    keep(value, at=os.path.join(ida.home, 'xdg', 'userkey', 'key'))
    equal(ida('askpass', HELD, XDG_CONFIG_HOME=os.path.join(
        ida.home, 'xdg')).stdout, value + '\n', 'XDG_CONFIG_HOME')
    check(ida('askpass', HELD, XDG_CONFIG_HOME='xdg'), FAILED,
          'a relative one does not count')
    credentials = os.path.join(ida.home, 'credentials')
    os.mkdir(credentials, 0o700)
    keep('another-key', 0o440, os.path.join(credentials, 'userkey'))
    equal(ida('askpass', HELD, CREDENTIALS_DIRECTORY=credentials,
              XDG_CONFIG_HOME=os.path.join(ida.home, 'xdg')).stdout,
          'another-key\n', "systemd's credential comes first")
    os.remove(os.path.join(credentials, 'userkey'))
    equal(ida('askpass', HELD, CREDENTIALS_DIRECTORY=credentials,
              XDG_CONFIG_HOME=os.path.join(ida.home, 'xdg')).stdout,
          value + '\n', 'where it is there')
    if os.path.exists('/dev/full'):
        check(ida('askpass', '--file', other, HELD,
                  out=open('/dev/full', 'w')), FAILED, 'a full disk is told')


@group
def the_secret_service():
    """The desktop's, as far as it runs without one."""
    for program in ('dbus-run-session', 'gnome-keyring-daemon', 'secret-tool'):
        if shutil.which(program) is None:
            skip('the secret service', program + ' is not installed')
            return
    jan = Person('jan')
    value = jan.create('desktop')
    link = os.path.join(folder, 'userkey-askpass')
    script = (
        'printf secret | gnome-keyring-daemon --unlock --components=secrets'
        ' >keyring.log 2>&1\n'
        '"$1" "$2" 2>none; echo $?\n'
        'printf "two words" | secret-tool store --label x service userkey\n'
        '"$1" "$2" 2>words; echo $?\n'
        'secret-tool store --label x service userkey\n'
        '"$1" "$2"; echo $?\n'
        '"$1" "Password: " 2>other; echo $?\n')
    done = jan('--', 'sh', '-c', script, 'sh', link, HELD, stdin=value,
               program=shutil.which('dbus-run-session'),
               XDG_RUNTIME_DIR=jan.home)
    equal(done.stdout, '1\n1\n%s\n0\n1\n' % value,
          'gives the key that is kept there, and nothing else')
    for name, words in (('none', 'no key is kept'),
                        ('words', 'no key in the secret service'),
                        ('other', 'does not ask')):
        contains(open(os.path.join(jan.home, name)).read(), words,
                 'it says: ' + words)


main(world)

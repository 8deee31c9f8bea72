#!/usr/bin/python3 -B
"""Where secrets are not: not in the database, its journals, the log at its
highest level, the command line or the environment; and whose files these are.

The server runs under umask 000 and with everything on that could leak.
"""

import os
import re
import stat

from tap import contains, equal, group, main, nothing, ok
from wire import BASE, Client, checksum, must, raw
from world import STORE, World, cluster

world = World({'registration': 'open', 'log_level': 'debug'}, tls=True,
              umask=0o000)
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'Marker-Passw0rd-5d1c'
TYPED = 'Marker-Typed-77aa'
world.add_user(EMAIL, PASSWORD)
SECRETS = {'password': PASSWORD, 'wrong password': TYPED}


def keep(name, value):
    SECRETS[name] = value
    return value


@group
def use_everything():
    """Good and bad uses of every secret, over both listeners."""
    for n, client in enumerate((http, Client(world, tls=True))):
        s = client.session(EMAIL, PASSWORD)
        keep('access token %d' % n, s.access)
        keep('refresh token %d' % n, s.refresh)
        must(client.register('new%d@example.com' % n,
                             keep('new password %d' % n,
                                  'Marker-New-%d-93f1' % n)), 201)
        keys = [client.new_key(s, 'k%d-%d' % (n, i)) for i in range(4)]
        for i, key in enumerate(keys):
            keep('key %d-%d' % (n, i), key['key'])
        keyed = client.key_session(keys[0]['key'])
        keep('refresh token by key %d' % n, keyed.refresh)
        must(client.disable(s.refresh, keys[1]['_id']), 204)
        must(client.delete(s.refresh, keys[2]['_id']), 204)
        for status, answer in (
                (401, client.key_login(keys[1]['key'])),
                (401, client.key_login(keys[2]['key'])),
                (401, client.key_login(keep('typed key', 'ukey' + 'Mk' * 30))),
                (401, client.login(EMAIL, TYPED)),
                (401, client.login('nobody@example.com', TYPED)),
                (401, client.refresh(keep('bad token', 'Marker.Bad.Token'))),
                (403, client.keys(keyed.refresh)),
                (404, client.key(s.refresh, '0' * 24)),
                (400, client.create(s.refresh, 'a b')),
                (401, client.profile(s.refresh)),
                (400, client.provider('api-key', 'login', (
                    '{"key":"%s"' % keys[3]['key']).encode())),
                (400, client.provider('api-key', 'login', (
                    '{"key":"%s","key":"x"}' % keys[3]['key']).encode())),
                (404, client.call('GET', '/' + keep('path', 'MarkerPath'))),
                (204, client.logout(s.refresh))):
            equal(answer.status, status, 'a use of secrets: %d' % status)
    key = SECRETS['key 0-3']
    raw(world, ('POST %s/app/%s/auth/providers/api-key/login?key=%s HTTP/1.1'
                '\r\nHost: x\r\nContent-Length: -1\r\nAuthorization: Bearer '
                '%s\r\n\r\n{"key":"%s"}' % (BASE, world.app, key, key, key))
        .encode(), 1)
    raw(world, ('GET /?key=%s HTTP/1.1\r\nHost: x\r\n\r\n' % key).encode(), 1)
    raw(world, ('%s\r\n\r\n' % key).encode(), 0.5)


def contents(folder):
    """Every file, and what is in it."""
    for where, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(where, name)
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    with open(path, 'rb') as file:
                        yield path, file.read()
            except FileNotFoundError:
                pass  # a journal comes and goes


def holders(folder):
    """(file, secret) for every secret that stands in a file."""
    found = []
    for path, content in contents(folder):
        for what, secret in SECRETS.items():
            # A token's claims are no secret; its signature is.
            mark = secret.rsplit('.', 1)[-1].encode()
            if what == 'path':
                continue
            if mark in content or mark.hex().encode() in content:
                found.append('%s: %s' % (path, what))
    return found


def database():
    """The folder of the database, once all of it is there."""
    if STORE == 'sqlite':
        files = os.listdir(world.data)
        ok('userkey.db' in files and any(f.endswith('-wal') for f in files),
           'database and journal are there', files)
        return world.data
    cluster().sql('CHECKPOINT')
    ok(os.listdir(os.path.join(cluster().data, 'pg_wal')),
       'database and journal are there')
    return cluster().folder  # with its log


@group
def not_on_the_disk():
    equal(len([n for n in SECRETS if n.startswith('key ')]), 8,
          'there is something to look for')
    folder = database()
    ok(any(EMAIL.encode() in content for _, content in contents(folder)),
       'what is no secret can be read there')
    for each in {folder, world.data}:
        nothing(holders(each), 'no secret in database, journal and files')
    log = world.log_text()
    ok(len(log.splitlines()) > 40, 'the log has a line for each of them',
       len(log.splitlines()))
    nothing([what for what, secret in SECRETS.items()
             if what != 'path' and secret.rsplit('.', 1)[-1] in log],
            'no secret in the log at its highest level')
    nothing(re.findall(r'ukey[0-9A-Za-z]{30}', log), 'nor part of a key')
    nothing([line for line in log.splitlines()
             if not all(0x20 <= ord(c) <= 0x7e for c in line)],
            'log lines are printable')
    with open(os.path.join(world.data, 'signing_key'), 'rb') as file:
        signing = file.read().strip()
    with open(os.path.join(world.data, 'pepper'), 'rb') as file:
        pepper = file.read().strip()
    nothing([path for path, content in contents(folder)
             if os.path.basename(path) not in ('signing_key', 'pepper')
             and (signing in content or pepper in content)],
            'the database has neither signing key nor pepper')
    ok(len(signing) >= 32 and len(pepper) >= 32 and signing != pepper,
       'these two are long, and not the same')


@group
def not_in_the_process():
    pid = world.process.pid
    for name in ('cmdline', 'environ'):
        try:
            with open('/proc/%d/%s' % (pid, name), 'rb') as file:
                content = file.read()
        except PermissionError:
            content = b''  # not even its own user may look
        nothing([w for w, s in SECRETS.items() if s.encode() in content],
                'no secret in its ' + name)
    with open('/proc/%d/limits' % pid) as file:
        limits = file.read()
    ok(re.search(r'Max core file size\s+0\s', limits) or
       os.stat('/proc/%d/environ' % pid).st_uid != os.geteuid(),
       'it leaves no core file', limits)


@group
def log_lines_cannot_be_forged():
    before = len(world.log_text().splitlines())
    odd = 'x\nlistening on http://127.0.0.1:1\x1b]0;owned\x07'
    http.login(odd, PASSWORD)
    http.create(http.session(EMAIL, PASSWORD).refresh, odd)
    http.call('GET', '/%0a%1b%5b31m')
    http.call('GET', '/auth/profile', headers={'User-Agent': 'a\x1b[31m',
                                               'X-Forwarded-For': 'a\x1b[0m'})
    raw(world, b'GET /\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n', 0.5)
    lines = world.log_text().splitlines()[before:]
    nothing([line for line in lines if '\x1b' in line
             or re.match(r'(<\d>)?\s*listening on http://127.0.0.1:1', line)],
            'what a client sends makes no line and no colour in the log')


@group
def audit():
    """Who, what and why are in the log, under the request id of the answer."""
    text = 'ukey' + 'A' * 54
    unknown = text + checksum(text)
    rows = [(http.key_login(unknown), 'unknown'),
            (http.key_login(SECRETS['key 0-1']), 'disabled'),
            (http.login(EMAIL, TYPED), 'password')]
    log = world.log_text()
    for answer, word in rows:
        id = answer.header('X-Appservices-Request-Id')
        line = next((line for line in log.splitlines() if id in line), '')
        contains(line, word, 'the log says why: %s' % word)
        contains(line, '127.0.0.1', 'and from where')


@group
def whose_files():
    world.restart()  # also what is made anew
    http.new_key(http.session(EMAIL, PASSWORD), 'more')
    found = []
    for where, folders, files in os.walk(world.data):
        if stat.S_IMODE(os.stat(where).st_mode) != 0o700:
            found.append('%s: %o' % (where, os.stat(where).st_mode))
        for name in files:
            path = os.path.join(where, name)
            if stat.S_IMODE(os.stat(path).st_mode) != 0o600:
                found.append('%s: %o' % (path, os.stat(path).st_mode))
    nothing(found, 'under umask 000, folders are 0700 and files 0600')


main(world)

#!/usr/bin/python3 -B
"""Operating the service: numbers, health, settings read again, the watchdog."""

import ctypes
import http.client
import json
import os
import re
import select
import signal
import socket
import threading
import time

import exposition
from tap import contains, equal, group, main, nothing, ok, skip
from wire import BASE, Client, must
from world import PATIENCE, SLOW, STORE, World, cluster

world = World({'registration': 'open', 'listen_metrics': '127.0.0.1:0',
               'log_level': 'info'}, tls=True, start=False)
http_ = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
NOTIFY = os.path.join(world.folder, 'notify')
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(NOTIFY)
WATCHDOG_MS = 4000 if SLOW else 2000


def told(seconds):
    """What the service manager is told in this time."""
    found, end = [], time.monotonic() + seconds
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([manager], [], [], left)[0]:
            return found
        found.append(dict(line.split('=', 1) for line in
                          manager.recv(4096).decode().splitlines()))


def told_until(word, seconds=PATIENCE):
    """Everything up to the message that has this name in it."""
    found, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        found += told(0.05)
        if any(word in message for message in found):
            return found
    return found


def start(watchdog=False, **settings):
    world.wrap = ['env', 'NOTIFY_SOCKET=' + NOTIFY]
    if watchdog:
        world.wrap.append('WATCHDOG_USEC=%d' % (WATCHDOG_MS * 1000))
    world.start(**settings)


def port():
    return int(re.findall(r'metrics on http://127.0.0.1:(\d+)',
                          world.log_text(world.log_from))[-1])


def ask(path, method='GET', at=None, timeout=PATIENCE):
    connection = http.client.HTTPConnection('127.0.0.1', at or port(),
                                            timeout=timeout)
    try:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode(), dict(reply.getheaders())
    finally:
        connection.close()


def health(what):
    status, text, _ = ask('/health/' + what)
    return status, text.strip()


def numbers():
    return exposition.read(ask('/metrics')[1])[1]


def value(samples, name, **labels):
    """The sum of the samples that have these labels."""
    return sum(v for (n, l), v in samples.items()
               if n == name and set(labels.items()) <= l)


def until(check, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.05)
    return bool(check())


def hup(changes=(), text='read again'):
    """Write the settings anew, and wait for the line that says so."""
    at = len(world.log_text())
    world.write_config(**dict(changes))
    world.process.send_signal(signal.SIGHUP)
    until(lambda: text in world.log_text()[at:] or
          'stay' in world.log_text()[at:])
    told_until('READY')
    return world.log_text()[at:]


@group
def a_port_of_its_own():
    start()
    status, text, headers = ask('/metrics')
    equal(status, 200, 'GET /metrics')
    equal(headers['Content-Type'],
          'text/plain; version=0.0.4; charset=utf-8', 'with its type')
    types, samples = exposition.read(text)
    ok(len(types) > 15, 'and the format is as it should be')
    equal(health('live'), (200, 'ok'), 'it lives')
    equal(health('ready'), (200, 'ok'), 'it is ready')
    found = []
    for path in ('/', '/metrics/', '/health', '/health/', '/health/live/x',
                 BASE + http_.app + '/location', '/metrics%00', '//metrics'):
        if ask(path)[0] not in (400, 404):
            found.append(path)
    for path in ('/metrics', '/health/live', '/health/ready'):
        if ask(path, 'POST')[0] != 405 or ask(path, 'DELETE')[0] != 405:
            found.append(path + ': methods')
        for url in (world.http_port,):
            if ask(path, at=url)[0] != 404:
                found.append(path + ' on the public port')
    nothing(found, 'nothing else is there, and none of it elsewhere')


@group
def other_hosts():
    """A page whose name means this machine reads nothing by a browser here."""
    def as_host(*lines, version='1.1'):
        with socket.create_connection(('127.0.0.1', port()), PATIENCE) as sock:
            sock.sendall(('GET /health/live HTTP/%s\r\n%s\r\n' % (
                version, ''.join('Host: %s\r\n' % host for host in lines))
                ).encode())
            return int(sock.recv(4096).split()[1])
    at = ':%d' % port()
    equal([host for host in ('localhost', 'localhost' + at, 'LOCALHOST',
                             'localhost.', '127.0.0.1' + at, '127.0.0.1',
                             '127.8.9.1:1', '[::1]' + at, '[::1]')
           if as_host(host) != 200], [], 'names of this machine for itself')
    equal([host for host in ('evil.example', 'evil.example' + at,
                             'localhost.evil.example', '127.0.0.1.evil.example',
                             'evil-localhost', '10.0.0.1', '0.0.0.0', '[::2]',
                             '[::ffff:10.0.0.1]', '127.1', 'x' * 200)
           if as_host(host) != 403], [], 'no others')
    equal(as_host(version='1.0'), 200, 'who names none is no browser')
    equal(ask('/metrics')[0], 200, 'the numbers are there as before')


@group
def nobody_is_kept_waiting():
    """A local user who holds every connection that there is, and takes more
    as soon as one is gone, keeps no probe waiting."""
    begun = {'idle': b'',
             'half a head': b'GET /health/live HTTP/1.1\r\nHost: loc',
             'half a body': b'POST /metrics HTTP/1.1\r\nHost: localhost\r\n'
                            b'Content-Length: 9\r\n\r\n1',
             'answered': b'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n'}
    for what, sent in begun.items():
        end = threading.Event()
        full = threading.Semaphore(0)

        def hold(to):
            mine = []
            while not end.is_set():
                mine = [s for s in mine
                        if not select.select([s], [], [], 0)[0] or
                        s.recv(1 << 16)]
                while len(mine) < 40 and not end.is_set():
                    mine.append(socket.create_connection(to, PATIENCE))
                    mine[-1].sendall(sent)
                full.release()
                end.wait(0.02)
            for one in mine:
                one.close()

        threads = [threading.Thread(target=hold, args=(('127.0.0.1', port()),))
                   for _ in range(3)]
        for one in threads:
            one.start()
        for _ in range(6):
            full.acquire(timeout=PATIENCE)
        waits = []
        for _ in range(3):
            start, status = time.monotonic(), None
            # Who comes next may take the place of who has not asked yet, so
            # one who is sent away asks again, as those who watch do.
            while status != 200 and time.monotonic() < start + 9:
                try:
                    status = health('live')[0]
                except OSError as problem:
                    status = problem
            waits.append((time.monotonic() - start, status))
        end.set()
        for one in threads:
            one.join()
        ok(all(status == 200 and wait < 9
               for wait, status in waits),
           '120 connections, %s' % what, waits)


@group
def counted():
    s = http_.session(EMAIL, PASSWORD)
    made = [http_.new_key(s, 'k%d' % n) for n in range(3)]
    before, began = numbers(), time.monotonic()
    for _ in range(5):
        http_.key_session(made[0]['key'])
    must(http_.disable(s.refresh, made[1]['_id']), 204)
    for _ in range(4):
        must(http_.key_login(made[1]['key']), 401)
    must(http_.delete(s.refresh, made[2]['_id']), 204)
    for _ in range(3):
        must(http_.key_login(made[2]['key']), 401)
    for _ in range(2):
        must(http_.login(EMAIL, 'wrong'), 401)
    must(http_.login('nobody@example.com', 'wrong'), 401)
    ended = http_.session(EMAIL, PASSWORD)
    must(http_.logout(ended.refresh), 204)
    must(http_.call('GET', '/nowhere'), 404)
    must(http_.location(), 200)
    after = numbers()

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    def logins(**labels):
        return grown('userkey_decisions_total', event='login', **labels)

    rows = [
        ('key logins granted', logins(provider='api-key', verdict='granted'),
         5),
        ('... of a disabled key', logins(provider='api-key',
                                         verdict='refused',
                                         reason='disabled'), 4),
        ('... of a deleted key', logins(provider='api-key', verdict='refused',
                                        reason='deleted'), 3),
        ('wrong passwords', logins(provider='local-userpass',
                                   reason='bad-password'), 2),
        ('unknown addresses', logins(provider='local-userpass',
                                     reason='unknown'), 1),
        ('all logins', logins(), 16),
        ('log outs', grown('userkey_decisions_total', event='logout',
                           verdict='granted'), 1),
        ('key logins that were taken', grown(
            'userkey_http_requests_total', status='2xx', method='POST',
            route=BASE + '/app/*/auth/providers/api-key/login'), 5),
        ('and that were not', grown(
            'userkey_http_requests_total', status='4xx', method='POST',
            route=BASE + '/app/*/auth/providers/api-key/login'), 7),
        ('no such route', grown('userkey_http_requests_total', route='none',
                                status='4xx'), 1),
        ('times of key logins', grown(
            'userkey_http_request_duration_seconds_count', route='key-login'),
         12),
        ('times of password logins', grown(
            'userkey_http_request_duration_seconds_count',
            route='password-login'), 4),
        ('changes of the database', grown(
            'userkey_transaction_changes_sum'), 3),
        ('connections', grown('userkey_connections_total'), 21),
    ]
    for text, got, want in rows:
        equal(got, want, text)
    # Last logins are written once a second, in transactions of their own.
    transactions = grown('userkey_transaction_duration_seconds_count')
    ok(3 <= transactions <= 4 + time.monotonic() - began,
       'each in a transaction', transactions)
    took = grown('userkey_http_request_duration_seconds_sum',
                 route='password-login')
    ok(took > 0.004, 'a password takes its time: %.3f s' % took)
    equal(value(after, 'userkey_queue_limit', queue='password'), 64,
          'so many passwords may wait')
    born = value(after, 'userkey_start_time_seconds')
    ok(abs(time.time() - born) < 600, 'when it was started')
    expiry = value(after, 'userkey_certificate_expiry_time_seconds')
    ok(29 * 86400 < expiry - time.time() < 31 * 86400,
       'when the certificate expires')
    equal(value(after, 'userkey_database_connections_total') > 0,
          STORE == 'postgresql', 'connections to a database server')
    nothing([key for key in numbers() if 'ukey' in str(key)
             or EMAIL in str(key)], 'no key and no address stands there')


@group
def handshakes():
    before = numbers()
    for payload in (b'', b'GET / HTTP/1.0\r\n\r\n'):
        with socket.create_connection(('127.0.0.1', world.tls_port),
                                      timeout=PATIENCE) as sock:
            sock.sendall(payload)
    must(Client(world, tls=True).location(), 200)
    ok(until(lambda: value(numbers(), 'userkey_tls_connections_unused_total') -
             value(before, 'userkey_tls_connections_unused_total') == 2),
       'two handshakes that came to nothing, and not the one that did')
    must(Client(world, tls=True).location(), 200)
    equal(value(numbers(), 'userkey_tls_connections_unused_total') -
          value(before, 'userkey_tls_connections_unused_total'), 2,
          'a good one is not counted')


@group
def settings_are_read_again():
    s = http_.session(EMAIL, PASSWORD)
    key = http_.new_key(s, 'again')['key']
    kept = http_.connect()
    kept.request('GET', BASE + http_.app + '/location')
    kept.getresponse().read()
    told(0.2)
    at = len(world.log_text())
    world.write_config(registration='closed', failed_logins_per_user=2,
                       allowed_origins='https://a.example',
                       public_url='https://b.example',
                       access_token_lifetime='90s', threads='1')
    world.process.send_signal(signal.SIGHUP)
    messages = told_until('READY')
    names = [name for message in messages for name in message
             if name in ('RELOADING', 'READY')]
    equal(names, ['RELOADING', 'READY'], 'the service manager is told')
    usec = [m['MONOTONIC_USEC'] for m in messages if 'RELOADING' in m]
    ok(usec and 0 < time.monotonic() - int(usec[0]) / 1e6 < 60,
       'and when it began', messages)
    text = world.log_text()[at:]
    lines = [line for line in text.splitlines() if 'read again: ' in line]
    equal(len(lines), 1, 'one line says what has changed')
    for part in ("'registration' is now 'closed' (was 'open')",
                 "'failed_logins_per_user' is now '2' (was '100000')",
                 "'access_token_lifetime' is now '90s' (was '1800s')",
                 "'allowed_origins' is now 'https://a.example' (was '')"):
        contains(lines[0], part, part)
    contains(text, "need a restart have changed: 'threads'",
             'and which needs a restart')
    equal(http_.register('new@example.com', PASSWORD).status, 403,
          'registration')
    login = must(http_.key_login(key), 200)
    import base64
    claims = json.loads(base64.urlsafe_b64decode(
        login.get('access_token').split('.')[1] + '=='))
    equal(claims['exp'] - claims['iat'], 90, 'lifetimes')
    equal(http_.location(headers={'Origin': 'https://c.example'}).status, 403,
          'origins')
    contains(http_.location().body.decode(), 'https://b.example', 'public_url')
    codes = [http_.login(EMAIL, 'wrong').status for _ in range(4)]
    equal(codes, [401, 401, 429, 429], 'limits')
    kept.request('GET', BASE + http_.app + '/location')
    equal(kept.getresponse().status, 200, 'connections from before go on')
    kept.close()
    text = hup(dict.fromkeys(('registration', 'allowed_origins', 'public_url',
                              'access_token_lifetime', 'threads')))
    contains(text, "'public_url' is now '' (was 'https://b.example')",
             'a line that is gone is a default again')
    hup({'failed_logins_per_user': 100000, 'registration': 'open'})


@group
def a_broken_file_changes_nothing():
    http_.session(EMAIL, PASSWORD)
    good = open(world.config).read()
    for bad, number in (('bogus = 1', 2), ('log_level = loud', 2),
                        ('registration = open\nregistration = open', 3)):
        with open(world.config, 'w') as file:
            file.write('public_url = https://evil.example\n' + bad + '\n' +
                       re.sub('^(log_level|registration) .*\n', '', good,
                              flags=re.M))
        at = len(world.log_text())
        world.process.send_signal(signal.SIGHUP)
        messages = told_until('READY')
        text = world.log_text()[at:]
        ok("'%s':%d" % (world.config, number) in text and 'stay' in text,
           '%r: the log says where' % bad, text)
        ok(any('READY' in m for m in messages), 'and the reload is over')
        equal('evil.example' in http_.location().body.decode(), False,
              'the settings from before hold')
    os.rename(world.config, world.config + '.away')
    at = len(world.log_text())
    world.process.send_signal(signal.SIGHUP)
    told_until('READY')
    contains(world.log_text()[at:], 'stay', 'no file at all')
    os.rename(world.config + '.away', world.config)
    contains(hup(), 'nothing has changed', 'the good one is the same again')


@group
def log_level():
    hup({'log_level': 'notice'})
    at = len(world.log_text())
    http_.session(EMAIL, PASSWORD)
    must(http_.login(EMAIL, 'wrong'), 401)
    until(lambda: 'bad-password' in world.log_text()[at:])
    text = world.log_text()[at:]
    ok('verdict=refused' in text and 'verdict=granted' not in text,
       'notice: refusals, no successes', text)
    hup({'log_level': 'info'}, text="'log_level' is now")
    at = len(world.log_text())
    http_.session(EMAIL, PASSWORD)
    ok(until(lambda: 'verdict=granted' in world.log_text()[at:]),
       'info: successes too')


@group
def while_it_serves():
    """Settings and certificate are exchanged again and again; nobody's
    request notices."""
    s = http_.session(EMAIL, PASSWORD)
    key = http_.new_key(s, 'busy')['key']
    body = json.dumps({'key': key})
    found, counts, ended = [], [], threading.Event()

    def log_in():
        connection, count = http_.connect(), 0
        while not ended.is_set():
            connection.request(
                'POST', '%s%s/auth/providers/api-key/login' % (
                    BASE, http_.app), body,
                {'Content-Type': 'application/json'})
            reply = connection.getresponse()
            reply.read()
            count += 1
            if reply.status != 200:
                found.append(reply.status)
        counts.append(count)

    threads = [threading.Thread(target=log_in, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(40):
        world.write_config(logins_per_user=9000000 + n)
        world.process.send_signal(signal.SIGHUP)
        told_until('READY')
    ended.set()
    for thread in threads:
        thread.join(PATIENCE)
    equal(world.log_text().count("'logins_per_user' is now '90000"), 40,
          'settings are exchanged 40 times')
    nothing(found, 'and every login was answered')
    ok(len(counts) == 4 and min(counts) > 0, 'and there were some', counts)
    equal(health('live'), (200, 'ok'), 'it lives')


@group
def the_database_is_away():
    if STORE != 'postgresql':
        skip('not ready without the database', 'a file is never away')
        return
    told(0)
    cluster().signal(signal.SIGSTOP)
    try:
        ok(until(lambda: health('ready') == (503, 'database')),
           'not ready, and why')
        equal(health('live'), (200, 'ok'), 'but it lives')
        exposition.read(ask('/metrics')[1])
        ok(True, 'and tells its numbers')
    finally:
        cluster().signal(signal.SIGCONT)
    ok(until(lambda: health('ready') == (200, 'ok')), 'ready again')
    before = value(numbers(), 'userkey_database_connections_total')
    cluster().stop('immediate')
    ok(until(lambda: health('ready') == (503, 'database')), 'stopped')
    until(lambda: http_.login(EMAIL, PASSWORD).status == 503)
    cluster().start()
    ok(until(lambda: http_.login(EMAIL, PASSWORD).status == 200 and
             health('ready') == (200, 'ok')), 'and ready again')
    after = numbers()
    ok(value(after, 'userkey_database_connections_total') > before,
       'connections made anew are counted')
    ok(value(after, 'userkey_database_outages_total') > 0, 'so are outages')
    ok(value(after, 'userkey_database_failed_requests_total') > 0,
       'and what they cost')


@group
def stopping():
    """Who has sent half a request keeps it for some seconds."""
    half = socket.create_connection(('127.0.0.1', world.http_port))
    half.sendall(('POST %s%s/auth/providers/api-key/login HTTP/1.1\r\n'
                  'Host: 127.0.0.1\r\nContent-Type: application/json\r\n'
                  'Content-Length: 100\r\n\r\n{' % (BASE, http_.app)).encode())
    must(http_.location(), 200)
    at = port()
    told(0)
    world.process.send_signal(signal.SIGTERM)
    ok(any('STOPPING' in m for m in told_until('STOPPING')),
       'the service manager is told')
    status, text, _ = ask('/health/ready', at=at)
    equal((status, text.strip()), (503, 'stopping'), 'not ready')
    equal(ask('/health/live', at=at)[0], 200, 'but it lives')
    half.close()
    equal(world.wait_gone(), 0, 'and ends with status 0')


@group
def secrets_from_the_service_manager():
    """LoadCredential= gives a folder that nobody can write to."""
    folder = os.path.join(world.folder, 'credentials')
    os.mkdir(folder, 0o700)
    for name in ('signing_key', 'pepper'):
        place = os.path.join(world.data, name)
        with open(place, 'rb') as old, open(
                os.path.join(folder, name), 'wb') as new:
            new.write(old.read())
        os.chmod(os.path.join(folder, name), 0o400)
        os.rename(place, place + '.away')
    os.chmod(folder, 0o500)
    start(secrets=folder)
    equal(http_.login(EMAIL, PASSWORD).status, 200,
          'the secrets stand there, and only there')
    world.stop()
    told(0)


class Held:
    """One thread of the server, stopped: it hangs, the others go on."""

    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                            ctypes.c_void_p]
    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, name):
        folder = '/proc/%d/task' % world.process.pid
        self.tid = next(
            int(tid) for tid in sorted(os.listdir(folder))
            if open('%s/%s/comm' % (folder, tid)).read().strip() == name)

    def __enter__(self):
        if self.libc.ptrace(self.SEIZE, self.tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), 'ptrace')
        self.libc.ptrace(self.INTERRUPT, self.tid, None, None)
        os.waitpid(self.tid, 0x40000000)  # __WALL
        return self

    def __exit__(self, *_):
        self.libc.ptrace(self.DETACH, self.tid, None, None)


def beats(seconds):
    return sum('WATCHDOG' in message for message in told(seconds))


@group
def watchdog():
    if STORE != 'sqlite':
        skip('the watchdog', 'the same with every store')
        world.start()
        return
    start(watchdog=True)
    first = told_until('READY')
    ok(any('STATUS' in m and 'answering' in m['STATUS'] for m in first),
       'a sentence with READY', first)
    period = WATCHDOG_MS / 1000
    told(period)
    got = beats(4 * period)
    ok(got >= 5, 'idle: beats come, at half the time', got)
    ok(got <= 12, 'and no more than that', got)
    try:
        with Held('loop'):
            pass
    except OSError as why:
        skip('no beats while a thread hangs', 'no ptrace here: %s' % why)
        return
    for name in ('loop', 'writer', 'hasher', 'operate')[:1 if SLOW else 4]:
        with Held(name):
            told(period)  # one may be under way
            equal(beats(2 * period), 0, name + ' hangs: no beats')
            if name != 'operate':
                ok(until(lambda: health('live') == (503, 'stuck')),
                   '/health/live says so')
                equal(health('ready'), (503, 'stuck'), 'and so does ready')
        ok(any('WATCHDOG' in m for m in told_until('WATCHDOG')),
           name + ' goes on: so do the beats')
        ok(until(lambda: health('live') == (200, 'ok')), 'and it lives')
    contains(world.log_text(world.log_from), 'a thread hangs: loop',
             'the log names it')


main(world)

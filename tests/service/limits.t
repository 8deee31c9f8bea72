#!/usr/bin/python3 -B
"""Many failures: 429 with Retry-After, while a good key logs in at once."""

import http.client
import re
import signal
import socket
import threading
import time

from tap import equal, group, main, nothing, ok
from wire import BASE, Answer, Client, must
from world import NO_LIMITS, PATIENCE, World

TRIES = 400  # more failures than any setting should let pass
world = World(dict(dict.fromkeys(NO_LIMITS), registration='open',
                   log_level='info'))
http_ = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
world.add_user('bob@example.com', PASSWORD)
s = http_.session(EMAIL, PASSWORD)
KEY = http_.new_key(s, 'k')['key']
OFF = http_.new_key(s, 'off')
must(http_.disable(s.refresh, OFF['_id']), 204)


class From:
    """Requests from one address of the loopback network."""

    def __init__(self, address, headers=None):
        self.address = address
        self.headers = dict(headers or {}, **{
            'Content-Type': 'application/json'})
        self.connection = None

    def post(self, path, body):
        if not self.connection:
            self.connection = http.client.HTTPConnection(
                '127.0.0.1', world.http_port, timeout=PATIENCE,
                source_address=(self.address, 0))
        try:
            self.connection.request('POST', '%s/app/%s/auth/providers/%s' % (
                BASE, world.app, path), body, self.headers)
            reply = self.connection.getresponse()
            answer = Answer(reply.status, reply.getheaders(), reply.read())
            if 'close' in (answer.header('Connection') or '').lower():
                self.connection.close()
                self.connection = None
            return answer
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise

    def key(self, key):
        return self.post('api-key/login', '{"key":"%s"}' % key)

    def password(self, email, password):
        return self.post('local-userpass/login',
                         '{"username":"%s","password":"%s"}' % (
                             email, password))


def until_throttled(call):
    """The first 429, and how many other statuses came before it."""
    seen = {}
    for n in range(TRIES):
        answer = call(n)
        if answer.status == 429:
            return answer, seen
        seen[answer.status] = seen.get(answer.status, 0) + 1
    return None, seen


def check_429(answer, seen, text):
    ok(answer is not None, text + ': 429 comes within %d tries' % TRIES, seen)
    if not answer:
        return
    equal(set(seen), {401}, text + ': before that, 401 each time')
    ok(seen.get(401, 0) >= 3, text + ': and a few mistakes are forgiven',
       seen)
    ok(re.fullmatch(r'[1-9][0-9]{0,4}', answer.header('Retry-After') or ''),
       text + ': Retry-After has a number of seconds', answer.headers)
    ok(answer.error and answer.all('Content-Type') == ['application/json'],
       text + ': the answer can be read', answer)


def made_up(n):
    return 'ukey%060d' % n


@group
def keys():
    guesser = From('127.0.0.1')
    answer, seen = until_throttled(lambda n: guesser.key(made_up(n)))
    check_429(answer, seen, 'wrong keys')
    begin = time.monotonic()
    got = [guesser.key(KEY).status for _ in range(10)]
    equal(got, [200] * 10, 'a good key from the same address logs in')
    ok(time.monotonic() - begin < 10, 'at once')
    equal(From('127.0.0.9').key(KEY).status, 200, 'and from another')
    equal(From('127.0.0.9').key(made_up(0)).status, 401,
          'where a wrong one is not throttled')
    equal(guesser.key(OFF['key']).status in (401, 429), True,
          'a disabled key stays refused')


@group
def passwords():
    here = From('127.0.0.5')
    equal({here.password('bob@example.com', PASSWORD).status
           for _ in range(60)}, {200}, 'the right one is no failed try')
    guesser = From('127.0.0.2')
    answer, seen = until_throttled(
        lambda n: guesser.password(EMAIL, 'wrong horse %d' % n))
    check_429(answer, seen, 'wrong passwords')
    ok(guesser.password(EMAIL, 'wrong again').status == 429,
       'and it goes on being 429')
    equal(From('127.0.0.3').password('bob@example.com', PASSWORD).status, 200,
          'somebody else logs in from elsewhere')
    equal(http_.refresh(s.refresh).status, 201,
          "the victim's sessions go on")
    equal(From('127.0.0.2').key(KEY).status, 200,
          "the victim's key works, from anywhere")


@group
def tries_of_a_source_and_of_a_user():
    """A source that goes from one address to the next has an end, however the
    user of each is spelt; and what it did not try has none."""
    world.restart(failed_logins_per_source='30', failed_logins_per_user='8',
                  limit_period='1h')
    spray = From('127.0.0.31')
    answer, seen = until_throttled(
        lambda n: spray.password('u%d@example.com' % n, 'wrong horse'))
    ok(answer and 30 <= seen.get(401, 0) < 40,
       'a wrong password for each of many addresses', seen)
    equal(spray.key(made_up(1)).status, 401, 'keys are counted apart')
    answer, seen = until_throttled(lambda n: From('127.0.0.32').password(
        ('Carol@EXAMPLE.com', 'CAROL@example.com', 'carol@example.com')[n % 3],
        'wrong horse'))
    ok(answer and 8 <= seen.get(401, 0) < 12,
       'one address, spelt in three ways, is one', seen)
    equal(From('127.0.0.32').password('dave@example.com', 'wrong').status, 401,
          'and another is another')
    world.restart(failed_logins_per_source=None, failed_logins_per_user=None,
                  limit_period=None)


@group
def addresses_that_clients_make_up():
    """A header is no way around it: nobody told us of a proxy."""
    n = [0]

    def guess(_):
        n[0] += 1
        return From('127.0.0.4', {
            'X-Forwarded-For': '10.0.%d.%d' % divmod(n[0], 250),
            'Forwarded': 'for=10.1.0.%d' % (n[0] % 250),
            'X-Real-IP': '10.2.0.%d' % (n[0] % 250)}).key(made_up(n[0]))

    answer, seen = until_throttled(guess)
    ok(answer is not None, 'X-Forwarded-For does not get around it', seen)
    equal(len(re.findall("X-Forwarded-For.*belongs into 'trusted_proxies'",
                         world.log_text())), 1,
          'the log says once that there may be a proxy')


@group
def behind_a_proxy():
    """A proxy that we were told of says where a request comes from."""
    world.restart(trusted_proxies='127.0.0.8')
    first = http_.session(EMAIL, PASSWORD)

    def through(address, n):
        return From('127.0.0.8', {'X-Forwarded-For': address}).key(made_up(n))

    seen = {through('10.9.%d.%d' % divmod(n, 250), n).status
            for n in range(300)}
    equal(seen, {401}, 'each of its clients is counted for itself')
    answer, seen = until_throttled(lambda n: through('10.8.0.1', n))
    check_429(answer, seen, 'one of its clients')
    # What stands further left was written by the client itself.
    equal(through('10.7.0.1, 10.8.0.1', 1).status, 429,
          'who is not helped by what it wrote before that')
    equal(through('10.8.0.1, 10.7.0.1', 1).status, 401,
          'nor anybody harmed')
    for odd in ('', 'x', '10.7.0.2:80', '[::1]', 'unknown', '10.7.0.3,,',
                '1' * 500, '::ffff:10.7.0.4'):
        equal(through(odd, 1).status in (400, 401), True,
              'X-Forwarded-For: %.20s' % odd)
    equal(From('127.0.0.8', {'X-Forwarded-For': '10.8.0.1'}).key(KEY).status,
          200, 'a good key of a throttled client logs in')
    equal(http_.profile(first.access).status, 200, 'sessions go on')
    world.restart(trusted_proxies=None)


@group
def registrations():
    taker = From('127.0.0.5')
    answer, seen = until_throttled(lambda n: taker.post(
        'local-userpass/register',
        '{"email":"r%d@example.com","password":"%s"}' % (n, PASSWORD))
        if n < 120 else Answer(429, [('Retry-After', 'gave up')], b''))
    nothing([status for status in seen if status not in (201, 429, 503)],
            'many registrations: taken or throttled')


@group
def it_ends():
    """Throttled is not locked out: Retry-After is kept."""
    guesser = From('127.0.0.6')
    answer, _ = until_throttled(lambda n: guesser.key(made_up(n)))
    seconds = int(answer.header('Retry-After')) if answer else 0
    if 0 < seconds <= 15:
        time.sleep(seconds + 0.5)
        equal(guesser.key(made_up(1)).status, 401,
              'after Retry-After (%d s) a try is taken again' % seconds)


def refusals(address):
    """Lines about refused or throttled calls from there, and how many are
    said to be left out."""
    lines = re.findall(r'audit .* verdict=(?:refused|throttled|failed) .*'
                       r'source=%s .*' % re.escape(address), world.log_text())
    return len(lines), sum(int(n) for n in re.findall(
        r'left_out=(\d+)', '\n'.join(lines)))


@group
def the_log():
    """Refusals do not fill it, and are counted; what was granted is there."""
    world.restart(failed_logins_per_source='10', limit_period='10s')
    flood, good = From('127.0.0.21'), []
    for n in range(600):
        flood.key(made_up(n))
        if n % 200 == 0:
            answer = flood.key(KEY)
            good.append(answer.header('X-Appservices-Request-Id'))
    lines, left_out = refusals('127.0.0.21')
    ok(10 < lines < 200, '600 refused keys are far fewer lines', lines)
    more, left_out = 0, 0
    while lines + left_out < 600 and more < 40:
        # The next line, which has the number, comes with the next one that is
        # throttled; in a second there is a try that is not.
        time.sleep(1.1)
        for _ in range(3):
            flood.key(made_up(1))
        more += 3
        lines, left_out = refusals('127.0.0.21')
    ok(600 <= lines + left_out <= 600 + more, 'but each is counted', lines,
       left_out)
    log = world.log_text()
    nothing([id for id in good
             if not re.search(r'verdict=granted .*request=%s' % id, log)],
            'what was granted in between has its lines')
    # Refused without a limit: a token that is none.
    world.restart(limit_period='100s')
    flood = From('127.0.0.22')
    statuses = set()
    for n in range(300):
        connection = http.client.HTTPConnection(
            '127.0.0.1', world.http_port, timeout=PATIENCE,
            source_address=('127.0.0.22', 0))
        connection.request('POST', BASE + '/auth/session', b'', {
            'Authorization': 'Bearer x'})
        statuses.add(connection.getresponse().status)
        connection.close()
    equal(statuses, {401}, 'tokens that are none are refused')
    lines, _ = refusals('127.0.0.22')
    ok(100 <= lines < 250, 'which is a line each for the first hundred', lines)
    world.restart(failed_logins_per_source=None, limit_period=None)


@group
def logins_of_one_user():
    """Good ones have a limit too, far above what a fleet needs with one
    key; it is the user's, whichever way it comes."""
    world.restart(logins_per_user=None)  # as it is unless it is set
    statuses, lock = [], threading.Lock()

    def machine(n):
        here = From('127.0.2.%d' % (n + 1))
        for _ in range(4):
            answer = here.key(KEY)
            gone = http_.logout(answer.get('refresh_token'))
            with lock:
                statuses.append((answer.status, gone.status))

    machines = [threading.Thread(target=machine, args=(n,))
                for n in range(64)]
    for one in machines:
        one.start()
    for one in machines:
        one.join()
    equal(set(statuses), {(200, 204)},
          '64 machines log in at once with one key, four times each')
    world.restart(logins_per_user='20', limit_period='100s')
    here = From('127.0.0.23')
    got = [here.key(KEY).status for _ in range(40)]
    equal(got[:20], [200] * 20, 'as many as are allowed')
    ok(got.count(429) >= 10, 'and then not all', got)
    answer = here.key(KEY)
    ok(answer.status == 200 or re.fullmatch(
        '[1-5]', answer.header('Retry-After') or ''), 'with Retry-After',
        answer)
    equal([From('127.0.0.24').password('bob@example.com', PASSWORD).status,
           http_.refresh(s.refresh).status], [200, 201],
          'others, and sessions that are there, do not notice')
    answers = [From('127.0.0.24').password(EMAIL, PASSWORD).status
               for _ in range(4)]
    ok(429 in answers, 'passwords of the same user count with it', answers)
    ok(re.search(r'verdict=throttled reason=too-many-logins .*user=',
                 world.log_text()), 'the log says whom it met')
    end = time.monotonic() + PATIENCE
    while here.key(KEY).status != 200 and time.monotonic() < end:
        time.sleep(0.2)
    ok(time.monotonic() < end, 'and soon there is one again')
    world.restart(logins_per_user='3', failed_logins_per_user='4',
                  limit_period='10min')
    statuses = [http_.link(s.access, 'local-userpass',
                           {'username': EMAIL, 'password': PASSWORD}).status
                for _ in range(10)]
    equal(statuses, [200] * 3 + [429] * 7, 'linking counts as a login')
    world.write_config(logins_per_user='10000000')
    start = len(world.log_text())
    world.process.send_signal(signal.SIGHUP)
    while 'settings read again' not in world.log_text(start):
        time.sleep(0.01)
    equal(http_.login(EMAIL, PASSWORD).status, 429,
          'and what is too much costs tries: no password is hashed for ever')
    world.restart(logins_per_user='10000000', failed_logins_per_user='100000',
                  limit_period=None)


@group
def many_passwords_at_once():
    """More password logins than can be computed: 503 or 429 with
    Retry-After for some, answers for all, and keys are not held up."""
    socks = []
    for n in range(100):
        sock = socket.socket()
        sock.settimeout(PATIENCE)
        sock.bind(('127.0.1.%d' % (n + 1), 0))
        sock.connect(('127.0.0.1', world.http_port))
        body = b'{"username":"bob@example.com","password":"correct horse"}'
        sock.sendall(b'POST %s/app/%s/auth/providers/local-userpass/login '
                     b'HTTP/1.1\r\nHost: x\r\nConnection: close\r\n'
                     b'Content-Type: application/json\r\n'
                     b'Content-Length: %d\r\n\r\n' % (
                         BASE.encode(), world.app.encode(), len(body)) + body)
        socks.append(sock)
    begin = time.monotonic()
    status = From('127.0.0.7').key(KEY).status
    took = time.monotonic() - begin
    ok(status == 200 and took < 10, 'a key login meanwhile', status, took)
    answers = []
    for sock in socks:
        data = b''
        try:
            while True:
                more = sock.recv(65536)
                if not more:
                    break
                data += more
        except OSError as error:
            data = str(error).encode()
        answers.append(data)
        sock.close()
    nothing([a[:200] for a in answers if not (
        a.startswith(b'HTTP/1.1 200') or (
            re.match(rb'HTTP/1.1 (429|503)', a)
            and re.search(rb'(?i)\r\nRetry-After: [1-9]', a)))],
            'a hundred password logins at once: each is answered')
    ok(sum(a.startswith(b'HTTP/1.1 200') for a in answers) >= 10,
       'many of them with 200')


def processor_time(email):
    """Of the service, for ten passwords that are wrong, in ticks."""
    def now():
        with open('/proc/%d/stat' % world.process.pid) as file:
            words = file.read().rpartition(')')[2].split()
        return int(words[11]) + int(words[12])

    before = now()
    equal({From('127.0.0.6').password(email % n, 'wrong horse').status
           for n in range(10)}, {401}, 'ten wrong passwords')
    return now() - before


@group
def who_exists():
    """What nobody's address costs is what somebody's costs (S-43)."""
    world.restart(failed_logins_per_user='100000',
                  failed_logins_per_source='100000')
    known = processor_time('bob@example.com%.0s')
    unknown = processor_time('nobody%d@example.com')
    ok(known > 5 and known / 2 < unknown < known * 2,
       'an unknown address costs as much', known, unknown)


main(world)

#!/usr/bin/python3 -B
"""The agent against an auth service that lies: never granted but by the
truth, always answered by the deadline, and in the right word.

The agent is started as the PAM module starts it, with one end of a socket
pair as descriptor 3; or, with LIAR_LISTENS set (liar_listens.t), as a service
at a socket, and told before that a login is coming.
"""

import concurrent.futures
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import namespace

if os.geteuid() == 0:
    # As root the agent drops to a user of its own, who must exist.
    why = namespace.enter()
    if why:
        print('ok 1 - the agent and the liar # SKIP ' + why)
        print('1..1')
        raise SystemExit(0)
    namespace.add_account('_userkey', 997)

from lies import EMAIL, LIES, USER
from liar import TRUE, Liar
from message import Reply, pack_login, pack_prepare
from tap import equal, group, main, nothing, note, ok
from wire import checksum
from world import BUILD, PATIENCE, SLOW, Authority, die_with_us, openssl

AGENT = os.path.join(BUILD, 'userkey-agent')
# Seconds that the agent is given: where it is to wait for them, and where it is
# to say something else before, on any machine.
BUDGET = 3.0 if SLOW else 1.5
ENOUGH = 25.0
SHARED = 6.0  # between two servers
LATE = 15.0  # and how much later the answer may come
LISTENS = 'LIAR_LISTENS' in os.environ
MEMORY = 32 << 10  # KiB that an agent may have had at most (threat S-31)

temporary = tempfile.TemporaryDirectory(prefix='userkey-test-')
folder = temporary.name
os.chmod(folder, 0o755)  # the agent's own user reads nothing, but passes
authority = Authority(os.path.join(folder, 'ca'))
CERTIFICATE = authority.issue('localhost')
KEY = 'ukey' + 'Marker7Key' * 5 + 'wxyz'
KEY += checksum(KEY)

# Descriptor 3 is taken here, so that nothing else of ours gets that number.
if not os.path.exists('/proc/self/fd/3'):
    os.dup2(os.open('/dev/null', os.O_RDONLY), 3)
_names = iter(range(10 ** 6))
_fork = threading.Lock()


def write_conf(url, budget, **more):
    path = os.path.join(folder, 'userkey-%d.conf' % next(_names))
    settings = {'service_url': url, 'app_id': 'demo',
                'timeout': '%dms' % (budget * 1000),
                'users_file': os.path.join(folder, 'users')}
    if url.startswith('https'):
        settings['ca_file'] = authority.file
    else:
        settings['insecure_http'] = 'yes'
    settings.update(more)
    with open(path, 'w') as file:
        for item in settings.items():
            file.write('%s = %s\n' % item)
    os.chmod(path, 0o644)
    return path


def most_memory(pid):
    """What a process, or a child of it, has had at most, in KiB."""
    with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
        pids = [str(pid), *file.read().split()]
    most = 0
    for one in pids:
        with open('/proc/%s/status' % one) as file:
            most = max(most, *(int(line.split()[1]) for line in file
                               if line.startswith('VmHWM:')))
    return most


def ask_listening(url, budget, emails, keep, **settings):
    conf = write_conf(url, budget, **settings)
    path = conf + '.sock'
    process = subprocess.Popen(
        [AGENT, '--conf', conf, '--listen', path], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=open(conf + '.log', 'wb'),
        env={k: v for k, v in os.environ.items() if 'SAN_OPT' in k},
        preexec_fn=die_with_us, cwd='/')
    ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        end = time.monotonic() + PATIENCE
        while not os.path.exists(path) and time.monotonic() < end:
            time.sleep(0.01)
        ours.connect(path)
        begin = time.monotonic()
        ours.send(pack_prepare())
        ours.send(pack_login(KEY, budget, emails, keep))
        ours.settimeout(budget + PATIENCE)
        data = ours.recv(65536)
        took = time.monotonic() - begin
        most = 0 if SLOW else most_memory(process.pid)
        process.terminate()
        status = process.wait(PATIENCE + budget)
        log = read(conf + '.log')
        if not data or status != 0 or 'Sanitizer' in log or KEY in log:
            raise AssertionError('the agent left with status %d and %d bytes '
                                 'of answer: %s' % (status, len(data), log))
        if most > MEMORY:
            raise AssertionError('the agent had %d KiB' % most)
        return Reply(data), took
    finally:
        ours.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def ask(url, emails=True, keep=False, budget=ENOUGH, **settings):
    """Start an agent and ask it; its reply and the seconds that it took."""
    if LISTENS:
        return ask_listening(url, budget, emails, keep, **settings)
    conf = write_conf(url, budget, **settings)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    begin = time.monotonic()
    with _fork:  # descriptor 3 is one for all threads

        def child():
            die_with_us()
            os.dup2(theirs.fileno(), 3)

        process = subprocess.Popen(
            [AGENT, '--conf', conf], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=open(conf + '.log', 'wb'),
            env={k: v for k, v in os.environ.items() if 'SAN_OPT' in k},
            preexec_fn=child, pass_fds=[3], cwd='/')
    theirs.close()
    try:
        ours.send(pack_login(KEY, budget, emails, keep))
        ours.settimeout(budget + PATIENCE)
        data = ours.recv(65536)
        took = time.monotonic() - begin
        status = process.wait(PATIENCE)
        log = read(conf + '.log')
        if not data or status != 0 or 'Sanitizer' in log:
            raise AssertionError('the agent left with status %d and %d bytes '
                                 'of answer: %s' % (status, len(data), log))
        return Reply(data), took
    finally:
        ours.close()
        if process.poll() is None:
            process.kill()
            process.wait()


def read(path):
    with open(path, errors='replace') as file:
        return file.read()


def budget_for(words):
    waits = any(word.startswith('timeout') for word in words)
    return BUDGET if waits else ENOUGH


def judge(lie, liar, reply, took):
    """What is wrong with this outcome."""
    found = []
    if reply.word not in lie.words:
        found.append('%r instead of %s' % (reply, '|'.join(lie.words)))
    if took > budget_for(lie.words) + LATE:
        found.append('after %.1f s' % took)
    allowed = [EMAIL] if lie.emails is None else lie.emails
    if reply.word == 'granted':
        if reply.person != USER:
            found.append('granted to %r' % reply.person)
        if [e for e in reply.emails if e not in allowed]:
            found.append('with addresses %r' % reply.emails)
    elif reply.person or reply.emails or reply.refresh or reply.access:
        found.append('%s, but a person: %r' % (reply.word, reply))
    if lie.retry is not None and reply.retry > min(lie.retry, 86400):
        found.append('Retry-After %d' % reply.retry)
    if any(c < ' ' or c > '~' for c in reply.text) or KEY in reply.text:
        found.append('text %r' % reply.text)
    if liar.calls('login') > 1:
        found.append('the key was sent %d times' % liar.calls('login'))
    if [r for r in liar.seen if r[1].endswith('/elsewhere')]:
        found.append('a redirect was followed')
    return found


def tell(name):
    lie = LIES[name]
    liar = Liar(name)
    try:
        return judge(lie, liar,
                     *ask(liar.url, budget=budget_for(lie.words)))
    except Exception as error:
        return ['%s: %s' % (type(error).__name__, error)]
    finally:
        liar.close()


@group
def the_truth():
    for emails in (False, True):
        liar = Liar(TRUE)
        reply, took = ask(liar.url, emails=emails)
        equal((reply.word, reply.person, reply.emails),
              ('granted', USER, [EMAIL] if emails else []),
              'the truth is granted, %s addresses' %
              ('with' if emails else 'without'))
        equal((reply.access, reply.refresh), ('', ''),
              'and no tokens are handed over')
        end = time.monotonic() + PATIENCE
        while not liar.calls('logout') and time.monotonic() < end:
            time.sleep(0.05)
        equal(liar.calls('logout'), 1, 'the session is logged out after it')
        equal(liar.calls('profile'), int(emails),
              'the profile is asked for where addresses are wanted')
        liar.close()
    liar = Liar(TRUE, CERTIFICATE)
    reply, _ = ask(liar.url, keep=True)
    equal((reply.word, reply.person), ('granted', USER), 'the truth over TLS')
    ok(reply.access and reply.refresh, 'a session that is kept has tokens')
    liar.close()


@group
def every_lie():
    """Eight at a time: most of them only wait."""
    begin = time.monotonic()
    told = [n for n, lie in LIES.items() if lie.at in ('login', 'profile')]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(tell, told))
    for name, found in zip(told, results):
        nothing(found, name)
    ok(len(told) > 400, '%d lies' % len(told))
    note('in %.0f s' % (time.monotonic() - begin))


def der_name(name):
    """A DNS name for openssl's extension file, byte by byte."""
    one = bytes([0x82, len(name)]) + name
    return 'DER:' + (bytes([0x30, len(one)]) + one).hex(':')


def certificates():
    """(name, what the liar is made with, settings, words)"""
    other = Authority(os.path.join(folder, 'other-ca'))
    issue = authority.issue
    leaf = issue('leaf')
    old, new = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2
    both = os.path.join(folder, 'chain.pem')
    openssl(folder, 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
            'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'self.key', '-out',
            'self.pem', '-days', '2', '-subj', '/CN=localhost', '-addext',
            'subjectAltName=DNS:localhost,IP:127.0.0.1')
    self_signed = (os.path.join(folder, 'self.pem'),
                   os.path.join(folder, 'self.key'))
    # A leaf that acts as a CA.
    fake = Authority(os.path.join(folder, 'fake-ca'))
    shutil.copy(leaf[0], fake.file)
    shutil.copy(leaf[1], os.path.join(fake.folder, 'ca.key'))
    by_leaf = fake.issue('by-leaf')
    with open(both, 'w') as file:
        file.write(read(by_leaf[0]) + read(leaf[0]))
    good = {'certificate': CERTIFICATE}
    return [
        ('expired', {'certificate': issue('expired', extra=('-days', '-1'))},
         ('tls',)),
        ('of another CA', {'certificate': other.issue('localhost')},
         ('tls',)),
        ('of another name',
         {'certificate': issue('n1', 'DNS:other.example,IP:127.0.0.2')},
         ('tls',)),
        ('with the name in CN alone',
         {'certificate': issue('localhost2', 'DNS:other.example')}, ('tls',)),
        ('of a longer name', {'certificate': issue(
            'n2', 'DNS:localhost.example')}, ('tls',)),
        ('with a NUL in its name', {'certificate': issue(
            'n3', der_name(b'localhost\0.example'))}, ('tls',)),
        ('of a wild card', {'certificate': issue('n4', 'DNS:*')}, ('tls',)),
        ('self-signed', {'certificate': self_signed}, ('tls',)),
        ('signed by a leaf', {'certificate': (both, by_leaf[1])}, ('tls',)),
        ('with TLS 1.1 alone', dict(good, versions=(old, old)), ('tls',)),
        ('with TLS 1.2', dict(good, versions=(new, new)), ('granted',)),
        ('of an address', dict(good, host='127.0.0.1'), ('granted',)),
        ('of an address without it', {'certificate': issue(
            'n5', 'DNS:localhost'), 'host': '127.0.0.1'}, ('tls',)),
        ('replaced by plain HTTP', dict(good, connection='plain'),
         ('tls', 'unreachable', 'bad-answer', 'timeout:tls')),
        ('never shown', dict(good, connection='hang'), ('timeout:tls',)),
        ('hung up on', dict(good, connection='close'),
         ('tls', 'unreachable')),
    ]


@group
def every_certificate():
    for name, how, words in certificates():
        try:
            liar = Liar(TRUE, **how)
        except ssl.SSLError as error:
            note('%s: cannot be served here: %s' % (name, error))
            continue
        try:
            reply, took = ask(liar.url, budget=budget_for(words))
            found = []
            if reply.word not in words:
                found.append('%r instead of %s' % (reply, '|'.join(words)))
            if took > budget_for(words) + LATE:
                found.append('after %.1f s' % took)
            if words != ('granted',) and liar.seen:
                found.append('it was told %r' % [r[:2] for r in liar.seen])
            nothing(found, 'a certificate ' + name)
        finally:
            liar.close()


@group
def nobody_there():
    with socket.create_server(('127.0.0.1', 0)) as sock:
        port = sock.getsockname()[1]
    reply, _ = ask('https://localhost:%d' % port)
    equal(reply.word, 'unreachable', 'a closed port')
    reply, took = ask('https://no-such-name.invalid', budget=BUDGET)
    ok(reply.word in ('unreachable', 'timeout:resolve')
       and took < BUDGET + LATE, 'a name that nobody has', reply, took)
    full = socket.socket()
    full.bind(('127.0.0.1', 0))
    full.listen(0)
    port = full.getsockname()[1]
    waiting = []
    for _ in range(4):  # the queue is full: connecting hangs
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(('127.0.0.1', port))
        waiting.append(sock)
    reply, took = ask('https://localhost:%d' % port, budget=BUDGET)
    ok(reply.word in ('timeout:connect', 'timeout:tls')
       and took < BUDGET + LATE, 'a port that does not answer', reply, took)
    for sock in [*waiting, full]:
        sock.close()


@group
def the_second_server():
    """It is asked when the first gives no answer at all, and never after the
    first has begun one."""
    good = Liar(TRUE)
    with socket.create_server(('127.0.0.1', 0)) as sock:
        port = sock.getsockname()[1]
    reply, _ = ask('http://localhost:%d %s' % (port, good.url))
    equal(reply.word, 'granted', 'the second server, where the first is down')
    for name in ('login-hang', 'login-close'):
        first = Liar(name)
        before = good.calls('login')
        reply, took = ask('%s %s' % (first.url, good.url), budget=SHARED)
        asked = first.calls('login'), good.calls('login') - before
        # Where the look before it has left a connection, a login that it ends
        # is sent to the same server once more.
        ok(reply.word == 'granted' and took < SHARED + LATE
           and (asked == (1, 1) or
                asked == (2, 1) and name == 'login-close' and LISTENS),
           'after %s the second is asked, once' % name, reply, took, asked)
        first.close()
    for name in ('login-no-plain', 'login-status-500', 'login-json-cut',
                 'throttled-seconds'):
        first = Liar(name)
        before = good.calls('login')
        reply, took = ask('%s %s' % (first.url, good.url))
        ok(reply.word != 'granted' and good.calls('login') == before
           and took < ENOUGH,
           'after %s the second is not asked' % name, reply, took)
        first.close()
    good.close()


if not os.path.exists(AGENT):
    print('not ok 1 - the agent is built')
    print('1..1')
    raise SystemExit(1)
main()

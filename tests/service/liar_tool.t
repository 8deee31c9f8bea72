#!/usr/bin/python3 -B
"""The tool against an auth service that lies: nothing is believed that
cannot be, nothing is shown that is not printable, and the exit status says
what went wrong."""

import concurrent.futures
import os
import re
import subprocess
import tempfile
import time

from lies import EMAIL, LIES, USER, new_key_body
from liar import TRUE, Liar
from tap import equal, group, main, nothing, ok
from world import BUILD, PATIENCE, SLOW, Authority, die_with_us

TOOL = os.path.join(BUILD, 'userkey')
PASSWORD = 'Marker-Passw0rd-11'
MEMORY = 64 << 20  # bytes that the tool may write to, stacks of threads and all
# What the words of the catalogue are as exit statuses (userkey(1)).
EXITS = {'granted': {0}, 'bad-answer': {1, 7}, 'unreachable': {7},
         'timeout:answer': {7}, 'refused': {4, 5}, 'user-disabled': {5},
         'throttled': {1, 6, 7}, 'denied': {5}, 'not-logged-in': {4},
         'no-memory': {1}, 'tls': {7}}

temporary = tempfile.TemporaryDirectory(prefix='userkey-test-')
folder = temporary.name
authority = Authority(os.path.join(folder, 'ca'))
CERTIFICATE = authority.issue('localhost')
_names = iter(range(10 ** 6))


# What a service sends without end is not kept; sanitizers have a memory of
# their own.
BOUNDED = [] if SLOW else ['prlimit', '--data=%d' % MEMORY]


class Home:
    """A person's place: one session of the tool."""

    def __init__(self):
        self.path = os.path.join(folder, 'home-%d' % next(_names))
        os.mkdir(self.path, 0o700)

    def run(self, *argv, stdin=''):
        environment = {'HOME': self.path, 'XDG_STATE_HOME': self.path,
                       'PATH': os.environ['PATH'], 'TERM': 'dumb'}
        environment.update({k: v for k, v in os.environ.items()
                            if 'SAN_OPT' in k})
        begin = time.monotonic()
        done = subprocess.run([*BOUNDED, TOOL, *argv], input=stdin.encode(),
                              capture_output=True, env=environment, cwd='/',
                              timeout=PATIENCE * 5, preexec_fn=die_with_us)
        done.took = time.monotonic() - begin
        return done

    def login(self, liar):
        return self.run('login', '--url', liar.url, '--app', 'demo',
                        '--ca-file', authority.file, '--email', EMAIL,
                        '--password-stdin', stdin=PASSWORD + '\n')


def complaints(done, words):
    """What is wrong with how the tool ended."""
    found = []
    allowed = set().union(*(EXITS[w] for w in words))
    if done.returncode not in allowed:
        found.append('exit %d instead of %s' % (done.returncode,
                                                sorted(allowed)))
    for name, out in (('stdout', done.stdout), ('stderr', done.stderr)):
        if re.search(rb'[^\x20-\x7e\n\t]', out):
            found.append('%s: %r' % (name, out[:300]))
        if PASSWORD.encode() in out or b'Sanitizer' in out:
            found.append('%s: %r' % (name, out[:2000]))
    if done.returncode != 0 and not done.stderr.strip():
        found.append('not a word on stderr')
    if done.returncode != 0 and done.stdout.strip():
        found.append('on stdout: %r' % done.stdout[:300])
    if b'memory' in done.stderr and 'no-memory' not in words:
        found.append('too much was kept')
    if done.took > PATIENCE * 2:
        found.append('after %.0f s' % done.took)
    if found:
        found.append('stderr %r' % done.stderr[:300])
    return found


COMMANDS = {'login': None, 'profile': ('whoami',), 'list': ('list',),
            'create': ('create', 'first', '--raw')}


def tell(name):
    lie = LIES[name]
    liar = Liar(name, CERTIFICATE)
    try:
        home = Home()
        done = home.login(liar)
        if lie.at == 'login':
            return complaints(done, lie.words)
        if done.returncode != 0:
            return ['login: %r' % done]
        return complaints(home.run(*COMMANDS[lie.at]), lie.words)
    except Exception as error:
        return ['%s: %s' % (type(error).__name__, error)]
    finally:
        liar.close()


@group
def the_truth():
    liar, home = Liar(TRUE, CERTIFICATE), Home()
    equal(home.login(liar).returncode, 0, 'login')
    done = home.run('whoami')
    ok(done.returncode == 0 and USER.encode() in done.stdout, 'whoami', done)
    done = home.run('list')
    ok(done.returncode == 0 and b'first' in done.stdout, 'list', done)
    done = home.run('create', 'first', '--raw')
    equal((done.returncode, done.stdout.decode().strip()),
          (0, new_key_body()['key']), 'create')
    liar.close()


@group
def every_kind_of_lie():
    """Of those that take the whole time some; tool.t tells those about
    keys."""
    told = [n for n, lie in LIES.items() if lie.at in ('login', 'profile')
            and 'timeout:answer' not in lie.words]
    told = ['list-hang', 'create-hang', 'login-drip', 'login-hang-in-body',
            'login-length-10-gb', 'profile-drip-body', *told]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for name, found in zip(told, pool.map(tell, told)):
            nothing(found, name)
    ok(len(told) > 380, '%d lies' % len(told))


main()

#!/usr/bin/python3 -B
"""The tool against a real service and against one that lies: what it prints,
what it keeps, how it ends."""

import base64
import json
import os
import pty
import re
import resource
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

import namespace

ROOT_NAMESPACE = None
if os.geteuid() == 0:
    ROOT_NAMESPACE = namespace.enter()
    if ROOT_NAMESPACE is None:
        namespace.add_account('_userkey', 997)
        namespace.add_account('ukalice', 61234)
else:
    ROOT_NAMESPACE = 'a login asks as root'

from lies import EMAIL, LIES, TRUTH, USER
from liar import TRUE, Liar
from tap import contains, equal, group, main, nothing, ok, one_of, skip
from wire import Client
from world import BUILD, PATIENCE, Authority, World, die_with_us, openssl

TOOL = os.path.join(BUILD, 'userkey')
AGENT = os.path.join(BUILD, 'userkey-agent')
PASSWORD = 'paint the ninth fence'
KEY = re.compile(r'\Aukey[0-9A-Za-z]{60}\n\Z')
(DONE, FAILED, USAGE, NOT_FOUND, NOT_LOGGED_IN, DENIED, CONFLICT, NETWORK,
 CANCELLED) = range(9)

world = World(tls=True)
folder = os.path.realpath(tempfile.mkdtemp(prefix='userkey-tool-',
                                           dir=world.folder))
STATE = os.path.join(folder, 'state')
SESSION = os.path.join(STATE, 'userkey', 'session')
os.mkdir(STATE, 0o700)
user_id = world.add_user('ann@example.org', PASSWORD)
client = Client(world)


def environment(**more):
    env = {'PATH': '/usr/bin:/bin', 'HOME': folder, 'XDG_STATE_HOME': STATE}
    env.update(more)
    return {k: v for k, v in env.items() if v is not None}


def tool(*argv, stdin='', env=None, cwd=folder, **more):
    """Run it without a terminal."""
    done = subprocess.run(
        [TOOL, *argv], input=stdin, capture_output=True, text=True,
        timeout=PATIENCE * 3, env=env or environment(), cwd=cwd,
        preexec_fn=die_with_us, start_new_session=True, **more)
    leaks = re.findall(r'ukey[0-9A-Za-z]{60}', done.stderr)
    if leaks or 'Sanitizer' in done.stderr:
        ok(False, 'no secret and no complaint on standard error', done.stderr)
    return done


def typed(*argv, answers=(), env=None):
    """Run it on a terminal of its own; what it showed, and its status.
    answers are (prompt, what to type).  An interrupt is typed again until
    it is noticed: one that comes between the prompt and the reading is not,
    in readpassphrase(3)."""
    pid, fd = pty.fork()
    if pid == 0:
        try:
            die_with_us()
            os.chdir(folder)
            os.execve(TOOL, [TOOL, *argv], env or environment())
        finally:
            os._exit(127)
    seen, todo, end = '', list(answers), time.monotonic() + PATIENCE * 3
    after, last = 0, ''
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
            if last == '\x03':
                os.write(fd, b'\x03')
            continue
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        seen += piece.decode('latin-1')
        if todo and todo[0][0] in seen[after:]:
            after = len(seen)
            last = todo.pop(0)[1]
            os.write(fd, last.encode())
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return seen.replace('\r\n', '\n'), status


PLACE = ['--url', 'https://127.0.0.1:%d' % world.tls_port, '--app', world.app,
         '--ca-file', world.authority.file]


def log_in(*more, password=PASSWORD, email='ann@example.org', place=PLACE,
           **kw):
    return tool('login', *place, '--email', email, '--password-stdin', *more,
                stdin=password + '\n', **kw)


def check(done, status, text, out=None, err=None):
    """Exit status, and what stands on the two outputs."""
    good = done.returncode == status
    if out is not None:
        good = good and (out.search(done.stdout) if hasattr(out, 'search')
                         else done.stdout == out)
    if err is not None:
        good = good and err in done.stderr
    if status != DONE:
        good = good and done.stderr != ''
    return ok(good, text, 'status %d, wanted %d' % (done.returncode, status),
              'out: ' + done.stdout, 'err: ' + done.stderr)


def names():
    return [key['name'] for key in json.loads(tool('list', '--json').stdout)]


def clean():
    """No keys."""
    ids = [key['id'] for key in json.loads(tool('list', '--json').stdout)]
    if ids:
        tool('delete', '--yes', *ids)


@group
def usage():
    check(tool(), USAGE, 'no command is wrong usage', '', 'usage: userkey')
    check(tool('--help'), DONE, '--help goes to standard output',
          re.compile('usage: userkey.*whoami', re.S))
    check(tool('--version'), DONE, '--version', re.compile(r'\Auserkey \d'))
    check(tool('lst'), USAGE, 'a slip of the pen is seen', '',
          "did you mean 'list'")
    check(tool('frobnicate'), USAGE, 'an unknown command', '', 'not a command')
    check(tool('list', '--foo'), USAGE, 'an unknown option', '', "'--foo'")
    for argv, named in ((['list', 'x'], 'x'), (['show', 'k2', 'k3'], 'k3'),
                        (['create', 'a', '--raw', 'b'], 'b')):
        check(tool(*argv), USAGE, 'an operand too many: ' + ' '.join(argv), '',
              "%s: '%s' is one argument too many\nusage:" % (argv[0], named))
    for command, named in (('create', 'NAME'), ('delete', 'KEY'),
                           ('check', 'USER')):
        check(tool(command), USAGE, 'an operand too few: ' + command, '',
              "%s: '%s' is missing\nusage:" % (command, named))
    check(tool('login', '--url'), USAGE, 'a value too few', '',
          'needs a value')
    commands = re.findall(r'^  (\w+) ', tool('--help').stdout, re.M)
    for name in commands:
        done = tool(name, '--help')
        check(done, DONE, name + ' --help',
              re.compile(r'\Ausage: userkey %s ' % name))
        synopsis, _, rest = done.stdout.partition('\n')
        said = re.findall(r'^  (--[a-z-]+)(?: [A-Z]+)? +\S+ \S+', rest, re.M)
        equal(sorted(said),
              sorted(re.findall(r'--[a-z-]+', synopsis) + ['--help']),
              'which says in a line what each option does')
    for argv in (['login', '--password', 'hunter2'],
                 ['login', '--password=hunter2'],
                 ['check', 'ann', '--key', 'hunter2'],
                 ['list', '--token=hunter2'], ['create', 'a', '--secret', 'hunter2']):
        done = tool(*argv)
        ok(done.returncode == USAGE and 'command line' in done.stderr
           and 'hunter2' not in done.stdout + done.stderr,
           'a secret as an argument is refused and not repeated: %s'
           % ' '.join(argv), done.stderr)


@group
def logging_in():
    check(tool('list'), NOT_LOGGED_IN, 'nobody is logged in yet', '',
          'userkey login')
    check(log_in(password='wrong'), DENIED, 'a wrong password', '', 'request')
    ok(not os.path.exists(SESSION), 'and no session is kept')
    check(log_in(email='bob@example.org'), DENIED, 'an unknown address', '')
    check(log_in(email='not an address'), USAGE, 'not an address', '')
    check(log_in(password=''), USAGE, 'an empty password', '')
    check(log_in(place=PLACE[:2] + ['--app', 'other'] + PLACE[4:]), NETWORK,
          'an unknown app', '', 'and --app one of its apps?')
    check(log_in(place=PLACE[:4]), NETWORK, 'an authority that is not known',
          '', 'not known here; set --ca-file to the file of its CA')
    check(log_in(place=['--url', 'https://127.0.0.1:1'] + PLACE[2:]), NETWORK,
          'nobody there', '', 'is --url right')
    check(log_in(place=['--url', 'http://192.0.2.1'] + PLACE[2:]), USAGE,
          'http to another machine', '',
          "'command line': --url is 'http://192.0.2.1'; allowed: https://")
    check(log_in(place=PLACE[:5] + ['nowhere.pem']), FAILED, 'no CA file', '',
          'nowhere.pem')
    check(tool('login', *PLACE, '--email', 'ann@example.org'), USAGE,
          'no terminal to ask for the password', '', '--password-stdin')
    check(tool('login', *PLACE, '--email', 'ann@example.org',
               '--password-stdin', stdin='correct\0 horse\n'), USAGE,
          'no part of a password is taken for the whole', '', 'NUL byte')
    check(tool('login', *PLACE), USAGE, 'no terminal to ask for the address',
          '', '--email')
    old = os.umask(0)
    done = log_in()
    os.umask(old)
    check(done, DONE, 'logged in', re.compile('as user %s$' % user_id, re.M))
    equal(stat.S_IMODE(os.stat(SESSION).st_mode), 0o600,
          'the session is the owner\'s alone, whatever the umask')
    equal(stat.S_IMODE(os.stat(os.path.dirname(SESSION)).st_mode), 0o700,
          'and so is its folder')
    done = log_in('--json')
    equal(json.loads(done.stdout),
          {'user_id': user_id, 'app_id': world.app, 'url': PLACE[1]},
          'login --json')
    shutil.copy(world.authority.file, os.path.join(folder, 'near.pem'))
    log_in(place=PLACE[:5] + ['near.pem'])
    check(tool('whoami', cwd='/'), DONE,
          'a CA file by a relative name works from everywhere')
    home = os.path.join(folder, 'home')
    os.mkdir(home, 0o700)
    log_in(env=environment(HOME=home, XDG_STATE_HOME=None))
    ok(os.path.isfile(home + '/.local/state/userkey/session'),
       'without XDG_STATE_HOME it is kept below ~/.local/state')
    log_in(env=environment(HOME=home, XDG_STATE_HOME='relative'))
    ok(not os.path.exists(os.path.join(folder, 'relative')),
       'a relative XDG_STATE_HOME does not count')
    # Behind a home that is a symbolic link.
    os.symlink(home, os.path.join(folder, 'link'))
    env = environment(HOME=os.path.join(folder, 'link'), XDG_STATE_HOME=None)
    check(log_in(env=env), DONE, 'a home that is a symbolic link')
    check(tool('whoami', env=env), DONE, 'and back')


@group
def typing():
    log_in()
    seen, status = typed('login', *PLACE, answers=[
        ('Address: ', 'ann@example.org\n'), ('Password: ', PASSWORD + '\n')])
    ok(status == DONE and user_id in seen, 'logged in on a terminal', seen)
    ok(PASSWORD not in seen, 'the password is not shown', seen)
    seen, status = typed('login', *PLACE, '--email', 'ann@example.org',
                         answers=[('Password: ', '\x03')])
    ok(status == CANCELLED, 'an interrupt cancels: %d' % status, seen)
    seen, status = typed('login', *PLACE, '--email', 'ann@example.org',
                         answers=[('Password: ', '\n')])
    ok(status == CANCELLED, 'an empty answer cancels: %d' % status, seen)
    seen, status = typed('login', *PLACE, '--email', 'ann@example.org',
                         answers=[('Password: ', '\x04')])
    ok(status == CANCELLED, 'the end of input cancels: %d' % status, seen)
    check(tool('whoami'), DONE, 'the session before is still there')


@group
def old_session_is_ended():
    log_in()
    with open(SESSION) as file:
        first = json.load(file)['refresh_token']
    log_in()
    equal(client.keys(first).status, 401,
          'a new login ends the session before it')


@group
def who():
    log_in()
    equal(tool('whoami').stdout,
          'user\t%s\nemail\tann@example.org\napp\t%s\nservice\t%s\n'
          % (user_id, world.app, PLACE[1]), 'whoami')
    equal(json.loads(tool('whoami', '--json').stdout),
          {'user_id': user_id, 'emails': ['ann@example.org'],
           'app_id': world.app, 'url': PLACE[1]}, 'whoami --json')
    seen, status = typed('whoami')
    ok(status == DONE and '\t' not in seen and 'ann@example.org' in seen,
       'on a terminal it is a table', seen)
    # An access token that is not taken any more, as if it had run out.
    with open(SESSION) as file:
        kept = json.load(file)
    good = kept['access_token']
    kept['access_token'] = good[:-8] + ('A' * 8 if good[-8:] != 'A' * 8
                                        else 'B' * 8)
    with open(SESSION, 'w') as file:
        json.dump(kept, file)
    check(tool('whoami'), DONE, 'an access token that has run out is exchanged',
          re.compile(user_id))
    with open(SESSION) as file:
        now = json.load(file)
    ok(now['access_token'] != kept['access_token']
       and now['refresh_token'] == kept['refresh_token'],
       'and the new one is kept')


@group
def creating():
    log_in()
    clean()
    done = tool('create', 'laptop')
    check(done, DONE, 'the value is alone on standard output', KEY,
          'second time')
    value = done.stdout.strip()
    ok(client.key_login(value).status == 200, 'and logs in')
    check(tool('create', 'laptop'), CONFLICT, 'a name that is taken', '',
          'userkey delete')
    check(tool('create', 'a b'), USAGE, 'not a name', '', 'allowed')
    check(tool('create', ''), USAGE, 'nor is nothing', '',
          "'': not a name for a key; allowed: letters, digits")
    check(tool('create', 'caf\udce9'), USAGE, 'a name that is not text', '')
    check(tool('create', value), USAGE, 'the value of a key as a name', '',
          'command line')
    done = tool('create', 'raw', '--raw')
    check(done, DONE, '--raw', KEY)
    equal(done.stderr, '', '--raw says nothing else')
    got = json.loads(tool('create', 'j', '--json').stdout)
    equal(sorted(got), ['disabled', 'id', 'key', 'name'], 'create --json')
    ok(got['name'] == 'j' and got['disabled'] is False
       and client.key_login(got['key']).status == 200, 'with what it says')
    check(tool('create', 'x', '--raw', '--json'), USAGE, '--raw and --json')
    check(tool('create', 'x', '--raw', '--out', 'x'), USAGE, '--raw and --out')
    seen, status = typed('create', 'terminal')
    ok(status == DONE and KEY.match(seen.splitlines()[-1] + '\n'),
       'on a terminal the value comes last', seen)
    equal(names(), ['laptop', 'raw', 'j', 'terminal'], 'these and no others')


@group
def creating_files():
    log_in()
    clean()
    path = os.path.join(folder, 'key')
    old = os.umask(0)
    done = tool('create', 'f', '--out', 'key')
    os.umask(old)
    check(done, DONE, '--out', '', path)
    with open(path) as file:
        value = file.read()
    ok(KEY.match(value) and client.key_login(value.strip()).status == 200,
       'the value is in the file')
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, 'for its owner alone')
    check(tool('create', 'g', '--out', path), FAILED,
          'a file that is there is not touched', '', 'exists')
    with open(path) as file:
        equal(file.read(), value, 'truly')
    os.symlink('/nowhere/at/all', os.path.join(folder, 'dangling'))
    check(tool('create', 'g', '--out', 'dangling'), FAILED,
          'a symbolic link is not followed', '')
    check(tool('create', 'g', '--out', 'no/such/folder/x'), FAILED,
          'no such folder', '')
    check(tool('create', 'g', '--out', folder + '/'), USAGE,
          'a folder is no file', '')
    check(tool('create', 'f', '--out', 'free'), CONFLICT, 'a name that is '
          'taken', '')
    ok(not os.path.exists(os.path.join(folder, 'free')),
       'leaves no file behind')
    done = tool('create', 'k', '--out', 'new', '--json')
    got = json.loads(done.stdout)
    ok(got['file'] == os.path.join(folder, 'new') and 'key' not in got,
       '--out --json names the file and not the value', done.stdout)
    equal(names(), ['f', 'k'], 'no key without its file')
    # Folders of others can have any name.
    odd = os.path.join(os.fsencode(folder), b'odd\xff\x1b]0;pwn\x07\n')
    os.mkdir(odd)
    done = tool('create', 'o', '--json', '--out', 'k', cwd=odd)
    check(done, USAGE, 'no JSON with a path that is no text', '', 'UTF-8')
    equal((os.listdir(odd), names()), ([], ['f', 'k']), 'and no key for it')
    for at, out in ((odd, 'k'), (folder, os.path.join(odd, b'k')),
                    (folder, os.path.join(odd, b'no/k'))):
        done = tool('create', 'o', '--out', out, cwd=at)
        ok('\\x1b' in done.stderr and done.stderr.endswith('\n')
           and done.stderr[:-1].isprintable(),
           'a path of %r is shown as text' % out, done.stderr)
    with open(os.path.join(odd, b'k')) as file:
        equal(client.key_login(file.read().strip()).status, 200,
              'and the value is there')
    tool('delete', 'o', '--yes')
    # A folder that everybody may write to, but nobody rename in.
    path = tempfile.mktemp(prefix='userkey-tool-', dir='/tmp')
    done = tool('create', 't', '--out', path)
    check(done, DONE, 'a file in /tmp', '', path)
    with open(path) as file:
        ok(KEY.match(file.read()), 'has the value')
    os.remove(path)


@group
def lost_output():
    log_in()
    clean()
    with open('/dev/full', 'w') as full:
        for argv in (['create', 'lost'], ['create', 'lost', '--raw'],
                     ['create', 'lost', '--json']):
            done = subprocess.run([TOOL, *argv], stdout=full,
                                  stderr=subprocess.PIPE, text=True,
                                  env=environment(), timeout=PATIENCE * 3)
            ok(done.returncode == FAILED and 'standard output' in done.stderr,
               'a full disk: ' + ' '.join(argv), done.stderr)
        equal(names(), [], 'a key whose value is lost is deleted again')
        for argv in (['list', '--json'], ['whoami'], ['--help']):
            done = subprocess.run([TOOL, *argv], stdout=full,
                                  stderr=subprocess.PIPE, text=True,
                                  env=environment(), timeout=PATIENCE * 3)
            ok(done.returncode == FAILED, 'a full disk: ' + ' '.join(argv),
               done.stderr)
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([TOOL, 'create', 'lost'], stdout=write,
                          stderr=subprocess.PIPE, text=True,
                          env=environment(), timeout=PATIENCE * 3,
                          restore_signals=True)
    os.close(write)
    ok(done.returncode == FAILED, 'a reader that has left', done.stderr)
    with open(SESSION, 'rb') as file:
        before = file.read()
    done = subprocess.run(['sh', '-c', '"$0" create lost >&-', TOOL],
                          stderr=subprocess.PIPE, text=True,
                          env=environment(), timeout=PATIENCE * 3)
    ok(done.returncode == FAILED, 'standard output that is closed',
       done.stderr)
    with open(SESSION, 'rb') as file:
        equal(file.read(), before, 'is not written into another file')
    equal(names(), [], 'no key is left')


def date(key):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(key['created']))


@group
def listing():
    log_in()
    clean()
    done = tool('list')
    ok(done.returncode == DONE and done.stdout == '' and 'create'
       in done.stderr, 'an empty list says so to people', done.stderr)
    equal(tool('list', '--json').stdout, '[]\n', 'and is [] for programs')
    for name in ('one', 'two', 'three'):
        tool('create', name)
    keys = json.loads(tool('list', '--json').stdout)
    equal([(k['name'], k['disabled'], sorted(k)) for k in keys],
          [(n, False, ['created', 'disabled', 'id', 'name', 'state'])
           for n in ('one', 'two', 'three')], 'list --json, in order')
    tool('disable', 'two')
    equal(tool('list').stdout, ''.join(
        '%s\t%s\t%s\t%s\t-\t-\n' % (
            k['id'], k['name'],
            'disabled' if k['name'] == 'two' else 'enabled', date(k))
        for k in keys), 'list, for a program')
    seen, status = typed('list')
    ok(status == DONE and seen.split()[:3] == ['ID', 'NAME', 'STATE']
       and '\t' not in seen and re.search('enabled +[0-9]+s +- +-\n\\Z', seen),
       'list, for a person', seen)
    two = keys[1]
    for word in ('two', two['id']):
        equal(tool('show', word).stdout,
              '%s\ttwo\tdisabled\t%s\t-\t-\n' % (two['id'], date(two)),
              'show by ' + ('name' if word == 'two' else 'id'))
    shown = json.loads(tool('show', 'two', '--json').stdout)
    since = shown.pop('disabled_since', 0)
    equal(shown, {'id': two['id'], 'name': 'two', 'disabled': True,
                  'state': 'disabled', 'created': two['created']},
          'show --json')
    ok(two['created'] <= since <= time.time(), 'and since when it is so')
    check(tool('show', 'four'), NOT_FOUND, 'show what is not there', '',
          'userkey list')
    check(tool('show', 'x\x1b[31m\n'), NOT_FOUND,
          'what is typed is shown escaped', '', '\\x1b[31m\\x0a')
    # A name that is another key's id is two keys.
    tool('create', two['id'])
    done = tool('show', two['id'])
    check(done, CONFLICT, 'an ambiguous word is refused', '', 'several')
    equal(done.stderr.count(two['id']) >= 3, True, 'and the keys are listed')
    check(tool('disable', two['id']), CONFLICT, 'by every command')
    tool('delete', '--yes', json.loads(
        tool('list', '--json').stdout)[-1]['id'])


@group
def changing():
    log_in()
    clean()
    values = {n: tool('create', n).stdout.strip() for n in ('a', 'b', 'c')}

    def works():
        return [n for n, v in values.items()
                if client.key_login(v).status == 200]
    done = tool('disable', 'a', 'nope', 'b')
    check(done, NOT_FOUND, 'the others are done when one is not there',
          re.compile(r'\A\S+\ta\tdisabled\n\S+\tb\tdisabled\n\Z'), "'nope'")
    equal(works(), ['c'], 'a disabled key logs nobody in')
    check(tool('disable', 'a'), DONE, 'disabling twice is done')
    check(tool('enable', 'a'), DONE, 'enabling', re.compile('enabled'))
    equal(works(), ['a', 'c'], 'an enabled key logs in again')
    got = json.loads(tool('enable', 'b', 'nope', '--json').stdout)
    equal([sorted(g.items()) for g in got],
          [[('given', 'b'), ('id', got[0]['id']), ('name', 'b'),
            ('result', 'enabled')],
           [('given', 'nope'), ('result', 'not-found')]], 'enable --json')
    check(tool('delete', 'a'), USAGE, 'delete needs --yes without a terminal',
          '', '--yes')
    equal(works(), ['a', 'b', 'c'], 'and deletes nothing')
    for answer in ('n\n', '\n', 'yess\n', '\x03'):
        seen, status = typed('delete', 'a', answers=[('[y/N]', answer)])
        ok(status == CANCELLED and "'a'" in seen,
           'the answer %r is no yes: %d' % (answer, status), seen)
    equal(works(), ['a', 'b', 'c'], 'and deletes nothing')
    seen, status = typed('delete', 'a', 'b', answers=[('[y/N]', 'y\n')])
    ok(status == DONE and seen.count('deleted') == 2, 'yes deletes', seen)
    equal(works(), ['c'], 'a deleted key logs nobody in')
    c = json.loads(tool('show', 'c', '--json').stdout)['id']
    seen, status = typed('delete', 'c', c, 'c', answers=[('[y/N]', 'n\n')])
    equal(seen.count(c), 1, 'a key that is given twice is asked about once')
    check(tool('delete', '--yes', 'c', c, 'c'), DONE,
          'and deleted once', re.compile(r'\A\S+\tc\tdeleted\n\Z'))
    done = tool('delete', '--yes', 'c', 'c')
    check(done, NOT_FOUND, 'and is then not there')
    equal(done.stderr.count('no such key'), 1, 'which is said once')
    equal(names(), [], 'nothing is left')
    check(tool('disable', values['a']), USAGE,
          'the value of a key as an argument', '', 'command line')


@group
def limits():
    log_in()
    clean()
    for n in range(20):
        tool('create', 'k%d' % n)
    check(tool('create', 'k20'), CONFLICT, 'as many keys as may be', '',
          'makes room')
    clean()
    value = tool('create', 'k').stdout.strip()
    session = client.key_session(value)
    with open(SESSION) as file:
        mine = file.read()
    kept = json.loads(mine)
    kept['access_token'] = session.access
    kept['refresh_token'] = session.refresh
    with open(SESSION, 'w') as file:
        json.dump(kept, file)
    for argv in (['list'], ['create', 'y'], ['delete', '--yes', 'k'],
                 ['show', 'k']):
        check(tool(*argv), DENIED, 'a session opened with a key may not ' +
              argv[0], '', 'userkey login')
    check(tool('whoami'), DONE, 'but says whose it is', re.compile(user_id))
    with open(SESSION, 'w') as file:
        file.write(mine)


@group
def leaving():
    log_in()
    with open(SESSION) as file:
        refresh = json.load(file)['refresh_token']
    check(tool('logout'), DONE, 'logout', re.compile('logged out'))
    ok(not os.path.exists(SESSION), 'the file is gone')
    equal(client.refresh(refresh).status, 401, 'and so is the session')
    check(tool('logout'), NOT_LOGGED_IN, 'logging out twice')
    log_in()
    equal(tool('logout', '--json').stdout, '{"logged_out":true}\n',
          'logout --json')
    log_in()
    with open(SESSION) as file:
        client.logout(json.load(file)['refresh_token'])
    for argv in (['whoami'], ['list'], ['create', 'x'], ['show', 'x'],
                 ['disable', 'x'], ['delete', '--yes', 'x']):
        check(tool(*argv), NOT_LOGGED_IN, 'a session that was ended elsewhere: '
              + argv[0], '', 'userkey login')
    check(tool('logout'), DONE, 'can be left all the same')


@group
def unsafe_files():
    log_in()
    with open(SESSION) as file:
        good = file.read()

    def put(text, mode=0o600):
        with open(SESSION, 'w') as file:
            file.write(text)
        os.chmod(SESSION, mode)
    put(good, 0o640)
    check(tool('whoami'), FAILED, 'a session that others can read', '',
          'chmod')
    put(good, 0o600)
    os.chmod(STATE, 0o777)
    check(tool('whoami'), FAILED, 'a folder that others can write', '', STATE)
    os.chmod(STATE, 0o700)
    os.rename(SESSION, SESSION + '.real')
    os.symlink(SESSION + '.real', SESSION)
    check(tool('whoami'), FAILED, 'a session that is a symbolic link', '',
          'symbolic link')
    os.rename(SESSION + '.real', SESSION)
    kept = json.loads(good)
    for what, text in (
            ('empty', ''), ('not JSON', 'hello'), ('an array', '[]'),
            ('without a service', json.dumps(dict(kept, service_url=[]))),
            ('with http:// to elsewhere', json.dumps(
                dict(kept, service_url=['http://192.0.2.1']))),
            ('without a user', json.dumps(dict(kept, user_id=None))),
            ('without a token', json.dumps(dict(kept, refresh_token=''))),
            ('with a CA file that is none', json.dumps(
                dict(kept, ca_file='relative.pem'))),
            ('without an app', json.dumps(
                {k: v for k, v in kept.items() if k != 'app_id'})),
            ('cut', good[:-9])):
        put(text)
        check(tool('list'), FAILED, 'a session that is ' + what, '')
    put(good)
    check(tool('list'), DONE, 'the good one works')


@group
def lying_service():
    for name, lie in sorted(LIES.items()):
        if lie.at not in ('list', 'create') or 'hang' in name:
            continue
        liar = Liar(name)
        state = {'service_url': [liar.url], 'app_id': 'demo', 'user_id': USER,
                 'access_token': 'a.b.c', 'refresh_token': 'd.e.f'}
        with open(SESSION, 'w') as file:
            json.dump(state, file)
        done = tool('list' if lie.at == 'list' else 'create', *(
            ['laptop'] if lie.at == 'create' else []))
        wanted = {'granted': DONE, 'bad-answer': NETWORK,
                  'unreachable': NETWORK, 'timeout:answer': NETWORK,
                  'denied': DENIED, 'not-logged-in': NOT_LOGGED_IN}
        good = done.returncode in [wanted[w] for w in lie.words]
        odd = re.search(r'[^\x20-\x7e\n]', done.stderr) or re.search(
            r'[^\x20-\x7e\n\t]', done.stdout)
        ok(good and not odd and (done.returncode == DONE) == bool(done.stdout),
           'the lie ' + name, done.returncode, done.stdout, done.stderr)
        liar.close()


@group
def no_service():
    log_in()
    world.stop()
    for argv in (['list'], ['whoami'], ['create', 'x'], ['show', 'x'],
                 ['enable', 'x']):
        check(tool(*argv), NETWORK, 'no service: ' + argv[0], '',
              "Connection refused; is 'userkey login --url' right, and does "
              "userkey-server run there?")
    check(log_in(), NETWORK, 'no service: login', '')
    check(tool('logout'), NETWORK, 'no service: logout', '', 'runs out')
    ok(not os.path.exists(SESSION), 'but the session is forgotten here')
    world.start()  # on another port: somebody may have this one by now
    PLACE[1] = 'https://127.0.0.1:%d' % world.tls_port


def write(path, text, mode=0o644):
    with open(path, 'w') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@group
def defaults():
    if ROOT_NAMESPACE:
        return skip('what login takes from userkey.conf', ROOT_NAMESPACE)
    # A copy in place of all of /etc: not even the folder is made outside.
    whole = os.path.join(folder, 'etc')
    subprocess.run(['cp', '-a', '/etc', whole], check=True)
    etc = whole + '/userkey'
    os.makedirs(etc, mode=0o755, exist_ok=True)
    subprocess.run(['mount', '--bind', whole, '/etc'], check=True)
    shutil.copy(world.authority.file, etc + '/ca.pem')
    conf = write(etc + '/userkey.conf', 'service_url = %s\napp_id = %s\n'
                 'ca_file = /etc/userkey/ca.pem\n' % (PLACE[1], world.app))
    check(log_in(place=[]), DONE, 'login takes the service from userkey.conf')
    check(tool('whoami'), DONE, 'and keeps it')
    check(log_in(place=['--app', 'other']), NETWORK,
          'an option stands above it')
    write(conf, 'service_url = https://127.0.0.1:1\napp_id = other\n'
          'ca_file = /etc/userkey/ca.pem\n'
          'pinned_public_key = sha256//%s=\n' % ('A' * 43))
    check(log_in(place=PLACE[2:]), NETWORK,
          'what userkey.conf says is called as it calls it', '',
          "is 'service_url' right")
    check(log_in(place=PLACE[:4]), DONE,
          'the pin of another service does not count')
    write(conf, 'service_url = nonsense\n')
    check(log_in(place=[]), FAILED, 'a mistake in userkey.conf', '',
          'userkey.conf')
    check(log_in(), DONE, 'which does not matter when all is given')
    subprocess.run(['umount', '/etc'], check=True)


@group
def only_our_authority():
    """S-32: what the system trusts is not trusted beside the CA file."""
    if ROOT_NAMESPACE:
        return skip('the system\'s authorities', ROOT_NAMESPACE)
    other = Authority(os.path.join(folder, 'other'), 'another test CA')
    liar = Liar(TRUE, certificate=other.issue('localhost'))
    certs = os.path.join(folder, 'certs')
    os.mkdir(certs)
    shutil.copy(other.file, certs + '/other.pem')
    openssl(certs, 'rehash', certs)
    subprocess.run(['mount', '--bind', certs, '/etc/ssl/certs'], check=True)
    place = ['--url', liar.url, '--app', 'demo']
    check(log_in(place=place), DONE,
          'without a CA file the system\'s folder of authorities counts')
    check(log_in(place=place + PLACE[4:]), NETWORK,
          'with one it does not', '', 'not known')
    subprocess.run(['umount', '/etc/ssl/certs'], check=True)
    check(log_in(place=place), NETWORK, 'nor does it without that authority',
          '', 'not known')
    liar.close()


@group
def environment_is_not_asked():
    log_in()
    log = os.path.join(folder, 'keylog')
    trap = environment(https_proxy='http://127.0.0.1:1',
                       HTTPS_PROXY='http://127.0.0.1:1',
                       ALL_PROXY='http://127.0.0.1:1',
                       SSLKEYLOGFILE=log, SSL_CERT_FILE='/dev/null',
                       SSL_CERT_DIR='/nowhere', CURL_CA_BUNDLE='/dev/null')
    check(tool('whoami', env=trap), DONE,
          'no proxy and no certificate from the environment')
    ok(not os.path.exists(log), 'no log of TLS keys')


@group
def a_way_back_in():
    """reset-password on a terminal: the token, and the password twice."""
    email, new = 'back@example.com', 'Another-Passw0rd'
    world.add_user(email, 'Forgotten-Passw0rd')
    token = world.user('reset-token', email).stdout.strip()

    def reset(word, first, second):
        return typed('reset-password', *PLACE, answers=[
            ('Token: ', word + '\n'), ('New password: ', first + '\n'),
            ('New password again: ', second + '\n')])
    shown, status = reset(token, new, new + 'x')
    equal(status, USAGE, 'two passwords')
    contains(shown, 'the two are not the same', '... and it is said')
    equal(Client(world).login(email, new).status, 401, '... none is set')
    shown, status = reset(token, new, new)
    equal(status, DONE, 'the token is good for another try')
    contains(shown, 'the password is set', '... and it is said')
    ok(new not in shown and token not in shown, 'nothing secret is shown',
       shown)
    equal(Client(world).login(email, new).status, 200, 'it logs in')
    shown, status = reset(token, new, new)
    equal(status, DENIED, 'a token is good once')
    shown, status = typed('reset-password', *PLACE,
                          answers=[('Token: ', '\x03')])
    equal(status, CANCELLED, 'given up at the token')
    done = tool('reset-password', *PLACE, stdin=token + '\n' + new + '\n')
    ok(done.returncode in (USAGE, FAILED)
       and '--password-stdin' in done.stderr,
       'without a terminal it says what to give', done.stderr)
    busy = World({'failed_logins_per_source': '3'}, tls=True)
    wrong = '0' * 24 + '.' + 'A' * 43
    got = [tool('reset-password', '--url',
                'https://127.0.0.1:%d' % busy.tls_port, '--app', busy.app,
                '--ca-file', busy.authority.file, '--password-stdin',
                stdin=wrong + '\n' + new + '\n') for _ in range(4)]
    equal([done.returncode for done in got], [DENIED] * 3 + [NETWORK],
          'so many wrong tokens and no more')
    contains(got[3].stderr, 'too many attempts; try again in ',
             '... and it is said')
    busy.close()


@group
def checking():
    if ROOT_NAMESPACE:
        return skip('check', ROOT_NAMESPACE)
    log_in()
    clean()
    conf = os.path.join(folder, 'check.conf')
    users = write(os.path.join(folder, 'users'),
                  'ukalice id:%s\n' % user_id)
    agent = shutil.copy(AGENT, os.path.join(folder, 'agent'))
    os.chmod(agent, 0o755)
    lines = ('service_url = %s\napp_id = %s\nca_file = %s\nusers_file = %s\n'
             'agent_program = %s\n' % (PLACE[1], world.app,
                                       world.authority.file, users, agent))
    write(conf, lines)
    value = tool('create', 'c').stdout

    def run(*argv, stdin=value):
        return tool('check', '--conf', conf, *argv, stdin=stdin)

    def rows(done):
        return dict(line.split('\t', 1) for line in done.stdout.splitlines())
    done = run('ukalice')
    check(done, DONE, 'granted')
    got = rows(done)
    ok(got['result'] == 'granted' and got['PAM'] == 'PAM_SUCCESS'
       and got['account'] == 'ukalice (uid 61234)'
       and got['person'] == user_id and 'request' in got, 'and explained',
       done.stdout)
    got = json.loads(run('ukalice', '--json', '--service', 'sshd').stdout)
    ok(got['granted'] is True and got['result'] == 'granted'
       and got['pam'] == 'PAM_SUCCESS' and got['uid'] == 61234
       and got['user_id'] == user_id and got['asked'] is True
       and got['service'] == 'sshd' and got['account'] == 'ukalice'
       and re.search('users', got['why']) and got['request_id'],
       'check --json', got)
    seen, status = typed('check', 'ukalice', '--conf', conf,
                         answers=[('User API key: ', value)])
    ok(status == DONE and value.strip() not in seen and 'granted' in seen,
       'the key can be typed and is not shown', seen)

    def refused(what, word, pam, *argv, asked, **more):
        done = run(*argv, **more)
        got = rows(done)
        ok(done.returncode == DENIED and got['result'] == word
           and got['PAM'] == pam and got['meaning'],
           what, done.returncode, done.stdout, done.stderr)
        got = json.loads(run(*argv, '--json', **more).stdout)
        ok(got['granted'] is False and got['asked'] is asked, what
           + ', in JSON', got)
    bad = value[:10] + ('x' if value[10] != 'x' else 'y') + value[11:]
    refused('a slip of the pen', 'malformed', 'PAM_AUTH_ERR', 'ukalice',
            stdin=bad, asked=False)
    refused('a password', 'malformed', 'PAM_AUTH_ERR', 'ukalice',
            stdin='hunter2\n', asked=False)
    done = run('ukalice', stdin='hunter2\n')
    equal(rows(done)['meaning'], 'that is not a key: a typing error, or a '
          'Unix password; nothing was sent', 'and it says what it may be')
    ok('any' not in done.stdout, 'but not how to have passwords sent',
       done.stdout)
    refused('no such account', 'unknown-user', 'PAM_USER_UNKNOWN', 'nobody9',
            asked=False)
    refused('root', 'not-allowed', 'PAM_PERM_DENIED', 'root', asked=False)
    tool('disable', 'c')
    refused('a disabled key', 'refused', 'PAM_AUTH_ERR', 'ukalice', asked=True)
    tool('enable', 'c')
    write(users, 'ukalice id:64f0c0ffee0123456789abcd\n')
    refused('another person\'s account', 'not-mapped', 'PAM_AUTH_ERR',
            'ukalice', asked=True)
    write(users, '')
    refused('an account without a line', 'not-mapped', 'PAM_AUTH_ERR',
            'ukalice', asked=False)
    write(users, 'ukalice email:ann@example.org\n')
    got = json.loads(run('ukalice', '--json').stdout)
    ok(got['granted'] is True and got['emails'] == ['ann@example.org'],
       'by address', got)
    check(run('ukalice', stdin=''), USAGE, 'no key', '')
    check(run(value.strip()), USAGE, 'a key in place of a user', '',
          'command line')
    words = [['check', 'ukalice', '--service'],
             ['explain', 'ukalice', '--service'],
             ['explain', 'ukalice', '--rhost']]
    if os.geteuid() == 0: # others are sent away at once
        words += [['enable-login', '--service']]
    for argv in words:
        done = tool(*argv, value.strip())
        check(done, USAGE, ' '.join(argv) + ' a key', '', 'command line')
        ok(value.strip() not in done.stderr, '... which is not repeated',
           done.stderr)

    def failed(what, status, word, pam, **more):
        got = json.loads(run('ukalice', '--json', **more).stdout)
        done = run('ukalice', **more)
        ok(done.returncode == status and got['result'] == word
           and got['pam'] == pam and got['granted'] is False and got['why']
           and rows(done) == {'result': word, 'meaning': got['meaning'],
                              'why': got['why'], 'PAM': pam}
           and done.stderr == '', what, done.returncode, got, done.stdout,
           done.stderr)
        return got['why']
    write(users, 'nonsense\n')
    failed('a mistake in the users file', FAILED, 'misconfigured',
           'PAM_SERVICE_ERR')
    write(users, 'ukalice id:%s\n' % user_id)
    write(conf, lines.replace(PLACE[1], 'https://127.0.0.1:1'))
    failed('no service', NETWORK, 'unreachable', 'PAM_AUTHINFO_UNAVAIL')
    liar = Liar(TRUE, connection='hang')
    write(conf, lines.replace(PLACE[1], liar.url.replace('http:', 'https:'))
          + 'timeout = 1s\n')
    failed('a service that hangs', NETWORK, 'timeout:tls',
           'PAM_AUTHINFO_UNAVAIL')
    liar.close()
    write(conf, lines.replace('ca_file', '#ca_file'))
    failed('an authority that is not known', NETWORK, 'tls',
           'PAM_AUTHINFO_UNAVAIL')
    write(conf, lines + 'nonsense = 1\n')
    contains(failed('a mistake in the settings', FAILED, 'misconfigured',
                    'PAM_SERVICE_ERR'), "check.conf':6:",
             'file and line are named')
    write(conf, lines, 0o666)
    contains(failed('settings that others can write', FAILED, 'misconfigured',
                    'PAM_SERVICE_ERR'), 'check.conf', 'the file is named')
    os.rename(conf, conf + '.aside')
    contains(failed('no settings', FAILED, 'misconfigured', 'PAM_SERVICE_ERR',
                    stdin=''), 'check.conf',
             'the file is named, before a key is asked for')
    os.rename(conf + '.aside', conf)
    os.chmod(conf, 0o644)
    check(run('ukalice'), DONE, 'and the good ones again')


@group
def no_core():
    """A tool that is killed leaves no memory image behind."""
    log_in()
    before = set(os.listdir(folder))
    resource.setrlimit(resource.RLIMIT_CORE, (
        resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(TOOL, [TOOL, 'login', *PLACE, '--email', 'a@b.c'],
                  environment())
    os.read(fd, 100)
    with open('/proc/%d/limits' % pid) as file:
        line = [l for l in file if l.startswith('Max core')][0]
    equal(line.split()[4:6], ['0', '0'], 'no core is written')
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(fd)
    equal(set(os.listdir(folder)) - before, set(), 'nothing is left behind')


@group
def children():
    """Whoever starts the tool may not want to hear of children: it does."""
    pid, fd = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        os.execve(TOOL, [TOOL, 'login', *PLACE, '--email', 'a@b.c'],
                  environment())
    os.read(fd, 100)
    with open('/proc/%d/status' % pid) as file:
        ignored = [l for l in file if l.startswith('SigIgn')][0].split()[1]
    equal(int(ignored, 16) >> (signal.SIGCHLD - 1) & 1, 0,
          'how a program has ended is not lost')
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(fd)


@group
def an_agent_that_hangs():
    """It takes no connection any more, and those that wait are too many."""
    path = os.path.join(folder, 'hangs')
    conf = path + '.conf'
    with open(conf, 'w') as file:
        file.write('service_url = https://auth.example\napp_id = app-1\n'
                   'agent_socket = %s\n' % path)
    os.chmod(conf, 0o644)
    taker, waiting = socket.socket(socket.AF_UNIX), []
    taker.bind(path + '.status')
    taker.listen(0)
    try:
        while len(waiting) < 1000:
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect(path + '.status')
    except BlockingIOError:
        pass
    try:
        done = tool('agent', 'status', '--conf', conf)
        said = done.returncode, 'connecting to' in done.stderr
    except subprocess.TimeoutExpired:
        said = 'it waits without an end'
    equal(said, (1, True), 'nobody waits for an agent that hangs')
    for one in (taker, *waiting):
        one.close()


main(world)

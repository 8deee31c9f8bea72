#!/usr/bin/python3 -B
"""What the administrator does beside a running server: apps, users, passwords,
and what the commands say about it."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import termios
import time

from tap import contains, equal, group, main, nothing, ok, skip
from wire import Client, must
from world import PATIENCE, SERVER, STORE, World, die_with_us

PASSWORD, NEW = 'correct horse', 'battery staple'
DONE, FAILED, USAGE = 0, 1, 2
OWNER = 61987  # an account that nobody has
world = World({'registration': 'open'})
http = Client(world)


class OtherApp(Client):
    """Calls to an app that is not the world's."""

    def __init__(self, name):
        Client.__init__(self, world)
        self.name = name

    @property
    def app(self):
        return '/app/' + self.name


def unread(pipe):
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)),
                          sys.byteorder)


def person(name, client=http):
    """A new user: id and session."""
    email = name + '@example.com'
    id = world.user('add', email, '--password-stdin', '--app',
                    client.app.split('/')[-1], stdin=PASSWORD + '\n')
    return id.stdout.strip(), client.session(email, PASSWORD)


def typed(*argv, answers=()):
    """Run it on a terminal of its own: what it showed, its output, its
    status.  answers are (prompt, what to type)."""
    out, their_out = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        try:
            die_with_us()
            os.dup2(their_out, 1)
            os.execv(SERVER, [SERVER, *argv])
        finally:
            os._exit(127)
    os.close(their_out)
    seen, todo, after = '', list(answers), 0
    end = time.monotonic() + PATIENCE * 3
    while time.monotonic() < end:
        if not select.select([fd], [], [], 0.2)[0]:
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
            os.write(fd, todo.pop(0)[1].encode())
    else:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    with os.fdopen(out) as file:
        return seen.replace('\r\n', '\n'), file.read(), status


def user_ids():
    return re.findall(r'^([0-9a-f]{24}) ', world.user(
        'list', '--app', world.app).stdout, re.M)


def said(done, status, words, text):
    """Status, nothing on standard output, and the words on the other."""
    ok(done.returncode == status and done.stdout == '' and
       all(w in done.stderr for w in words) and
       done.stderr.count('\n') == 1, text, done)


@group
def one_app_needs_no_name():
    done = world.command('app', 'list', *world.where())
    equal(done.stdout.split(), [world.app, 'demo', '0'],
          'the app of init: id, name, number of users')
    id = world.add_user('first@example.com', PASSWORD)
    done = world.command('app', 'list', *world.where())
    equal(done.stdout.split(), [world.app, 'demo', '1'], 'and with a user')
    equal(world.user('delete', id, '--yes').stdout, '', 'deleted again')


@group
def apps():
    done = world.command('app', 'add', 'second', *world.where())
    second = done.stdout.strip()
    ok(re.fullmatch(r'second-[a-z]{5}\n', done.stdout) and not done.stderr,
       'app add prints the id alone', done)
    other = OtherApp(second)
    equal(other.login('x@example.com', PASSWORD).code, 'InvalidPassword',
          'the running server knows it at once')
    here, there = person('both'), person('both', other)
    ok(here[0] != there[0], 'one address is another user in each app')
    key = http.new_key(here[1], 'k')
    equal(http.key_login(key['key']).status, 200, 'a key logs in to its app')
    equal(other.key_login(key['key']).status, 401, 'and to no other')
    lines = world.command('app', 'list', *world.where()).stdout.splitlines()
    equal([line.split() for line in lines],
          [[world.app, 'demo', '1'], [second, 'second', '1']],
          'app list shows both, each with its users')
    for verb, word in (('list', []), ('add', ['y@example.com']),
                       ('disable', ['both@example.com']),
                       ('password', ['both@example.com'])):
        done = world.user(verb, *word, check=False)
        said(done, FAILED, ['several', '--app', 'app list'],
             'user %s asks which' % verb)
    done = world.user('list', '--app', 'none-abcde', check=False)
    said(done, FAILED, ["'none-abcde'", 'app list'],
         'an app that is not there is named')
    for verb, more in (('disable', []), ('enable', []), ('delete', ['--yes']),
                       ('password', ['--password-stdin'])):
        done = world.user(verb, there[0], '--app', world.app, *more,
                          stdin=NEW + '\n', check=False)
        said(done, FAILED, [there[0], world.app],
             'user %s: an id of another app is nobody' % verb)
    equal(other.profile(there[1].access).status, 200,
          'whose session goes on')
    equal(other.login('both@example.com', PASSWORD).status, 200,
          'with the password from before')
    for name in ('', 'a b', 'a' * 41, 'a/b', 'ä'):
        done = world.command('app', 'add', name, *world.where(), check=False)
        said(done, FAILED, ['name of an app'], 'app add %r: refused' % name)
    equal(len(world.command('app', 'list', *world.where()).stdout
              .splitlines()), 2, 'and nothing was made')


@group
def a_new_password():
    id, session = person('forgets')
    other_id, other = person('remembers')
    key = http.new_key(session, 'k')
    keyed = http.key_session(key['key'])
    for word, password in (('forgets@example.com', NEW),
                           ('FORGETS@example.com', NEW + ' 2'),
                           (id, NEW + ' 3')):
        done = world.user('password', word, '--app', world.app,
                          '--password-stdin', stdin=password + '\n')
        said(done, DONE, ["'forgets@example.com' (%s)" % id, 'password'],
             'user password %s' % word.replace(id, 'ID'))
        equal(http.login('forgets@example.com', PASSWORD).code,
              'InvalidPassword', 'the old one is wrong now')
        now = must(http.login('forgets@example.com', password), 200)
        equal(now.get('user_id'), id, 'the new one is of the same user')
        PASSWORDS.append(password)
    for old in PASSWORDS[:-1]:
        equal(http.login('forgets@example.com', old).status, 401,
              'only the last one counts')
    for one, text in ((session, 'by password'), (keyed, 'by key')):
        equal(http.profile(one.access).code, 'InvalidSession',
              'a session from before, opened %s, is over' % text)
        equal(http.refresh(one.refresh).status, 401, 'and not refreshed')
    again = http.key_session(key['key'])
    equal(again.user_id, id, 'the key works on')
    equal(http.profile(again.access).status, 200, 'and opens a session')
    equal(http.profile(other.access).status, 200,
          "somebody else's session goes on")
    equal(http.login('remembers@example.com', PASSWORD).status, 200,
          'with the password from before')
    for password in ('', 'short', 'p' * 129, 'p' * 2000):
        done = world.user('password', id, '--app', world.app,
                          '--password-stdin', stdin=password + '\n',
                          check=False)
        said(done, FAILED, [], 'a password of %d: refused' % len(password))
    equal(http.login('forgets@example.com', PASSWORDS[-1]).status, 200,
          'and changes nothing')
    equal(http.profile(again.access).status, 200, 'not even sessions')


PASSWORDS = [PASSWORD]


@group
def secrets_stay_out_of_core_dumps():
    """Whoever waits for a password has given up core dumps by then."""
    waiting = subprocess.Popen(
        [SERVER, 'user', 'add', 'core@example.com', '--password-stdin',
         *world.where()], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, preexec_fn=die_with_us)
    end = time.monotonic() + PATIENCE
    core = ''
    while not re.fullmatch(r'0 +0 +bytes', core) and time.monotonic() < end:
        time.sleep(0.02)
        with open('/proc/%d/limits' % waiting.pid) as limits:
            core = re.search(r'Max core file size +(.*?) *\n',
                             limits.read()).group(1)
    waiting.communicate()
    equal(core.split(), ['0', '0', 'bytes'], 'no core dump holds a password')


@group
def users_without_a_password():
    id = must(http.anon(), 200).get('user_id')
    done = world.user('password', id, '--app', world.app, '--password-stdin',
                      stdin=NEW + '\n', check=False)
    said(done, FAILED, [id, 'no address'], 'an anonymous user gets none')
    done = world.user('disable', id, '--app', world.app)
    said(done, DONE, ["'%s'" % id, 'disabled'], 'but is disabled by id')


@group
def passwords_typed():
    place = [*world.where(), '--app', world.app]
    email = 'typist@example.com'
    seen, out, status = typed(
        'user', 'add', email, *place,
        answers=[("of '%s'" % email, PASSWORD + '\n'),
                 ('Once more', PASSWORD + '\n')])
    ok(status == DONE and PASSWORD not in seen and
       re.fullmatch(r'[0-9a-f]{24}\n', out),
       'user add: typed twice, unseen; the prompt says whose', status, seen)
    id = out.strip()
    equal(http.login(email, PASSWORD).status, 200, 'and that is the password')
    seen, out, status = typed('user', 'add', email, *place)
    ok(status == FAILED and 'assword of' not in seen and id in seen and
       "'userkey-server user password'" in seen,
       'an address that is taken is said before anything is typed', seen)
    seen, out, status = typed(
        'user', 'password', email, *place,
        answers=[("of '%s' (%s)" % (email, id), NEW + '\n'),
                 ('Once more', NEW + '\n')])
    ok(status == DONE and NEW not in seen and out == '',
       'user password: the same', status, seen)
    equal(http.login(email, NEW).status, 200, 'and that is the new one')
    for text, answers, word in (
            ('another the second time', [(email, PASSWORD + '\n'),
                                         ('Once more', NEW + '\n')], 'same'),
            ('too short, said at once', [(email, 'short\n')],
             'between 6 and 128'),
            ('interrupted', [(email, 'some\x03')], 'cancelled'),
            ('ended', [(email, '\x04')], 'cancelled')):
        seen, out, status = typed('user', 'password', email, *place,
                                  answers=answers)
        ok(status == FAILED and word in seen and out == '', text, status,
           seen)
    equal(http.login(email, NEW).status, 200, 'and nothing has changed')
    done = subprocess.run(
        [SERVER, 'user', 'password', email, *place], text=True,
        stdin=subprocess.DEVNULL, capture_output=True,
        start_new_session=True, timeout=PATIENCE * 3)
    said(done, FAILED, ['no terminal', '--password-stdin'],
         'without a terminal the option is named')


@group
def changes_are_reported():
    id, session = person('changes')
    name = "'changes@example.com' (%s)" % id
    for verb, word in (('disable', 'disabled'), ('disable', 'disabled'),
                       ('enable', 'enabled')):
        done = world.user(verb, 'changes@example.com', '--app', world.app)
        said(done, DONE, [name, word], 'user %s says so' % verb)
        equal(http.login('changes@example.com', PASSWORD).status,
              401 if verb == 'disable' else 200, 'and so it is')
    session = http.session('changes@example.com', PASSWORD)
    done = world.user('logout', 'changes@example.com', '--app', world.app)
    said(done, DONE, [name, 'sessions', 'over'], 'user logout says so')
    equal((http.profile(session.access).status,
           http.login('changes@example.com', PASSWORD).status), (401, 200),
          'and so it is; another can be opened')
    for verb, more in (('disable', []), ('enable', []), ('delete', ['--yes']),
                       ('logout', []), ('confirm', [])):
        for nobody in ('0' * 24, 'nobody@example.com', 'nonsense'):
            done = world.user(verb, nobody, '--app', world.app, *more,
                              check=False)
            said(done, FAILED, ["no user '%s'" % nobody],
                 'user %s %s: nobody' % (verb, nobody))
    done = world.user('disable', 'ukey' + 'a' * 60, '--app', world.app,
                      check=False)
    ok('a' * 20 not in done.stderr, 'a key in the wrong place is not shown',
       done)


@group
def an_address_is_confirmed():
    must(http.register('self@example.com', PASSWORD), 201)
    id = http.session('self@example.com', PASSWORD).user_id

    def confirmed():
        return http.profile(http.session('self@example.com', PASSWORD).access
                            ).json['identities'][0]['provider_data'][
                                'confirmed']
    equal(confirmed(), False, 'who has registered alone is not')
    for _ in range(2):
        done = world.user('confirm', id, '--app', world.app)
        said(done, DONE, ["'self@example.com' (%s)" % id, 'is confirmed'],
             'user confirm says who')
        equal(confirmed(), True, 'and so it is')
    done = world.user('confirm', must(http.anon(), 200).get('user_id'), '--app',
                      world.app, check=False)
    said(done, FAILED, ['no address'], 'nobody without one')


@group
def users_are_listed():
    id, session = person('listed')
    http.new_key(session, 'k')
    anon = must(http.anon(), 200).get('user_id')
    rows = {line.split()[0]: line.split()[1:] for line in world.user(
        'list', '--app', world.app).stdout.splitlines()}
    equal((rows[id], rows[anon]), (['listed@example.com', 'enabled', '1'],
                                   ['-', 'enabled', '0']),
          'as userkey does: id, address, state; then keys')


@group
def deleting_asks():
    place = [*world.where(), '--app', world.app]
    id, session = person('goes')
    http.new_key(session, 'a')
    question = "user 'goes@example.com' (%s) and 1 key for ever?" % id
    done = world.user('delete', id, '--app', world.app, check=False)
    ok(done.returncode == USAGE and '--yes' in done.stderr and
       done.stdout == '', 'without a terminal, --yes must be given', done)
    done = world.user('delete', id, '--app', world.app, stdin='y\n',
                      check=False)
    equal(done.returncode, USAGE, 'a pipe that says y is no terminal')
    for answer in ('\n', 'n\n', 'no\n', 'yess\n', 'delete\n', '\x03', '\x04',
                   'y' * 100 + '\n'):
        seen, out, status = typed('user', 'delete', id, *place,
                                  answers=[('[y/N]', answer)])
        ok(status == FAILED and question in seen and out == '' and
           id in user_ids(), 'asked, and %.10r is no yes' % answer, status,
           seen)
    seen, out, status = typed('user', 'delete', '0' * 24, *place)
    ok(status == FAILED and '[y/N]' not in seen,
       'nobody is asked about somebody who is not there', seen)
    http.new_key(session, 'b')
    seen, out, status = typed('user', 'delete', 'goes@example.com', *place,
                              answers=[('[y/N]', 'Y\n')])
    ok(status == DONE and 'and 2 keys are deleted' in seen and out == '' and
       id not in user_ids(), 'yes deletes, and says what', status, seen)
    equal(http.login('goes@example.com', PASSWORD).status, 401, 'gone')
    id, session = person('goes')
    done = world.user('delete', 'goes@example.com', '--yes', '--app',
                      world.app)
    said(done, DONE, ["'goes@example.com' (%s) and 0 keys" % id],
         '--yes does not ask')
    ok(id not in user_ids(), 'and deletes')


@group
def deleting_an_administrator_asks():
    place = world.where()
    world.command('admin-key', 'create', 'boss', *place)

    def there():
        return 'boss' in world.command('admin-key', 'list', *place).stdout
    done = world.command('admin-key', 'create', 'boss', *place, check=False)
    said(done, FAILED, ['of this name already', 'choose another',
                        "'userkey-server admin-key delete'"],
         'a name that is taken, and what can be done about it')
    for answer in ('\n', 'n\n', '\x03'):
        seen, out, status = typed('admin-key', 'delete', 'boss', *place,
                                  answers=[('[y/N]', answer)])
        ok(status == FAILED and "admin key 'boss'" in seen and there(),
           'asked, and %r is no yes' % answer, status, seen)
    seen, out, status = typed('admin-key', 'delete', 'nobody', *place)
    ok(status == FAILED and '[y/N]' not in seen,
       'nobody is asked about one that is not there', seen)
    seen, out, status = typed('admin-key', 'delete', 'boss', *place,
                              answers=[('[y/N]', 'y\n')])
    ok(status == DONE and 'is deleted' in seen and out == '' and not there(),
       'yes deletes, and says which', status, seen)


@group
def command_lines():
    """What is wrong comes first, in our own voice, then the usage."""
    for argv, words in (
            (['bogus'], ["'bogus' is not a command", '--help']),
            (['usr', 'list'], ["did you mean 'user'"]),
            (['serv'], ["did you mean 'serve'"]),
            (['user', 'lst'], ["'user lst'", "did you mean 'user list'"]),
            (['server-key', 'list'], ["'userkey server-key'"]),
            (['user', 'show', 'x'], ["'userkey user show'"]),
            (['app', 'bogus'], ["'app bogus' is not a command"]),
            (['app', 'delete'], ["'app delete' is not a command"]),
            (['app', 'add'], ['app add: NAME is missing', 'usage:']),
            (['user', 'add'], ['user add: EMAIL is missing', 'usage:']),
            (['user', 'password'], ['ID|EMAIL is missing', '--password-stdin']),
            (['user', 'list', 'x'], ["'x' is a word too many"]),
            (['user', 'list', '--json'], ["user list: '--json'", 'usage:']),
            (['user', 'disable', 'x', '--yes'], ["'--yes' is not an option"]),
            (['user', 'list', '--app'], ["'--app' needs a value"]),
            (['user', 'list', '--password=xyzzy'], ["'--password'"]),
            (['user', 'list', '--data', '/x', '--config', '/y'],
             ['--data and --config']),
            (['init'], ['init: --data DIR or --config FILE']),
            (['init', '--data', '/x', '--config', '/y'],
             ['--data and --config']),
            (['serve'], ['serve: --data DIR or --config FILE']),
            (['serve', '--data', '/x'], ['--listen ADDRESS:PORT is missing']),
            (['serve', '--config', '/x', '--listen', '127.0.0.1:0'],
             ['go with --data'])):
        done = world.command(*argv, check=False)
        ok(done.returncode == USAGE and done.stdout == '' and
           done.stderr.startswith('userkey-server: ') and
           all(w in done.stderr for w in words) and
           'xyzzy' not in done.stderr, ' '.join(argv), done)
    for argv, words in (
            (['--help'], ['init', 'serve', 'app add', 'user password']),
            (['help'], ['init']), (['-h'], ['init']),
            (['user', '--help'], ['user add', 'user delete']),
            (['app', 'help'], ['app add', 'app list']),
            (['user', 'add', '--help'], ['EMAIL', '--password-stdin', '--app']),
            (['user', 'delete', '--help'], ['--yes  ']),
            (['init', '--help'], ['--app NAME']),
            (['serve', '--help'], ['--tls-cert FILE']),
            (['--version'], ['userkey-server '])):
        done = world.command(*argv, check=False)
        ok(done.returncode == DONE and done.stderr == '' and
           all(w in done.stdout for w in words), ' '.join(argv), done)
    done = world.command('user', '--help')
    ok('init' not in done.stdout and 'app add' not in done.stdout,
       'help for one group is about that group')
    for argv in ([], ['user'], ['app']):
        done = world.command(*argv, check=False)
        ok(done.returncode == USAGE and done.stdout == '' and
           'usage:' in done.stderr, 'no command: %r' % argv, done)


@group
def what_cannot_be_written_fails():
    for argv in (['app', 'list'], ['user', 'list', '--app', world.app],
                 ['--help'], ['--version'], ['serve', '--help']):
        where = world.where() if argv[0] in ('app', 'user') else []
        with open('/dev/full', 'w') as full:
            done = subprocess.run([SERVER, *argv, *where], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        equal(done.returncode, FAILED, ' '.join(argv[:2]) + ' to a full disk')


@group
def values_of_the_command_line_have_no_line():
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        for argv in (['serve', '--data', folder, '--listen', '127.0.0.1:0'],
                     ['serve', '--data', folder + '/none', '--listen',
                      '127.0.0.1:0'],
                     ['serve', '--data', folder, '--listen', '0.0.0.0:0'],
                     ['serve', '--data', folder, '--listen', '127.0.0.1:0',
                      '--tls-cert', '/nonexistent/c', '--tls-key',
                      '/nonexistent/k'],
                     ['serve', '--data', folder, '--listen', '127.0.0.1:0',
                      '--tls-cert', '/nonexistent/c']):
            done = world.command(*argv, check=False)
            ok(done.returncode == FAILED and
               ("'command line': " in done.stderr or
                'userkey-server: --data: ' in done.stderr) and
               not re.search(r"line':\d", done.stderr),
               'no number of a line for what stands in none', done)


@group
def what_is_shown_to_a_person_is_printable():
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        said(world.command('init', '--data', folder + '/a\x1b[31m',
                           check=False), FAILED,
             ["a\\x1b[31m/userkey.db'", 'printable ASCII'],
             'init makes nothing that nobody could serve')
        equal(os.listdir(folder), [], 'nor a folder for it')
        config = folder + '/b\x1b[31m.conf'
        with open(config, 'w') as file:
            file.write('listen_http = 127.0.0.1:0\n'
                       'database = sqlite:%s/new.db\n' % folder)
        seen, out, status = typed('init', '--config', config, '--app', 'fleet')
        ok(status == 0 and re.fullmatch(r'fleet-[a-z]+\n', out) and
           '\x1b' not in seen and r'serve --config %s/b\x1b[31m.conf' % folder
           in seen, 'the hint of init is escaped', (seen, out))


@group
def what_is_missing_is_told_with_the_way_on():
    with tempfile.TemporaryDirectory(dir=world.folder) as folder:
        serve = ['serve', '--data', folder, '--listen', '127.0.0.1:0']
        said(world.command(*serve, check=False), FAILED,
             ["userkey-server: --data: there is no '%s/userkey.db'; "
              "'userkey-server init' makes one" % folder], 'no database')
        new = ['init', '--data', folder + '/new']
        world.command(*new)
        os.rename(folder + '/new/userkey.db', folder + '/userkey.db')
        said(world.command(*serve, check=False), FAILED,
             ["userkey-server: --data: there is no '%s/signing_key'; "
              "'userkey-server init' makes one" % folder], 'no secrets')
        os.rename(folder + '/userkey.db', folder + '/new/userkey.db')
        said(world.command(*new, check=False), FAILED,
             ['new/userkey.db', 'already', "'userkey-server app list'"],
             'init, twice')
    said(world.command('init', *world.where(), check=False), FAILED,
         ['already', "'userkey-server app list' has the id"],
         'init of what serves')
    done = world.command('app', 'list', check=False)
    path = re.search(r"'(/[^']*/server.conf)'", done.stderr)
    if path and os.path.exists(path[1]):
        skip('neither --data nor --config', 'the default file is there')
        return
    said(done, FAILED, ['there is no', '--data DIR or --config FILE'],
         'neither --data nor --config')


@group
def long_lists():
    """All users, each once, though they are asked for page by page; whoever
    reads slowly does not keep the database from tidying up."""
    app = world.command('app', 'add', 'long', *world.where()).stdout.strip()
    other = OtherApp(app)
    users = {must(other.anon(), 200).get('user_id') for _ in range(120)}

    def listed():
        return re.findall('^([0-9a-f]{24}) ', world.user(
            'list', '--app', app).stdout, re.M)

    equal((sorted(users), len(users)), (listed(), 120), '120 users')
    text = 'a list that nobody reads holds no statement open'
    if STORE != 'sqlite':
        skip(text, 'the log is of SQLite')
        return
    path = os.path.join(world.data, 'userkey.db')
    db = sqlite3.connect(path, timeout=PATIENCE)
    app_id = db.execute('SELECT id FROM app WHERE client_id = ?',
                        (app,)).fetchone()[0]
    with db:
        db.executemany(
            'INSERT INTO app_user(id, app_id, created) VALUES (?, ?, 0)',
            [('%024x' % n, app_id) for n in range(5000)])
    lister = subprocess.Popen(
        [SERVER, 'user', 'list', '--app', app, *world.where()],
        stdout=subprocess.PIPE, text=True, preexec_fn=die_with_us)
    first = lister.stdout.readline()
    must(other.anon(), 200)  # something for the log
    # Its pipe is full, sooner or later: from then on it waits for us.
    full = fcntl.fcntl(lister.stdout, fcntl.F_GETPIPE_SZ) - 8192
    end, busy = time.monotonic() + PATIENCE, None
    while busy != 0 and time.monotonic() < end:
        time.sleep(0.1)
        if unread(lister.stdout) >= full:
            busy = db.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0]
    equal(busy, 0, text)
    db.close()
    rest, _ = lister.communicate()
    equal((rest.count('\n') + 1 >= 5120, first[:24], lister.returncode),
          (True, '0' * 24, 0), 'and is whole when it is read at last')


@group
def root_becomes_the_owner():
    """What is made in a folder of the service's user is that user's."""
    text = 'what root does in a folder of somebody else is theirs'
    if os.geteuid() != 0 or STORE != 'sqlite':
        skip(text, 'needs root, and files')
        return
    top = tempfile.mkdtemp(prefix='userkey-owner-')
    try:
        os.chmod(top, 0o755)
        folder = os.path.join(top, 'data')
        os.mkdir(folder, 0o700)
        os.chown(folder, OWNER, OWNER)

        def owners():
            """Whose the files are, each looked at while it is there."""
            return {os.lstat(os.path.join(folder, name)).st_uid
                    for name in os.listdir(folder)}

        def command(*argv, stdin=''):
            done = world.command(*argv, '--data', folder, stdin=stdin)
            equal(owners(), {OWNER}, '%s: all files are the owner\'s' %
                  ' '.join(argv[:2]))
            return done.stdout.strip()

        command('init')
        id = command('user', 'add', 'a@example.com', '--password-stdin',
                     stdin=PASSWORD + '\n')
        # With somebody who has the database open, -wal and -shm stay.
        reader = subprocess.Popen(
            ['/usr/bin/python3', '-c',
             'import sqlite3, sys\n'
             'db = sqlite3.connect(sys.argv[1])\n'
             'db.execute("select count(*) from app").fetchall()\n'
             'print("open", flush=True)\n'
             'sys.stdin.read()', folder + '/userkey.db'],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: (os.setgid(OWNER), os.setuid(OWNER),
                                die_with_us()))
        reader.stdout.readline()
        command('app', 'add', 'more')
        app = command('app', 'list').split()[0]
        for verb, more in (('disable', []), ('enable', []), ('list', None),
                           ('password', ['--password-stdin']),
                           ('delete', ['--yes'])):
            command('user', verb, *([] if more is None else [id, *more]),
                    '--app', app, stdin=PASSWORD + '\n')
        ok(os.path.exists(folder + '/userkey.db-wal'),
           'with -wal and -shm among them', os.listdir(folder))
        modes = {name: stat.S_IMODE(os.lstat(os.path.join(folder, name))
                                    .st_mode) for name in os.listdir(folder)}
        equal(set(modes.values()), {0o600}, 'and nobody else reads them')
        reader.communicate('')
        done = world.command('serve', '--data', folder, '--listen',
                             '127.0.0.1:0', check=False)
        ok(done.returncode == FAILED and 'uid %d' % OWNER in done.stderr,
           'serve as root does not believe that folder', done)
        # A link in a folder of somebody else does not lead root anywhere.
        for name in ('userkey.db', 'pepper'):
            victim = os.path.join(top, 'victim')
            shutil.rmtree(folder)
            os.mkdir(folder, 0o700)
            os.symlink(victim, os.path.join(folder, name))
            os.chown(folder, OWNER, OWNER)
            done = world.command('init', '--data', folder, check=False)
            ok(done.returncode == FAILED and not os.path.lexists(victim),
               'init: a link in place of %s is not followed' % name, done)
    finally:
        shutil.rmtree(top)


@group
def providers():
    """Which ways to log in an app has, beside a running server."""
    here = World({'registration': 'open'})
    http = Client(here)
    here.add_user('prov@example.com', PASSWORD)
    key = http.new_key(http.session('prov@example.com', PASSWORD), 'k')['key']
    where = ['--config', here.config]

    def listed():
        return here.command('provider', 'list', *where).stdout.splitlines()
    equal(listed(), ['%-14s  enabled' % n for n in (
        'anon-user', 'local-userpass', 'api-key')], 'all are enabled')
    tries = {'anon-user': lambda: http.anon().status,
             'local-userpass': lambda: http.login('prov@example.com',
                                                  PASSWORD).status,
             'api-key': lambda: http.key_login(key).status}
    for name, attempt in tries.items():
        done = here.command('provider', 'disable', name, *where)
        equal(done.stdout, '', name + ' is disabled')
        ok("'%s' is disabled for app '%s'" % (name, here.app) in done.stderr,
           'and it says so')
        ok('%-14s  disabled' % name in listed(), 'the list has it')
        equal(attempt(), 404, 'nobody logs in')
        here.command('provider', 'enable', name, *where)
        equal(attempt(), 200, 'until it is enabled')
    for argv, status in ((('disable',), 2), (('disable', 'x'), 1),
                         (('disable', 'mongodb-cloud'), 1), (('frob',), 2),
                         (('enable', 'api-key', '--app', 'x'), 1)):
        equal(here.command('provider', *argv, *where, check=False).returncode,
              status, 'not: provider ' + ' '.join(argv))
    here.close()
    closed = World(start=False)
    closed.write_config()
    listed = closed.command('provider', 'list', '--config',
                            closed.config).stdout.splitlines()
    equal(listed[0], 'anon-user       disabled (registration is closed)',
          'where registration is closed it says why')


main(world)

#!/usr/bin/python3 -B
"""Settings and files that are wrong: the server does not start, and says in
which line, what was wrong and what is allowed."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import time

from tap import equal, group, main, nothing, ok, skip, skip_all
from wire import Client
from world import (NO_LIMITS, PATIENCE, SERVER, STORE, World, die_with_us,
                   openssl)

if STORE != 'sqlite':
    skip_all('settings', 'the wrong files are files of SQLite')
ROOT = os.geteuid() == 0
world = World({'registration': 'open'}, tls=True)
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
world.add_user(EMAIL, PASSWORD)
world.stop()
GOOD = dict(world.settings)
CA = world.authority


def serve(config):
    """Start with this file; how it ended, or 'runs' once it listens."""
    with tempfile.TemporaryFile('w+') as out:
        process = subprocess.Popen(
            [SERVER, 'serve', '--config', config], stdin=subprocess.DEVNULL,
            stdout=out, stderr=out, preexec_fn=die_with_us)
        end = time.monotonic() + PATIENCE
        status = None
        while status is None and time.monotonic() < end:
            time.sleep(0.005)
            status = process.poll()
            out.seek(0)
            text = out.read()
            if status is None and 'listening on http' in text:
                break
        process.kill()
        process.wait()
        out.seek(0)
        return 'runs' if status is None else status, out.read()


def lines_of(**changes):
    settings = dict(GOOD, **changes)
    return ['%s = %s' % item for item in settings.items()
            if item[1] is not None]


def write(lines, mode=0o600):
    if os.path.lexists(world.config):
        os.remove(world.config)
    with open(world.config, 'wb') as file:
        for line in lines:
            file.write(line if isinstance(line, bytes) else line.encode())
            file.write(b'\n')
    os.chmod(world.config, mode)


def check(text, lines, at=None, words=()):
    """at: the number of the line that must be named; 0 for the file alone."""
    write(lines)
    status, out = serve(world.config)
    found = []
    if status in (0, 'runs') or (isinstance(status, int) and status < 0):
        found.append('status %s' % status)
    name = "'?%s'?" % re.escape(world.config)
    if at and not re.search(name + ':%d(?!\\d)' % at, out):
        found.append('no %s:%d in %r' % (world.config, at, out))
    elif at == 0 and not re.search(name, out):
        found.append('no %s in %r' % (world.config, out))
    elif at is None and not out.strip():
        found.append('no word about it')
    found += ['no %r in %r' % (w, out) for w in words if w not in out]
    if 'Sanitizer' in out:
        found.append(out[-2000:])
    nothing(found, text)


def check_value(name, *values, words=()):
    """A good file but for the value in this one line."""
    for value in values:
        lines = lines_of(**{name: None})
        lines.insert(1, '# a comment')
        lines.insert(2, '%s = %s' % (name, value))
        check('%s = %.40r' % (name, value), lines, 3, [name, *words])


@group
def it_starts_with_good_ones():
    world.start()
    equal(http.location().status, 200, 'the settings that we spoil are good')
    world.stop()
    write(['', '# comment', '  # indented comment', '\t'] +
          ['  %s\t=\t%s  # why' % item for item in GOOD.items()])
    equal(serve(world.config)[0], 'runs',
          'comments and white space are as the grammar says')


@group
def grammar():
    good = lines_of()
    n = len(good) + 1
    check('an unknown name', good + ['bogus = 1'], n, ['bogus'])
    check('a name in capitals', good + ['Log_Level = info'], n)
    check('a name twice', good + ['log_level = info'], n, ['log_level'])
    check('no equals sign', good + ['allowed_origins'], n)
    check('no name', good + ['= 5'], n)
    check('no value', good + ['allowed_origins ='], n, ['allowed_origins'])
    check('a NUL', good + [b'allowed_origins = a\0b'], n)
    check('a control character', good + [b'allowed_origins = \x1b[31m'], n)
    check('a value of 300 bytes', good + ['secrets = /' + 'a' * 300], n)
    check('a line of 100,000 bytes', good + ['secrets = /' + 'a' * 100000], 0)
    check('not UTF-8', good + [b'allowed_origins = \xff\xfe'], n)
    check('an empty file', [], 0)
    write([b'\0' * 100])
    ok(serve(world.config)[0] not in (0, 'runs'), 'a file of NULs')


@group
def values():
    check_value('listen', 'nonsense', '127.0.0.1', '127.0.0.1:', ':443',
                '127.0.0.1:65536', '127.0.0.1:-1', '127.0.0.1:x',
                '127.0.0.1:443x', '999.1.1.1:80', '127.0.0.1:0 nonsense',
                '[::1', '::1', 'https://127.0.0.1:0')
    check_value('listen_http', 'nonsense', '127.0.0.1', '127.0.0.1:65536',
                '0.0.0.0:0', '[::]:0', '10.0.0.1:0', '192.168.1.1:0',
                '128.0.0.1:0', '127.0.0.1:0 0.0.0.0:0')
    check_value('tls_certificate', 'relative.pem')
    check_value('tls_key', 'relative.key')
    check_value('database', 'userkey.db', 'sqlite:', 'sqlite:relative.db',
                'mysql:x', 'sqlite::memory:')
    for name in ('access_token_lifetime', 'refresh_token_lifetime'):
        check_value(name, '0', '-5', '5x', '5 min', 'abc', '1.5h', '+5min',
                    '99999999999d', '99999999999999999999', '0x10', '5min5s')
    check_value('registration', 'maybe', 'yes', 'OPEN', 'open closed')
    check_value('log_level', 'loud', '7', 'INFO')
    check_value('insecure_http', 'true', '1', 'YES', 'on')
    check_value('allowed_origins', 'https://x.example/path', 'x.example',
                'ftp://x.example', 'https://x.example * nonsense')
    check_value('secrets', 'relative')


@group
def values_that_name_nothing():
    """Right in form; what they name is not there, or not a file."""
    for name, values in (
            ('tls_certificate', ('/nonexistent/cert.pem', '/', '/dev/null')),
            ('tls_key', ('/nonexistent/key.pem', '/', '/dev/null')),
            ('database', ('sqlite:/nonexistent/x.db', 'sqlite:/',
                          'sqlite:/dev/null')),
            ('secrets', ('/nonexistent', '/dev/null', '/'))):
        for value in values:
            check('%s = %s' % (name, value),
                  lines_of(**dict({'secrets': world.data}, **{name: value})),
                  words=['/' + value.split('/')[1]])


@group
def limits():
    """Every further setting that the manual page of server.conf names."""
    names = server_conf_names() - (set(GOOD) - set(NO_LIMITS)) - {
        'access_token_lifetime', 'refresh_token_lifetime', 'registration',
        'insecure_http', 'allowed_origins', 'secrets'}
    for name in sorted(names):
        check_value(name, '-1', 'x', '99999999999999999999', '5 5 5 5 x')


EXAMPLE = os.path.join(os.path.dirname(__file__), '../../conf/server.conf')


def server_conf_names():
    """The names in conf/server.conf, which is where people learn them."""
    with open(EXAMPLE) as file:
        return set(re.findall(r'^#?([a-z][a-z_]+) = ', file.read(), re.M))


@group
def the_file_that_administrators_copy():
    """With every line in force, only the places being ours."""
    with open(EXAMPLE) as file:
        text = re.sub(r'^#([a-z][a-z_]+ = )', r'\1', file.read(), flags=re.M)
    for name in ('listen', 'listen_http', 'tls_certificate', 'tls_key',
                 'database'):
        text, count = re.subn('^%s = .*$' % name,
                              '%s = %s' % (name, GOOD[name]), text,
                              flags=re.M)
        equal(count, 1, 'the example has ' + name)
    text = re.sub('^secrets = .*$', 'secrets = ' + world.data, text,
                  flags=re.M)
    write(text.splitlines())
    status, out = serve(world.config)
    equal(status, 'runs', 'every line of the example is right: ' +
          out.splitlines()[0])


@group
def combinations():
    def line_of(lines, name):
        return next((n for n, line in enumerate(lines, 1)
                     if line.split(' ')[0] == name), 0)

    lines = lines_of(tls_key=None)
    check('a certificate without its key', lines,
          line_of(lines, 'tls_certificate'))
    lines = lines_of(tls_certificate=None)
    check('a key without its certificate', lines, line_of(lines, 'tls_key'))
    check('no listener at all', lines_of(listen=None, listen_http=None,
                                         tls_key=None, tls_certificate=None),
          0)
    check('no database', lines_of(database=None), 0)
    lines = lines_of(tls_key=None, tls_certificate=None, listen='0.0.0.0:0')
    check('listen for everybody without a certificate', lines,
          line_of(lines, 'listen'))
    write(lines_of(listen_http='0.0.0.0:0', insecure_http='yes'))
    equal(serve(world.config)[0], 'runs',
          'plain HTTP for everybody, where insecure_http says so')


@group
def the_file_itself():
    def refused(text, config=None):
        status, out = serve(config or world.config)
        ok(status not in (0, 'runs') and out.strip(), text, status, out)

    for mode in (0o602, 0o620, 0o666, 0o622):
        write(lines_of(), mode)
        refused('a file of mode %o' % mode)
    write(lines_of(), 0o644)
    equal(serve(world.config)[0], 'runs', 'a file of mode 644 is believed')
    write(lines_of())
    link = world.config + '.link'
    os.symlink(world.config, link)
    refused('a symbolic link', link)
    refused('a folder', world.folder)
    refused('a file that is not there', world.config + '.none')
    os.mkfifo(world.config + '.fifo')
    refused('a FIFO, without waiting for a writer', world.config + '.fifo')
    os.chmod(world.folder, 0o777)
    refused('a file in a folder that anyone can write')
    os.chmod(world.folder, 0o700)
    if ROOT:
        os.chown(world.config, 1001, 1001)
        refused('a file of somebody else')
    else:
        skip('a file of somebody else', 'not root')


@group
def secrets_and_data():
    """Files that should be ours alone."""
    write(lines_of())

    def refused(text, name):
        status, out = serve(world.config)
        ok(status not in (0, 'runs') and name in out, text, status, out)

    for name in ('signing_key', 'pepper'):
        path = os.path.join(world.data, name)
        for mode in (0o644, 0o640, 0o604, 0o666, 0o602):
            os.chmod(path, mode)
            refused('%s of mode %o' % (name, mode), name)
        os.chmod(path, 0o600)
        os.rename(path, path + '.away')
        refused('no ' + name, name)
        for text, content in (('empty', b''), ('short', b'x'),
                              ('of one byte less', None),
                              ('too long', b'x' * 100000)):
            with open(path + '.away', 'rb') as file:
                whole = file.read()
            with open(path, 'wb') as file:
                file.write(whole[:-1].rstrip()[:-1] if content is None
                           else content)
            os.chmod(path, 0o600)
            refused('%s that is %s' % (name, text), name)
        os.remove(path)
        os.symlink(path + '.away', path)
        refused('%s as a symbolic link' % name, name)
        os.rename(path + '.away', path)
        if ROOT:
            os.chown(path, 1001, 1001)
            refused('%s of somebody else' % name, name)
            os.chown(path, 0, 0)
        else:
            skip('%s of somebody else' % name, 'not root')
    for mode in (0o777, 0o722, 0o770):
        os.chmod(world.data, mode)
        refused('the data folder of mode %o' % mode, world.data)
    os.chmod(world.data, 0o700)
    equal(serve(world.config)[0], 'runs', 'all put back, it starts')


@group
def certificates():
    cert, key = GOOD['tls_certificate'], GOOD['tls_key']
    other_cert, other_key = CA.issue('other')
    folder = CA.folder

    def make(name, content, mode=0o600):
        path = os.path.join(folder, name)
        with open(path, 'wb') as file:
            file.write(content)
        os.chmod(path, mode)
        return path

    with open(cert, 'rb') as file:
        pem = file.read()
    with open(key, 'rb') as file:
        pem_key = file.read()
    openssl(folder, 'ec', '-in', 'localhost.key', '-aes256', '-passout',
            'pass:secret', '-out', 'locked.key')
    os.chmod(os.path.join(folder, 'locked.key'), 0o600)
    for text, changes in (
            ('a certificate that is none',
             {'tls_certificate': make('junk.pem', b'junk\n' * 100)}),
            ('an empty certificate',
             {'tls_certificate': make('empty.pem', b'')}),
            ('half a certificate',
             {'tls_certificate': make('half.pem', pem[:len(pem) // 2])}),
            ('a key in place of the certificate', {'tls_certificate': key}),
            ('a key that is none', {'tls_key': make('junk.key', b'junk\n')}),
            ('a certificate in place of the key',
             {'tls_key': make('c.key', pem)}),
            ('the key of another certificate', {'tls_key': other_key}),
            ('a key with a passphrase',
             {'tls_key': os.path.join(folder, 'locked.key')}),
            ('a key that others can read',
             {'tls_key': make('open.key', pem_key, 0o644)}),
            ('a key that others can write',
             {'tls_key': make('write.key', pem_key, 0o602)})):
        write(lines_of(**changes))
        status, out = serve(world.config)
        name = [v for v in changes.values()][0]
        ok(status not in (0, 'runs') and name in out,
           text + ': refused, with its name', status, out)


@group
def ports():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        at = '127.0.0.1:%d' % taken.getsockname()[1]
        write(lines_of(listen_http=at))
        status, out = serve(world.config)
        ok(status not in (0, 'runs') and at in out,
           'a port that is taken: refused, with its name', status, out)
    world.start()
    at = '127.0.0.1:%d' % world.http_port
    config = world.config
    write(lines_of(listen_http=at))
    status, out = serve(config)
    ok(status not in (0, 'runs') and at in out,
       'a port that another userkey-server has: refused as well', status, out)
    equal(http.location().status, 200, 'which goes on serving')
    world.stop()


@group
def databases():
    path = os.path.join(world.data, 'userkey.db')
    write(lines_of())
    keep = path + '.keep'
    shutil.copy(path, keep)

    def refused(text, *words):
        status, out = serve(world.config)
        ok(status not in (0, 'runs') and all(w in out for w in words), text,
           status, out)
        for end in ('', '-wal', '-shm'):
            if os.path.exists(path + end):
                os.remove(path + end)

    with sqlite3.connect(path) as db:
        equal(make_newer(db), True, 'the schema has a version')
    db.close()
    before = os.stat(path).st_size
    status, out = serve(world.config)
    ok(status not in (0, 'runs') and path in out, 'a newer schema is refused',
       status, out)
    equal(os.stat(path).st_size, before, 'and left as it is')
    refused('a newer schema', path)
    with open(path, 'wb') as file:
        file.write(b'this is no database\n' * 1000)
    os.chmod(path, 0o600)
    refused('a file that is no database', path)
    with open(path, 'wb') as file:
        pass
    os.chmod(path, 0o600)
    refused('an empty file', path)
    refused('no file', path)
    with sqlite3.connect(path) as db:
        db.execute('CREATE TABLE other(a)')
    db.close()
    os.chmod(path, 0o600)
    refused('the database of another program', path)
    with open(keep, 'rb') as file:
        whole = file.read()
    with open(path, 'wb') as file:
        file.write(whole[:5000])
    os.chmod(path, 0o600)
    refused('half a database', path)
    shutil.copy(keep, path)
    os.chmod(path, 0o644)
    status, out = serve(world.config)
    ok(status not in (0, 'runs') and path in out,
       'a database that others can read', status, out)
    os.chmod(path, 0o600)
    equal(serve(world.config)[0], 'runs', 'the whole one is taken')
    os.remove(keep)


def make_newer(db):
    """Raise the schema's version, wherever it is kept."""
    done = False
    version = db.execute('PRAGMA user_version').fetchone()[0]
    if version:
        db.execute('PRAGMA user_version = %d' % (version + 1000))
        done = True
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = "
                              "'table' AND name LIKE '%version%'").fetchall():
        columns = [r[1] for r in db.execute('PRAGMA table_info(%s)' % name)]
        db.execute('UPDATE %s SET %s = %s + 1000' % (
            name, columns[0], columns[0]))
        done = True
    db.commit()
    return done


@group
def init():
    there = world.command('init', '--data', world.data, check=False)
    ok(there.returncode != 0 and world.data in there.stderr,
       'init does not touch a folder with data', there)
    equal(there.stdout, '', 'and prints no app id')
    world.start()
    equal(http.login(EMAIL, PASSWORD).status, 200, 'which is as it was')
    world.stop()
    new = os.path.join(world.folder, 'new')
    done = world.command('init', '--data', new)
    ok(re.fullmatch(r'[0-9A-Za-z_-]+\n', done.stdout),
       'init prints the app id alone', done.stdout)
    equal(sorted(os.listdir(new)), ['pepper', 'signing_key', 'userkey.db'],
          'and makes three files')
    ok(world.command('init', '--data', '/proc/userkey',
                     check=False).returncode > 0, 'init where nobody may write')
    shutil.rmtree(new)
    os.mkdir(new, 0o755)
    with open(os.path.join(new, 'pepper'), 'w') as file:
        file.write('mine')
    done = world.command('init', '--data', new, check=False)
    ok(done.returncode != 0, 'init beside a file of the same name: refused')
    with open(os.path.join(new, 'pepper')) as file:
        equal(file.read(), 'mine', 'and the file is left')


@group
def command_line():
    rows = [([], 2), (['bogus'], 2), (['serve'], 2), (['init'], 2),
            (['serve', '--bogus'], 2), (['init', '--data'], 2),
            (['serve', '--config', world.config, 'extra'], 2),
            (['user'], 2), (['user', 'bogus', '--data', world.data], 2),
            (['user', 'add', '--data', world.data], 2),
            (['user', 'disable', '--data', world.data], 2),
            (['user', 'disable', '0' * 24, '--data', world.data], None),
            (['user', 'enable', '0' * 24, '--data', world.data], None),
            (['user', 'delete', '0' * 24, '--data', world.data], None),
            (['user', 'list', '--data', '/nonexistent'], None),
            (['user', 'list', '--data', world.data, '--app', 'none'], None),
            (['user', 'add', EMAIL, '--data', world.data,
              '--password-stdin'], None),
            (['user', 'add', 'no-address', '--data', world.data,
              '--password-stdin'], None),
            (['serve', '--data', world.data, '--listen', 'nonsense'], None),
            (['serve', '--data', world.data, '--listen', '0.0.0.0:0'], None),
            (['serve', '--data', '/nonexistent', '--listen', '127.0.0.1:0'],
             None)]
    for argv, status in rows:
        done = world.command(*argv, stdin=PASSWORD + '\n', check=False)
        good = (done.returncode == status if status
                else done.returncode not in (0,) and done.returncode > 0)
        ok(good and done.stderr.strip() and not done.stdout.strip(),
           'userkey-server %s: status %s, a word on stderr' % (
               ' '.join(argv).replace(world.folder, ''),
               status or 'not 0'), done)
    for password in ('', 'short', 'p' * 129):
        done = world.user('add', 'x@example.com', '--password-stdin',
                          stdin=password + '\n', check=False)
        ok(done.returncode > 0, 'user add with a password of %d' %
           len(password), done)
    for argv in (['--help'], ['serve', '--help']):
        done = world.command(*argv, check=False)
        ok(done.returncode == 0 and 'userkey-server' in done.stdout,
           ' '.join(argv), done)


@group
def data_instead_of_config():
    """serve --data DIR --listen ADDR:PORT, as it stands in the manual."""
    log = open(world.log, 'ab')
    process = subprocess.Popen(
        [SERVER, 'serve', '--data', world.data, '--listen', '127.0.0.1:0'],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        preexec_fn=die_with_us)
    log.close()
    world.log_from = os.path.getsize(world.log)
    world.process, world.settings['listen'] = process, None
    try:
        world.wait_ready()
        equal(http.login(EMAIL, PASSWORD).status, 200,
              'serve --data serves plain HTTP on loopback')
    finally:
        world.stop()
        world.settings['listen'] = GOOD['listen']


main(world)

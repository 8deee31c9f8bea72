#!/usr/bin/python3 -B
"""Backup, restore and move: everything arrives, in one piece or not at all."""

import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

import namespace

no_mounts = namespace.enter()

import pg_cluster
import world as worlds
from tap import contains, equal, group, main, nothing, ok, skip, skip_all
from wire import Client, must
from world import SERVER, SLOW, STORE, World, die_with_us, run

EMAIL, PASSWORD = 'ann@example.org', 'paint the ninth fence'
SECRETS = ('pepper', 'signing_key')
OWNER = 4242
HAVE_PG = pg_cluster.binaries() is not None
# Addresses that mean something to one of the formats on the way.
ODD = ["it's", '{1}', 'NULL', '%41?#&', '$1', '`x`', 'a|b~c', '0' * 64,
       '!*+-/=^_', 'a.b']
HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA'

if STORE != 'sqlite':
    skip_all('backup, restore and move', 'they are about both stores anyway')

top = tempfile.mkdtemp(prefix='userkey-move-')
old = World()


def sqlite_of(world):
    return world.data + '/userkey.db'


def command(*argv, **more):
    return run([SERVER, *argv], check=False, **more)


def must_run(*argv):
    done = command(*argv)
    equal(done.returncode, 0, argv[0])
    return done


def rows_of(path):
    """Every table of an SQLite file: its rows, in their order."""
    db = sqlite3.connect('file:%s?mode=ro' % path, uri=True)
    db.text_factory = bytes
    found = {}
    for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type ="
                              " 'table' ORDER BY name").fetchall():
        name = name.decode()
        found[name] = sorted(db.execute('SELECT * FROM ' + name).fetchall())
    found['version'] = db.execute('PRAGMA user_version').fetchall()
    db.close()
    return found


def counts(text):
    return {name: int(n) for name, n in
            re.findall(r'^(\w+) +(\d+)$', text, re.M)}


def fill(path, users=40):
    """Rows of every kind beside those that are there, past the service."""
    def new():
        return '%024x' % random.getrandbits(96)
    def odd(i):
        """Bytes of every value stand in hashes."""
        return bytes((i + n) % 256 for n in range(32))
    db = sqlite3.connect(path, timeout=30)
    late = 253402300799
    for i, origins in enumerate(('', 'http://a:1\n', 'a://b\nc://d\n' * 80)):
        db.execute('INSERT INTO app VALUES (?,?,?,?,?,?,?,?)', (
            new(), 'odd-%d' % i, 'x' * (64 - i), late * 10 ** 6 - i,
            (0, 2, 14)[i], (0, 1800, 15552000)[i], origins, i % 2))
    app = db.execute('SELECT id FROM app ORDER BY id').fetchone()[0]
    for i in range(users):
        user, id, local = new(), new(), ODD[i % len(ODD)]
        email = '%s@h%d.Example.ORG' % (local, i)
        db.execute('INSERT INTO app_user VALUES (?,?,?,?,?,?,?,?)', (
            user, app, i % 2, i * 7, i, i // 2 % 2, i // 3 % 2,
            late * 10 ** 6 * (i % 2)))
        if i % 4 == 0:
            db.execute('INSERT INTO identity VALUES (?,?,?,?,?,?,?,?,?)', (
                id, app, user, 'anon-user', id, '', '', 0, i))
        db.execute('INSERT INTO identity VALUES (?,?,?,?,?,?,?,?,?)', (
            new(), app, user, 'local-userpass', email.lower(), email,
            '' if i == 0 else HASH, i % 2, i))
        db.execute('INSERT INTO api_key VALUES (?,?,?,?,?,?,?,?,?,?,?)', (
            odd(i), new(), app, user, 'k-_' * (i % 40 + 1), i % 2, i,
            2 ** 53 - i, late * 10 ** 6 * (i % 2), i, i // 3))
        db.execute('INSERT INTO deleted_key VALUES (?,?,?,?,?)', (
            odd(i + 100), new(), user, app, i))
        db.execute('INSERT INTO revoked_session VALUES (?,?)', (new(), i))
        db.execute('INSERT INTO admin_key VALUES (?,?,?,?)', (
            new(), 'a.b@c_%d' % i, odd(i), i))
        db.execute('INSERT INTO handout VALUES (?,?,?,?,?)', (
            new(), odd(i), user, ('confirm', 'reset')[i % 2], i))
    db.commit()
    db.close()


def grow(path, users):
    """So many that a copy takes its time."""
    db = sqlite3.connect(path, timeout=30)
    app = db.execute('SELECT id FROM app ORDER BY id').fetchone()[0]
    for i in range(users):
        user = '%024x' % (i + (1 << 90))
        db.execute('INSERT INTO app_user(id, app_id, created)'
                   ' VALUES (?, ?, 1)', (user, app))
        db.execute('INSERT INTO api_key(hash, id, app_id, user_id, name,'
                   ' created) VALUES (?, ?, ?, ?, ?, 1)', (
                       random.randbytes(32), '%024x' % (i + (1 << 91)), app,
                       user, 'grown'))
    db.commit()
    db.close()


def folder(name):
    path = os.path.join(top, name)
    os.mkdir(path, 0o700)
    return path


def with_secrets(name, source):
    path = folder(name)
    for file in SECRETS:
        shutil.copy(os.path.join(source.data, file), path)
    return path


def pg_tables(name):
    """Rows in each table of a database in PostgreSQL; {} without tables."""
    cluster = worlds.cluster()
    names = cluster.sql("SELECT tablename FROM pg_tables WHERE schemaname ="
                        " 'public' AND tablename <> 'userkey_schema'", name)
    counted = cluster.sql(' UNION ALL '.join(
        "SELECT '%s', count(*) FROM %s" % (one, one)
        for one in names.split()) or 'SELECT WHERE FALSE', name)
    return {one: int(n) for one, n in
            (line.split('|') for line in counted.splitlines())}


def new_pg(name):
    worlds.cluster().sql('CREATE DATABASE ' + name)
    return worlds.cluster().url(name)


def leftovers(path):
    return [n for n in os.listdir(path) if n not in
            ('userkey.db', 'userkey.db-wal', 'userkey.db-shm', *SECRETS)]


http = Client(old)
old.add_user(EMAIL, PASSWORD)
session = http.session(EMAIL, PASSWORD)
kept = http.new_key(session, 'kept')



def noted():
    """Is it written down that she has logged in?  It is, a second later."""
    db = sqlite3.connect('file:%s?mode=ro' % sqlite_of(old), uri=True)
    found = db.execute('SELECT max(last_login) FROM app_user').fetchone()[0]
    db.close()
    return found > 0


while not noted():  # the files are compared, so it must not come later
    time.sleep(0.05)
gone = http.new_key(session, 'gone')
off = http.new_key(session, 'off')
must(http.delete(session.refresh, gone['_id']), 204)
must(http.disable(session.refresh, off['_id']), 204)
over = http.session(EMAIL, PASSWORD)
must(http.logout(over.refresh), 204)
fill(sqlite_of(old))


def as_before(there, what):
    """Who could log in still can, who could not still cannot."""
    equal([there.key_login(kept['key']).status,
           there.key_login(off['key']).status,
           there.key_login(gone['key']).status,
           there.profile(session.access).status,
           there.refresh(over.refresh).status,
           there.login(EMAIL, PASSWORD).status],
          [200, 401, 401, 200, 401, 200],
          '%s: keys, sessions and passwords are what they were' % what)


def served(data, what, settings=None):
    """A service on these data."""
    new = World(folder=folder('world' + data.replace('/', '_')), start=False,
                settings=settings)
    shutil.rmtree(new.data)
    new.data, new.app = data, old.app
    new.settings['secrets'] = data
    if settings is None:
        new.settings['database'] = 'sqlite:%s/userkey.db' % data
    new.start()
    as_before(Client(new), what)
    new.close()


@group
def backup_and_restore():
    before = rows_of(sqlite_of(old))
    file = os.path.join(folder('backups'), 'one.db')
    os.umask(0)
    done = command('backup', file, '--data', old.data)
    os.umask(0o022)
    equal(done.returncode, 0, 'backup, while the service runs')
    equal(stat.S_IMODE(os.stat(file).st_mode), 0o600, 'nobody else reads it')
    equal(os.listdir(os.path.dirname(file)), ['one.db'], 'one file, alone')
    equal(rows_of(file), before, 'all of it is there, byte for byte')
    equal(counts(done.stdout), {name: len(rows) for name, rows in
                                before.items() if name != 'version'},
          'the numbers of rows are printed')
    contains(done.stderr, 'pepper', 'and where the secrets are')
    for name in SECRETS:
        with open(os.path.join(old.data, name), 'rb') as secret, \
                open(file, 'rb') as copy:
            ok(secret.read().strip() not in copy.read(),
               '%s is not in it' % name)
    with open(file, 'rb') as copy:
        whole = copy.read()
    equal(whole[18:20], b'\1\1', 'it needs no file beside it')
    data = with_secrets('restored', old)
    done = command('restore', file, '--data', data)
    equal(done.returncode, 0, 'restore')
    equal(rows_of(data + '/userkey.db'), before, 'brings all of it back')
    equal(stat.S_IMODE(os.stat(data + '/userkey.db').st_mode), 0o600,
          'for nobody else')
    nothing(leftovers(data), 'nothing else is made')
    served(data, 'restored')
    with open(file, 'rb') as copy:
        ok(copy.read() == whole, 'the backup is as it was')
    bare = os.path.join(folder('bare'), 'new')
    done = command('restore', file, '--data', bare)
    equal((done.returncode, 'put \'pepper\'' in done.stderr), (0, True),
          'without secrets: done, and they are asked for')
    equal(stat.S_IMODE(os.stat(bare).st_mode), 0o700,
          'the folder is made, for nobody else')
    equal('chown -R _userkey-server' in done.stderr, os.geteuid() == 0,
          'whose it must be is said where root made it')
    if os.geteuid() == 0:
        os.chown(bare, 65534, 65534)
        done = command('user', 'list', '--data', bare)
        os.chown(bare, 0, 0)
        ok(done.returncode != 0 and "(as 'nobody'; it belongs to '"
           in done.stderr, 'as whom a file cannot be opened', done.stderr)
    secrets = os.path.join(top, 'no', 'secrets')
    config = os.path.join(top, 'bare.conf')
    with open(config, 'w') as out:
        out.write('listen_http = 127.0.0.1:0\nsecrets = %s\n'
                  'database = sqlite:%s/there/userkey.db\n' % (secrets, bare))
    equal(command('restore', file, '--config', config).returncode, 0,
          'to where settings say')
    equal([stat.S_IMODE(os.stat(f).st_mode)
           for f in (bare + '/there', secrets)], [0o700] * 2, 'both of them')


@group
def what_has_ended_since():
    """A backup does not know it: whoever restores one is told."""
    world = World()
    world.add_user(EMAIL, PASSWORD)
    there = Client(world)
    s = there.session(EMAIL, PASSWORD)
    key = there.new_key(s, 'k')
    file = os.path.join(folder('since'), 'one.db')
    must_run('backup', file, '--data', world.data)
    must(there.delete(s.refresh, key['_id']), 204)
    must(there.logout(s.refresh), 204)
    world.stop()
    data = with_secrets('since-restored', world)
    done = must_run('restore', file, '--data', data)
    contains(done.stderr, 'what has ended since the backup was made is good '
             'again', 'restore says what it cannot know')
    world.settings['database'] = 'sqlite:%s/userkey.db' % data
    world.start()
    equal([there.key_login(key['key']).status, there.refresh(s.refresh).status],
          [200, 201], 'and it is so')
    world.stop()
    with open(os.path.join(world.data, 'signing_key'), 'w') as secret:
        secret.write('5a' * 32 + '\n')
    with open(os.path.join(data, 'signing_key'), 'w') as secret:
        secret.write('5a' * 32 + '\n')
    world.start()
    equal([there.key_login(key['key']).status, there.refresh(s.refresh).status],
          [200, 401], 'another signing key ends the sessions')
    world.close()


@group
def from_a_place_that_cannot_be_written():
    if no_mounts:
        skip('a backup on read-only media', no_mounts)
        return
    place = folder('readonly')
    run(['mount', '-t', 'tmpfs', '-o', 'mode=0700', 'x', place])
    shutil.copy(os.path.join(top, 'backups', 'one.db'), place)
    # One of another kind: sqlite3's own backup, in WAL mode.
    db, copy = (sqlite3.connect(p) for p in (sqlite_of(old), place + '/wal.db'))
    db.backup(copy)
    db.close()
    copy.close()
    os.chmod(place + '/wal.db', 0o600)
    run(['mount', '-o', 'remount,ro', place])
    for name in ('one.db', 'wal.db'):
        with open(os.path.join(place, name), 'rb') as file:
            kind = file.read(20)[18]
        data = folder('from-' + name)
        done = command('restore', os.path.join(place, name), '--data', data)
        equal((done.returncode, rows_of(data + '/userkey.db') ==
               rows_of(os.path.join(top, 'backups', 'one.db'))), (0, True),
              'restored from read-only media (journal %d)' % kind)
    run(['umount', place])


@group
def a_log_beside_a_backup_counts():
    place = folder('copied')
    db = sqlite3.connect(sqlite_of(old), timeout=30)
    db.execute('UPDATE app SET name = name')
    db.commit()
    for name in os.listdir(old.data):
        if name.startswith('userkey.db') and not name.endswith('-shm'):
            shutil.copy(os.path.join(old.data, name), place)
            os.chmod(os.path.join(place, name), 0o600)
    db.close()
    ok(os.path.getsize(place + '/userkey.db-wal') > 0,
       'a copy of a database in use, with its log')
    data = folder('from-copied')
    done = command('restore', place + '/userkey.db', '--data', data)
    equal((done.returncode, rows_of(data + '/userkey.db')),
          (0, rows_of(sqlite_of(old))), 'what is in the log is restored, too')


@group
def an_older_schema():
    data = with_secrets('older', old)
    path = data + '/userkey.db'
    shutil.copy(os.path.join(top, 'backups', 'one.db'), path)
    db = sqlite3.connect(path)
    # Rows of version 3 have none of the new columns.
    db.execute("UPDATE app SET providers_off = 0, refresh_lifetime = 0,"
               " origins = '', deleted = 0")
    db.execute('UPDATE app_user SET server = 0, pending = 0, last_login = 0')
    db.execute('UPDATE api_key SET expires = 0, last_used = 0,'
               ' disabled_at = 0')
    db.execute('DELETE FROM handout')
    db.commit()
    db.close()
    want = rows_of(path)
    os.remove(path)
    make_version_3(path, want)
    with open(path, 'rb') as file:
        before = file.read()
    equal(rows_of(path)['version'], [(3,)], 'a database of version 3')
    for verb in ('backup', 'restore'):
        if verb == 'backup':
            there = os.path.join(top, 'backups', 'older.db')
            done = command('backup', there, '--data', data)
        else:
            there = folder('older-restored') + '/userkey.db'
            done = command('restore', path, '--data', os.path.dirname(there))
        equal(done.returncode, 0, '%s: taken' % verb)
        equal(rows_of(there), want, '%s: it is of the newest in the copy'
              % verb)
        with open(path, 'rb') as file:
            ok(file.read() == before, '%s: and as it was in its place' % verb)


def make_version_3(path, rows):
    """From the statements in the source, which stay as they are."""
    with open(os.path.join(worlds.ROOT, 'service',
                           'store', 'sqlite_schema.c')) as file:
        text = file.read()
    db = sqlite3.connect(path, isolation_level=None)
    os.chmod(path, 0o600)
    for version in (1, 2, 3):
        block = re.search(r'version_%d\[\] = \{(.*?)\n\};' % version, text,
                          re.S).group(1)
        for sql in re.split(r',\s*\n(?=\s*(?:"|NULL|/\*))', block):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', sql)
            statement = ''.join(parts)
            if 'application_id' in statement:
                statement = 'PRAGMA application_id = %d' % 0x756b6579
            if statement:
                db.execute(statement)
    db.text_factory = bytes
    db.execute('BEGIN')
    for table in ('app', 'app_user', 'identity', 'api_key', 'deleted_key',
                  'revoked_session', 'admin_key'):
        columns = [r[1].decode() for r in
                   db.execute('PRAGMA table_info(%s)' % table)]
        kinds = [r[2].decode() for r in
                 db.execute('PRAGMA table_info(%s)' % table)]
        for row in rows[table]:
            row = [v.decode() if k == 'TEXT' else v
                   for v, k in zip(row, kinds)]
            db.execute('INSERT INTO %s VALUES (%s)' % (
                table, ','.join('?' * len(columns))), row)
    db.execute('COMMIT')
    db.execute('PRAGMA user_version = 3')
    db.close()


@group
def to_postgresql_and_back():
    if not HAVE_PG:
        skip('to PostgreSQL and back', 'no PostgreSQL server is installed')
        return
    before = rows_of(sqlite_of(old))
    url = new_pg('moved')
    done = command('move', '--from', 'sqlite:' + sqlite_of(old), '--to', url)
    equal(done.returncode, 0, 'move to PostgreSQL')
    want = {name: len(rows) for name, rows in before.items()
            if name != 'version'}
    equal(counts(done.stdout), want, 'the numbers of rows are printed')
    equal(pg_tables('moved'), want, 'and right')
    data = with_secrets('on-pg', old)
    back = os.path.join(folder('back'), 'userkey.db')
    done = command('move', '--from', url, '--to', 'sqlite:' + back)
    equal(done.returncode, 0, 'and back')
    equal(rows_of(back), before, 'nothing is lost')
    config = os.path.join(data, 'server.conf')
    with open(config, 'w') as file:
        file.write('database = %s\nsecrets = %s\nlisten_http = 127.0.0.1:0\n'
                   % (url, data))
    os.chmod(config, 0o600)
    file = os.path.join(top, 'backups', 'pg.db')
    equal(command('backup', file, '--config', config).returncode, 0,
          'a backup of PostgreSQL')
    equal(rows_of(file), before, 'is the same file')
    served(data, 'on PostgreSQL', {'database': url, 'secrets': data})
    twice = new_pg('restored')
    with open(config, 'w') as out:
        out.write('database = %s\nsecrets = %s\nlisten_http = 127.0.0.1:0\n'
                  % (twice, data))
    done = command('restore', file, '--config', config)
    equal((done.returncode, pg_tables('restored')), (0, want),
          'which can be restored there')
    done = command('restore', file, '--config', config)
    ok(done.returncode == 1 and 'not empty' in done.stderr,
       'but not twice', done.stderr)
    # Two into one at once: one of them.
    third = new_pg('third')
    both = [subprocess.Popen([SERVER, 'move', '--from', 'sqlite:' + back,
                              '--to', third], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL,
                             preexec_fn=die_with_us) for _ in range(2)]
    equal(sorted(p.wait(60) for p in both), [0, 1], 'two at once: one is done')
    equal(pg_tables('third'), want, 'and once only')


@group
def under_load():
    stop, wrong, made = threading.Event(), [], []

    def work():
        number = 0
        client = Client(old)
        mine = client.session(EMAIL, PASSWORD)
        while not stop.is_set():
            answer = client.key_login(kept['key'])
            if answer.status != 200:
                wrong.append(answer)
            number += 1
            name = 'load-%d' % number
            answer = client.create(mine.refresh, name)
            if answer.status != 201:
                wrong.append(answer)
                continue
            made.append(answer.json['_id'])
            if client.delete(mine.refresh, answer.json['_id']).status != 204:
                wrong.append('delete')

    grow(sqlite_of(old), 20000)
    worker = threading.Thread(target=work)
    worker.start()
    while len(made) < 5 and not wrong:
        time.sleep(0.01)
    for i in range(3):
        late = len(made)
        file = os.path.join(top, 'backups', 'load%d.db' % i)
        done = command('backup', file, '--data', old.data)
        rows = rows_of(file)
        known = {r[1].decode() for r in rows['api_key']} | \
            {r[1].decode() for r in rows['deleted_key']}
        # Of deleted keys only the last hundred are known, so the newest tell.
        there = [at for at, one in enumerate(made) if one in known]
        ok(there and there[-1] >= late - 1,
           'backup %d: what was acknowledged before is in it' % i,
           late, there[-3:])
        nothing([one for one in made[max(0, there[-1] - 50):there[-1]]
                 if one not in known],
                'backup %d: and nothing is left out between' % i)
        users = {r[0] for r in rows['app_user']}
        ok(done.returncode == 0 and
           all(r[3] in users for r in rows['api_key']),
           'backup %d: one moment of everything' % i, done.stderr)
    stop.set()
    worker.join()
    nothing(wrong, 'nobody noticed (%d keys made and deleted)' % len(made))


def on_the_way(place, name, act, before=die_with_us):
    """A backup into this file that stands still while something happens to
    it; once more if it had ended before.  The process, and what it said."""
    file = os.path.join(place, name)
    for _ in range(50):
        process = subprocess.Popen(
            [SERVER, 'backup', file, '--data', old.data], text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            preexec_fn=before)
        while process.poll() is None and not os.path.exists(file + '.partial'):
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        if os.path.exists(file + '.partial'):
            act(process)
            process.send_signal(signal.SIGCONT)
            return process, process.communicate()[1]
        process.send_signal(signal.SIGCONT)
        process.communicate()
        os.remove(file)
    raise RuntimeError('no backup could be caught on its way')


@group
def killed_on_the_way():
    file = os.path.join(top, 'backups', 'load0.db')
    want = rows_of(file)
    place = folder('killed')
    begun = time.monotonic()
    command('backup', os.path.join(place, 'first'), '--data', old.data)
    whole = time.monotonic() - begun
    os.remove(os.path.join(place, 'first'))
    wrong, partial, url = [], 0, None
    kinds = ['backup', 'restore'] + ['pg'] * HAVE_PG
    if HAVE_PG:
        url = new_pg('killed')
    for i in range(24 if not SLOW else 9):
        kind = kinds[i % len(kinds)]
        if kind == 'backup':
            goal = os.path.join(place, 'backup')
            argv = ['backup', goal, '--data', old.data]
        elif kind == 'restore':
            goal = os.path.join(place, 'userkey.db')
            argv = ['restore', file, '--data', place]
        else:
            goal, argv = None, ['move', '--from', 'sqlite:' + file, '--to', url]
        process = subprocess.Popen([SERVER, *argv], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL,
                                   preexec_fn=die_with_us)
        time.sleep(whole * random.uniform(0, 1))
        late = process.poll() is not None
        whole *= 0.8 if late else 1.1  # as busy as the machine is by now
        process.kill()
        process.wait()
        if goal is None:
            end = time.monotonic() + 20
            while worlds.cluster().sql("SELECT count(*) FROM pg_stat_activity"
                                       " WHERE datname = 'killed'") != '0' \
                    and time.monotonic() < end:
                time.sleep(0.05)
            there = pg_tables('killed')
            if any(there.values()) and there['api_key'] != len(want['api_key']):
                wrong.append(('pg', there))
            partial += not any(there.values())
        elif os.path.exists(goal):
            if kind == 'restore' and rows_of(goal) != want:
                wrong.append(kind)
            os.remove(goal)
        else:
            partial += 1
    nothing(wrong, 'killed anywhere: what has the name is whole')
    ok(partial > 3, 'most of them were on their way (%d)' % partial)
    for argv, goal in ((['backup', os.path.join(place, 'backup'), '--data',
                         old.data], 'backup'),
                       (['restore', file, '--data', place], 'userkey.db')):
        done = command(*argv)
        equal((done.returncode, os.path.exists(os.path.join(place, goal)),
               [n for n in os.listdir(place) if n.startswith(goal + '.')]),
              (0, True, []), '%s: the next try works, and tidies up' % argv[0])
    equal(rows_of(place + '/userkey.db'), want, 'with all that was to come')
    if HAVE_PG and not any(pg_tables('killed').values()):
        done = command('move', '--from', 'sqlite:' + file, '--to', url)
        equal((done.returncode, pg_tables('killed')['api_key']),
              (0, len(want['api_key'])), 'in PostgreSQL, too')
    # ^C leaves nothing at all.
    process, said = on_the_way(place, 'cut', lambda p:
                               p.send_signal(signal.SIGINT))
    equal((process.returncode, [n for n in os.listdir(place)
                                if n.startswith('cut')]), (1, []),
          'interrupted by ^C: nothing is left')
    contains(said, 'cancelled', 'and it says so')

    def nohup():
        die_with_us()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    process, said = on_the_way(place, 'whole', lambda p:
                               p.send_signal(signal.SIGHUP), nohup)
    equal((process.returncode, os.path.exists(os.path.join(place, 'whole'))),
          (0, True), 'a signal that whoever called it ignores ends nothing')


@group
def two_at_once():
    place = folder('twice')
    both = [subprocess.Popen([SERVER, 'backup', place + '/b', '--data',
                              old.data], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, preexec_fn=die_with_us)
            for _ in range(4)]
    equal(sorted(p.wait(60) for p in both), [0, 1, 1, 1],
          'four make the same file: one does')
    equal(os.listdir(place), ['b'], 'and nothing else is there')
    def write_mine(_):
        with open(place + '/c', 'w') as file:
            file.write('mine')

    process, said = on_the_way(place, 'c', write_mine)
    with open(place + '/c') as file:
        equal((process.returncode, file.read(), sorted(os.listdir(place))),
              (1, 'mine', ['b', 'c']),
              'a file that came there meanwhile is not replaced')
    contains(said, 'exists', 'and it says so')


@group
def refusals():
    place = folder('refused')
    good = os.path.join(top, 'backups', 'one.db')

    def file(name, content=b'', mode=0o600):
        path = os.path.join(place, name)
        with open(path, 'wb') as out:
            out.write(content)
        os.chmod(path, mode)
        return path

    with open(good, 'rb') as source:
        whole = source.read()
    newer = file('newer', whole)
    other = file('other')
    db = sqlite3.connect(newer)
    db.execute('PRAGMA user_version = 1000')
    db.commit()
    db.close()
    db = sqlite3.connect(other)
    db.execute('CREATE TABLE app(id)')
    db.commit()
    db.close()
    os.symlink(good, os.path.join(place, 'link'))
    os.mkdir(os.path.join(place, 'open'), 0o777)
    os.chmod(os.path.join(place, 'open'), 0o777)
    empty = folder('refused-target')
    taken = os.path.join(top, 'restored')
    side = folder('side')
    with open(side + '/userkey.db-wal', 'wb') as out:
        out.write(b'old')
    at = 'sqlite:%s' % sqlite_of(old)
    table = [
        ('a file that is there', ['backup', good, '--data', old.data],
         'there already'),
        ('the database itself', ['backup', sqlite_of(old), '--data', old.data],
         'there already'),
        ('a folder that is not', ['backup', place + '/no/b', '--data',
                                  old.data], 'No such file'),
        ('a folder that others can write to',
         ['backup', place + '/open/b', '--data', old.data], 'open'),
        ('a database that is not', ['backup', place + '/b', '--data', empty],
         'No such file'),
        ('a place that is taken', ['restore', good, '--data', taken],
         'there already'),
        ('a log of a database that is gone', ['restore', good, '--data', side],
         'there already'),
        ('no backup', ['restore', place + '/no', '--data', empty],
         'No such file'),
        ('a link', ['restore', place + '/link', '--data', empty], 'link'),
        ('a backup that others can read',
         ['restore', file('open-mode', whole, 0o644), '--data', empty],
         'open-mode'),
        ('an empty file', ['restore', file('empty'), '--data', empty],
         'not a database of userkey'),
        ('a text', ['restore', file('text', b'hello' * 2000), '--data', empty],
         'not a database'),
        ('half a backup', ['restore', file('half', whole[:len(whole) // 2]),
                           '--data', empty], 'malformed'),
        ('another program\'s', ['restore', other, '--data', empty],
         'not a database of userkey'),
        ('a newer schema', ['restore', newer, '--data', empty], 'newer'),
        ('the same place', ['move', '--from', at, '--to', at], 'the same'),
        ('a file that is there', ['move', '--from', at, '--to',
                                  'sqlite:' + taken + '/userkey.db'],
         'there already'),
        ('no URL', ['move', '--from', sqlite_of(old), '--to', at],
         'sqlite:/ABSOLUTE'),
        ('a password in the command line',
         ['move', '--from', at, '--to', 'postgresql://u:hunter2@127.0.0.1/x'],
         'passfile'),
        ('nobody there', ['move', '--from', at, '--to',
                          'postgresql://u@127.0.0.1:1/x'], 'connection'),
    ]
    for what, argv, part in table:
        names = {d: sorted(os.listdir(d)) for d in (place, empty, side, taken)}
        done = command(*argv)
        after = {d: sorted(os.listdir(d)) for d in names}
        ok(done.returncode == 1 and part in done.stderr and
           'hunter2' not in done.stderr and done.stdout == '' and
           names == after, '%s: %s: refused' % (argv[0], what), done, after)
    for argv in (['backup'], ['restore'], ['move'], ['move', '--from', at],
                 ['backup', 'x', 'y'], ['backup', 'x', '--from', at]):
        equal(command(*argv).returncode, 2, 'usage: ' + ' '.join(argv)[:30])


# What the service never writes: column, and value as SQL.
WRONG = {
    'app': [
        ('id', "'x'"), ('id', "upper(id)"), ('id', "id || '0'"),
        ('client_id', "''"), ('client_id', "'a b'"), ('name', "'a\nb'"),
        ('name', "replace(hex(zeroblob(33)), '0', 'x')"),
        ('name', "'Zo\u00eb'"), ('name', "'a' || char(0)"),
        ('name', "CAST(x'61ff' AS TEXT)"),
        ('name', "replace(hex(zeroblob(2000000)), '0', 'x')"),
        ('created', '-1'), ('created', '9223372036854775807'),
        ('providers_off', '-1'), ('providers_off', '1'),
        ('providers_off', '16'), ('refresh_lifetime', '-5'),
        ('refresh_lifetime', '1799'), ('refresh_lifetime', '15552001'),
        ('origins', "'https://a.example'"), ('origins', "char(10)"),
        ('origins', "'a b' || char(10)"),
        ('origins', "replace(hex(zeroblob(513)), '00', 'x' || char(10))")],
    'app_user': [('epoch', '-1'), ('epoch', '9223372036854775807'),
                 ('last_login', '-1'), ('created', '-1')],
    'identity': [
        ('provider', "'api-key'"), ('provider', "''"),
        ('subject', "'A@example.org'"), ('subject', "''"),
        ('subject', "'a@example.org' || char(0)"), ('address', "'a'"),
        ('address', "'a b@example.org'"), ('secret', "'secret'"),
        ('secret', "'$argon2id$' || hex(zeroblob(64))"),
        ('secret', "'$argon2id$v=19$m=4194304,t=9,p=1$c2FsdA$aGFzaA'")],
    'api_key': [('hash', "x'00'"), ('hash', 'zeroblob(33)'), ('name', "''"),
                ('name', "hex(zeroblob(65))"), ('name', "'a.b'"),
                ('id', "'it''s'"), ('epoch', '-1'), ('expires', '-1'),
                ('expires', '9223372036854775807'), ('last_used', '-1'), ('disabled_at', '-1')],
    'deleted_key': [('hash', "x''"), ('user_id', "''"), ('app_id', "'x'"),
                    ('deleted', '-1')],
    'revoked_session': [('id', "'\u00e9' || substr(id, 2)"),
                        ('expires', '-1'), ('expires', '253402300800')],
    'admin_key': [('name', "'a b'"), ('name', "''"), ('hash', "x'00'")],
    'handout': [('purpose', "'other'"), ('hash', "x'00'"), ('expires', '-1')],
}


@group
def what_we_have_not_written():
    """A backup may come from anybody: no row of it gets further that the
    service could not have written."""
    good = os.path.join(top, 'backups', 'one.db')
    bad = os.path.join(folder('hostile'), 'bad.db')
    target = folder('hostile-target')
    for table, rows in WRONG.items():
        for column, value in rows:
            shutil.copy(good, bad)
            db = sqlite3.connect(bad)
            key = db.execute('PRAGMA table_info(%s)' % table).fetchone()[1]
            db.execute('PRAGMA ignore_check_constraints = ON')
            db.execute('UPDATE %s SET %s = %s WHERE %s = (SELECT max(%s)'
                       ' FROM %s)' % (table, column, value, key, key, table))
            row = None
            if column != 'id':
                row = db.execute(
                    'SELECT id FROM %s ORDER BY %s DESC LIMIT 1' % (
                        table, key)).fetchone()[0]
            db.commit()
            db.close()
            done = command('restore', bad, '--data', target)
            ok(done.returncode == 1 and done.stdout == '' and
               "table '%s'" % table in done.stderr and
               "column '%s'" % column in done.stderr and
               (column in ('id', 'hash') or "row '%s'" % row in done.stderr)
               and os.listdir(target) == [],
               'restore: %s.%s = %s' % (table, column, value[:40]),
               done.returncode, done.stderr[-300:], os.listdir(target))


@group
def what_is_no_table():
    good = os.path.join(top, 'backups', 'one.db')
    place, target = folder('views'), folder('views-target')
    endless = ('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)'
               " SELECT x'00' AS hash, 'a' AS id, 'b' AS user_id, 'c' AS app_id,"
               ' i AS deleted FROM n')
    for what, sql in (
            ('a view without end', ['CREATE VIEW deleted_key AS ' + endless]),
            ('a view of a table', [
                'CREATE TABLE other(hash BLOB PRIMARY KEY, id, user_id, app_id,'
                ' deleted)', 'CREATE VIEW deleted_key AS SELECT * FROM other']),
            ('a virtual table', [
                'CREATE VIRTUAL TABLE deleted_key USING fts5(hash, id, user_id,'
                ' app_id, deleted)']),
            ('a column less', ['CREATE TABLE deleted_key(hash BLOB PRIMARY KEY,'
                               ' id, user_id, app_id)']),
            ('a column that is computed', [
                'CREATE TABLE deleted_key(hash BLOB PRIMARY KEY, id, user_id,'
                ' app_id, deleted AS (1))']),
            ('nothing at all', [])):
        path = os.path.join(place, 'bad.db')
        shutil.copy(good, path)
        db = sqlite3.connect(path)
        db.execute('DROP TABLE deleted_key')
        for one in sql:
            db.execute(one)
        db.commit()
        db.close()
        started = time.monotonic()
        done = command('restore', path, '--data', target)
        ok(done.returncode == 1 and 'not a database of userkey' in done.stderr
           and "table 'deleted_key'" in done.stderr and
           os.listdir(target) == [] and
           time.monotonic() - started < (60 if SLOW else 20),
           'restore: in place of a table, ' + what, done)


@group
def a_full_disk():
    if no_mounts:
        skip('a full disk', no_mounts)
        return
    place = folder('small')
    run(['mount', '-t', 'tmpfs', '-o', 'size=400k,mode=0700', 'x', place])
    done = command('backup', place + '/b', '--data', old.data)
    ok(done.returncode == 1 and 'full' in done.stderr, 'backup: refused', done)
    equal(os.listdir(place), [], 'and nothing is left')
    done = command('restore', os.path.join(top, 'backups', 'load0.db'),
                   '--data', place)
    ok(done.returncode == 1 and 'full' in done.stderr, 'restore: refused',
       done)
    equal(os.listdir(place), [], 'and nothing is left there')
    run(['umount', place])


@group
def as_root():
    if os.geteuid() != 0:
        skip('root keeps a backup', 'only root can be that')
        return
    top2 = tempfile.mkdtemp(prefix='userkey-move-')
    os.chmod(top2, 0o755)
    data, safe = top2 + '/data', top2 + '/root-only'
    shutil.copytree(os.path.join(top, 'restored'), data)
    os.mkdir(safe, 0o700)
    os.chmod(data, 0o700)
    for path in (data, *(os.path.join(data, n) for n in os.listdir(data))):
        os.chown(path, OWNER, OWNER)
    done = command('backup', safe + '/b', '--data', data)
    ok(done.returncode == 0 and os.stat(safe + '/b').st_uid == 0,
       'root keeps a backup where the service has no business', done)
    equal({os.stat(os.path.join(data, n)).st_uid for n in os.listdir(data)},
          {OWNER}, 'and leaves nothing of its own beside the database')
    os.remove(data + '/userkey.db')
    done = command('restore', safe + '/b', '--data', data)
    equal((done.returncode, os.stat(data + '/userkey.db').st_uid),
          (0, OWNER), 'what root restores is the owner\'s')
    equal(rows_of(data + '/userkey.db'), rows_of(safe + '/b'), 'all of it')
    shutil.rmtree(top2)


class Cut(threading.Thread):
    """In front of the server; stops for ever at the first mark."""

    def __init__(self, cluster, mark):
        super().__init__(daemon=True)
        self.mark, self.met = mark, threading.Event()
        self.folder = tempfile.mkdtemp(prefix='cut-', dir=cluster.folder)
        os.chmod(self.folder, 0o755)
        name = '.s.PGSQL.%d' % cluster.port
        self.target = os.path.join(cluster.folder, name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.path.join(self.folder, name))
        self.listener.listen(8)
        self.start()

    def run(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            for a, b, watched in ((near, far, True), (far, near, False)):
                threading.Thread(target=self.pass_on, daemon=True,
                                 args=(a, b, watched)).start()

    def pass_on(self, a, b, watched):
        try:
            while data := a.recv(65536):
                if watched and self.mark in data:
                    self.met.set()
                    time.sleep(60)
                    return
                b.sendall(data)
        except OSError:
            pass
        for sock in (a, b):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@group
def init_interrupted():
    # SQLite: killed at any moment, and once more.
    data, printed = os.path.join(top, 'init'), []
    for i in range(30):
        process = subprocess.Popen([SERVER, 'init', '--data', data],
                                   stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL,
                                   preexec_fn=die_with_us)
        time.sleep(random.uniform(0, 0.03) * (5 if SLOW else 1))
        process.kill()
        process.communicate()
    whole = os.path.exists(data + '/userkey.db')
    done = command('init', '--data', data)
    ok((done.returncode == 1) == whole, 'SQLite: killed %s its end, then done'
       % ('after' if whole else 'before'), done)
    equal(sorted(n for n in os.listdir(data) if not n.startswith('.')),
          ['pepper', 'signing_key', 'userkey.db'], 'three files')
    equal(len(rows_of(data + '/userkey.db')['app']), 1, 'and one app')
    if not HAVE_PG:
        skip('init on PostgreSQL', 'no PostgreSQL server is installed')
        return
    new_pg('init')
    cut = Cut(worlds.cluster(), b'any_app')
    data = folder('init-pg')

    def configure(host):
        with open(data + '/server.conf', 'w') as file:
            file.write('database = %s\nsecrets = %s\n'
                       'listen_http = 127.0.0.1:0\n' % (
                           worlds.cluster().url('init', host=host), data))
        os.chmod(data + '/server.conf', 0o600)
        return ['init', '--config', data + '/server.conf']

    process = subprocess.Popen([SERVER, *configure(cut.folder)],
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               preexec_fn=die_with_us)
    ok(cut.met.wait(30), 'PostgreSQL: between the tables and the first app')
    process.kill()
    process.wait()
    equal(pg_tables('init').get('app'), 0, 'the tables are there, no app is')
    argv = configure(worlds.cluster().folder)
    with open(data + '/pepper') as file:
        pepper = file.read()
    done = command(*argv)
    equal((done.returncode, pg_tables('init')['app']), (0, 1),
          'the next try makes it')
    contains(done.stderr, 'pepper', 'with the secrets that are there')
    done = command(*argv)
    ok(done.returncode == 1 and 'already' in done.stderr,
       'but no second one', done)
    with open(data + '/pepper') as file:
        equal(file.read(), pepper, 'and what was there stays')
    new_pg('init2')
    both = []
    for i in range(3):
        place = folder('init-node%d' % i)
        with open(place + '/server.conf', 'w') as file:
            file.write('database = %s\nsecrets = %s\n'
                       'listen_http = 127.0.0.1:0\n' % (
                           worlds.cluster().url('init2'), place))
        os.chmod(place + '/server.conf', 0o600)
        both.append(subprocess.Popen(
            [SERVER, 'init', '--config', place + '/server.conf'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_us))
    equal((sorted(p.wait(60) for p in both), pg_tables('init2')['app']),
          ([0, 1, 1], 1), 'three nodes at once: one makes the app')
    equal([sorted(n for n in os.listdir(os.path.join(top, 'init-node%d' % i))
                  if n in SECRETS) for i, p in enumerate(both)
           if p.returncode == 1], [[], []], 'the others leave no secrets')


try:
    main(old)
finally:
    shutil.rmtree(top, ignore_errors=True)

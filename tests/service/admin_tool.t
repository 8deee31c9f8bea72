#!/usr/bin/python3 -B
"""The tool in an administrator's hand: the file with the pair of keys, users,
and the keys of any user."""

import json
import os
import re
import time

from tap import contains, equal, group, main, nothing, ok
from wire import Client, checksum, is_hex24, must
from world import BUILD, PATIENCE, World, run

USERKEY = os.path.join(BUILD, 'userkey')
PASSWORD = 'correct horse'
world = World(tls=True)
http = Client(world)
home = os.path.join(world.folder, 'home')
os.mkdir(home)


def new_pair(name):
    return world.command('admin-key', 'create', name, *world.where()).stdout


def write(name, text, mode=0o600):
    path = os.path.join(world.folder, name)
    with open(path, 'w') as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def where():
    return ('url = https://localhost:%d\napp_id = %s\nca_file = %s\n'
            % (world.tls_port, world.app, world.authority.file))


pair = new_pair('ops')
admin = write('admin.conf', '# an administrator\n' + where() + pair)


def tool(*argv, stdin='', file=admin):
    more = ['--admin-file', file] if file else []
    return run([USERKEY, *argv, *more], stdin, False,
               env={'HOME': home, 'PATH': '/usr/bin:/bin'})


def asked(*argv, status=0, **more):
    done = tool(*argv, '--json', **more)
    equal(done.returncode, status, '%s: exit status' % ' '.join(argv[:3]))
    return json.loads(done.stdout) if done.stdout else done.stderr


def person(name):
    email = name + '@example.com'
    return email, world.add_user(email, PASSWORD)


@group
def adding_and_showing():
    done = tool('user', 'list')
    equal((done.returncode, done.stdout), (0, ''), 'nobody is there yet')
    contains(done.stderr, 'no users yet', 'and it says so')
    done = tool('user', 'add', 'ann@example.com', '--password-stdin',
                stdin=PASSWORD + '\n')
    equal(done.returncode, 0, 'a user is added')
    row = done.stdout.rstrip('\n').split('\t')
    ok(is_hex24(row[0]), 'with an id', done.stdout)
    equal(row[1:3], ['ann@example.com', 'enabled'], 'address and state')
    ok(re.fullmatch(r'20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ', row[3]), 'and date',
       row[3])
    equal(http.session('ann@example.com', PASSWORD).user_id, row[0],
          'who can log in')
    for who in ('ann@example.com', 'ANN@example.com', row[0]):
        equal(tool('user', 'show', who).stdout, done.stdout, 'show ' + who[:9])
    shown = asked('user', 'show', row[0])
    equal(sorted(shown), ['created', 'disabled', 'email', 'id', 'type'],
          'as JSON')
    equal(shown['type'], 'normal', 'a person')
    equal(asked('user', 'list'), [shown], 'the list has the same')
    equal(tool('user', 'list').stdout, done.stdout, 'and as a table')
    for argv, stdin, status, words in (
            (('ann@example.com',), PASSWORD, 6, 'has this address already; '
             "'userkey user show'"),
            (('ann',), PASSWORD, 2, 'not an address'),
            (('a@b.example',), 'short', 2, '6 to 128 characters'),
            (('a@b.example',), '', 2, 'nothing on standard input')):
        done = tool('user', 'add', *argv, '--password-stdin', stdin=stdin)
        equal((done.returncode, done.stdout), (status, ''),
              'not added: ' + words)
        contains(done.stderr, words, 'and it says why')
    done = tool('user', 'add', 'a@b.example', stdin=PASSWORD)
    equal(done.returncode, 2, 'without a terminal the password is asked for '
          'with --password-stdin')


@group
def many_users():
    for n in range(60):
        world.add_user('m%d@example.com' % n, PASSWORD)
    listed = asked('user', 'list')
    equal(len(listed), 61, 'the list goes on behind the first page')
    equal([u['id'] for u in listed], sorted(u['id'] for u in listed),
          'in the order of ids')
    equal(len({u['id'] for u in listed}), 61, 'each once')


@group
def changing():
    email, id = person('change')
    other, other_id = person('other')
    session = http.session(email, PASSWORD)
    for verb, done_word, status in (
            ('logout', 'logged-out', 200), ('disable', 'disabled', 401),
            ('disable', 'disabled', 401), ('enable', 'enabled', 200)):
        done = tool('user', verb, email)
        equal((done.returncode, done.stdout),
              (0, '%s\t%s\t%s\n' % (id, email, done_word)), verb)
        equal(http.login(email, PASSWORD).status, status, 'a login after that')
        equal(http.profile(session.access).status, 401, 'no old session')
    result = asked('user', 'disable', other, 'nobody@example.com', id, 'f' * 24,
                   status=3)
    equal(result, [
        {'given': other, 'id': other_id, 'result': 'disabled'},
        {'given': 'nobody@example.com', 'result': 'not-found'},
        {'given': id, 'id': id, 'result': 'disabled'},
        {'given': 'f' * 24, 'result': 'not-found'}],
        'several: each is told, and the others are done')
    done = tool('user', 'delete', email)
    equal(done.returncode, 2, 'nobody can be asked whether to delete')
    contains(done.stderr, '--yes', 'and it says how else')
    equal(asked('user', 'show', id)['disabled'], True, 'nothing happened')
    equal(asked('user', 'delete', email, '--yes'),
          [{'given': email, 'id': id, 'result': 'deleted'}], 'deleted')
    for who in (email, id, 'x y', '../users', "'"):
        done = tool('user', 'show', who)
        equal((done.returncode, done.stdout), (3, ''), 'not there: ' + who)
        contains(done.stderr, 'no such user', 'and it says so')


@group
def keys_of_anybody():
    email, id = person('keys')
    of = ('--user', email)
    done = tool('create', 'laptop', *of)
    equal(done.returncode, 0, 'a key is made for another')
    key = done.stdout.strip()
    equal(http.key_session(key).user_id, id, 'and is theirs')
    made = asked('create', 'two', '--user', id)
    equal(sorted(made), ['disabled', 'id', 'key', 'name'], 'also by the id')
    out = os.path.join(world.folder, 'value')
    asked('create', 'three', '--out', out, *of)
    with open(out) as file:
        equal(http.key_session(file.read().strip()).user_id, id,
              'also into a file')
    equal(oct(os.stat(out).st_mode & 0o777), '0o600', 'of its owner alone')
    equal([k['name'] for k in asked('list', *of)], ['laptop', 'two', 'three'],
          'list')
    one = asked('show', 'laptop', *of)
    equal((one['name'], one['disabled']), ('laptop', False), 'show')
    for verb, status in (('disable', 401), ('enable', 200)):
        equal(asked(verb, 'laptop', *of)[0]['result'], verb + 'd', verb)
        equal(http.key_login(key).status, status, 'a login after that')
    equal(asked('delete', 'laptop', made['id'], '--yes', *of)[1]['result'],
          'deleted', 'delete')
    equal(http.key_login(key).status, 401, 'no login')
    equal([k['name'] for k in asked('list', *of)], ['three'], 'one is left')
    for argv, status, words in (
            (('show', 'laptop', *of), 3, 'no such key'),
            (('create', 'three', *of), 6, 'there is a key of this name'),
            (('create', 'a b', *of), 2, 'not a name for a key'),
            (('list', '--user', 'nobody@example.com'), 3, 'no such user'),
            (('list',), 2, '--user is missing')):
        done = tool(*argv)
        equal((done.returncode, done.stdout), (status, ''),
              ' '.join(argv[:2]) + ': ' + words)
        contains(done.stderr, words, 'and it says why')
    done = tool('list', *of, file=None)
    equal(done.returncode, 2, '--user alone is not enough')
    contains(done.stderr, '--admin-file is missing', 'and it says so')


@group
def the_file():
    private = re.search(r'ukadm\S+', pair).group()
    wrong = new_pair('gone')
    world.command('admin-key', 'delete', 'gone', '--yes', *world.where())
    rows = (
        ('for others to read', where() + pair, 0o640, 1, 'others'),
        ('without a pair', where(), 0o600, 1, 'public_key'),
        ('without a place', pair, 0o600, 1, 'url'),
        ('with a name too much', where() + pair + 'x = 1\n', 0o600, 1, "'x'"),
        ('with plain http', pair + where().replace(
            'https://localhost', 'http://example.com'), 0o600, 1,
         "'url' of the admin file"),
        ('with another app', where().replace(world.app, 'nobody-xxxxx') + pair,
         0o600, 3, 'no app'),
        ('with another CA', pair + where().replace(
            'ca_file', '# ca_file'), 0o600, 7, 'certificate'),
        ('with a deleted pair', where() + wrong, 0o600, 5,
         'does not take this pair'),
        ('with the keys exchanged', where() + 'public_key = %s\n'
         'private_key = 0123456789abcdef01234567\n' % private, 0o600, 1,
         'public_key'),
        ('with nobody there', pair + where().replace(
            str(world.tls_port), '1'), 0o600, 7, 'localhost'),
    )
    for what, text, mode, status, words in rows:
        done = tool('user', 'list', file=write('bad.conf', text, mode))
        equal((done.returncode, done.stdout), (status, ''), 'a file ' + what)
        contains(done.stderr, words, 'and it says why')
        ok('ukadm0' not in done.stderr and private not in done.stderr,
           'and not the private key', done.stderr)
    done = tool('user', 'list', file=os.path.join(world.folder, 'none'))
    equal(done.returncode, 1, 'a file that is not there')
    done = tool('user', 'list', file=None)
    equal(done.returncode, 2, 'no file at all')
    done = run([USERKEY, 'user', 'list', '--admin-file', 'admin.conf'], '',
               False, cwd=world.folder, env={'HOME': home})
    equal(done.returncode, 0, 'a file by a relative name')
    for argv in (('user',), ('user', 'frob'), ('user', 'list', 'x'),
                 ('user', 'add'), ('user', 'show'), ('user', 'show', 'a', 'b'),
                 ('user', 'disable')):
        equal(tool(*argv).returncode, 2, 'wrong usage: ' + ' '.join(argv))
    done = tool('user', 'password', 'ann@example.com')
    equal(done.returncode, 2, 'what only the server has')
    contains(done.stderr, "'userkey-server user password'", 'and it says so')
    for word in (private, 'ukey' + '0' * 54 + checksum('ukey' + '0' * 54)):
        done = tool('user', 'show', word)
        equal(done.returncode, 2, 'a secret in a command line is refused')
        ok(word not in done.stderr, 'and not repeated')


@group
def nothing_is_left_behind():
    equal(os.listdir(home), [], 'no session is kept at home')
    text = world.log_text()
    came = len(re.findall(r'event=admin-login verdict=granted', text))
    went = len(re.findall(r'event=admin-logout verdict=granted', text))
    ok(came > 20, 'each command has logged in', came)
    equal(went, came, 'and out again')
    nothing(re.findall(r'ukadm[0-9A-Za-z]+|ukey[0-9A-Za-z]{10,}', text),
            'no key is in the log')
    who = re.search(r'public_key = (\S+)', pair).group(1)
    ok(re.search(r"event=admin-key-create verdict=granted.* admin=%s "
                 r"admin_name='ops' user=\S+ key=\S+ name='laptop'" % who, text),
       'the log says who made a key for whom')


def used_servers(*names):
    """The keys of servers, once it is written that these have logged in."""
    end = time.monotonic() + PATIENCE
    while True:
        listed = asked('server-key', 'list')
        if (set(names) <= {k['name'] for k in listed if 'last_used' in k}
                or time.monotonic() > end):
            return listed
        time.sleep(0.1)


@group
def keys_of_servers():
    done = tool('server-key', 'list')
    equal((done.returncode, done.stdout), (0, ''), 'no server has a key')
    contains(done.stderr, "'userkey server-key create NAME' makes one",
             'and it says how')
    done = tool('server-key', 'create', 'ci')
    equal(done.returncode, 0, 'one is made')
    key = done.stdout.strip()
    ok(re.fullmatch(r'ukey[0-9A-Za-z]{60}', key), 'its value alone on stdout')
    s = http.key_session(key)
    equal(http.profile(s.access).get('type'), 'server', 'it is of a server')
    raw = tool('server-key', 'create', 'raw', '--raw')
    equal((raw.returncode, raw.stderr), (0, ''), 'quietly')
    path = os.path.join(home, 'key')
    made = asked('server-key', 'create', 'file', '--out', path)
    equal((made['file'], made['name']), (path, 'file'), 'or into a file')
    equal(http.key_login(open(path).read().strip()).status, 200, 'that works')
    listed = used_servers('ci', 'file')
    equal([k['name'] for k in listed], ['ci', 'raw', 'file'], 'all are listed')
    equal(['last_used' in k for k in listed], [True, False, True],
          'with the last use of those that have logged in')
    equal(asked('server-key', 'show', 'ci'), listed[0], 'one is shown')
    equal(listed[0]['user_id'], s.user_id, 'with the user of its own')
    contains(done.stderr, "for user '%s'" % s.user_id, 'who was told at first')
    ok(is_hex24(made['user_id']), 'as JSON too', made)
    equal(tool('server-key', 'show', listed[0]['id']).stdout.split('\t')[:4],
          [listed[0]['id'], 'ci', 'enabled', s.user_id], 'by its id too')
    equal(asked('server-key', 'disable', 'ci', 'raw'),
          [{'given': n, 'id': k['id'], 'name': n, 'result': 'disabled'}
           for n, k in zip(('ci', 'raw'), listed)], 'two are disabled')
    equal(http.key_login(key).status, 401, 'and log in no more')
    equal(tool('server-key', 'enable', 'ci').returncode, 0, 'one is enabled')
    equal(http.key_login(key).status, 200, 'again')
    row = tool('user', 'show', s.user_id).stdout
    equal(row.split('\t')[:3], [s.user_id, 'server:ci', 'enabled'],
          'its user is told by the name of the key')
    contains(tool('user', 'list').stdout, row, 'in the list too')
    shown = asked('user', 'show', s.user_id)
    equal((shown['type'], shown['name'], shown['email']), ('server', 'ci', ''),
          'as JSON')
    equal(tool('user', 'logout', s.user_id).stdout,
          '%s\tserver:ci\tlogged-out\n' % s.user_id, 'and in what is done')
    rows = [line.split() for line in world.user('list').stdout.splitlines()]
    equal([r[1:] for r in rows if r[0] == s.user_id],
          [['server:ci', 'enabled', '1']], "and in the server's own list")
    done = world.user('disable', s.user_id)
    contains(done.stderr, "user 'server:ci' (%s)" % s.user_id,
             'which says so too')
    world.user('enable', s.user_id)
    equal(tool('server-key', 'delete', 'ci').returncode, 2,
          'it is not deleted without --yes')
    equal(tool('server-key', 'delete', 'ci', '--yes').returncode, 0, 'with it')
    equal(http.key_login(key).status, 401, 'it is gone')
    for argv, status in ((('server-key', 'create', 'raw'), 6),
                         (('server-key', 'create', 'a b'), 2),
                         (('server-key', 'show', 'ci'), 3),
                         (('server-key', 'delete', 'ci', '--yes'), 3),
                         (('server-key',), 2), (('server-key', 'frob'), 2),
                         (('server-key', 'create'), 2),
                         (('server-key', 'list', 'x'), 2),
                         (('server-key', 'show', key), 2)):
        equal(tool(*argv).returncode, status, 'not: ' + ' '.join(argv)[:30])
    equal(tool('server-key', 'list', file=None).returncode, 2,
          'it is for administrators')
    email, id = person('no-server')
    http.new_key(http.session(email, PASSWORD), 'mine')
    equal([k['name'] for k in asked('server-key', 'list')], ['raw', 'file'],
          "a person's keys are none")


def place():
    return ['--url', 'https://localhost:%d' % world.tls_port, '--app',
            world.app, '--ca-file', world.authority.file]


@group
def a_forgotten_password():
    email, id = person('forgot')
    s = http.session(email, PASSWORD)
    done = tool('user', 'reset-token', email)
    equal(done.returncode, 0, 'a token is made')
    ok(re.fullmatch(r'[0-9a-f]{24}\.[0-9A-Za-z_-]{43}\n', done.stdout),
       'one word, alone on stdout', done.stdout)
    contains(done.stderr, email, 'and it says for whom')
    words = re.sub(r'[-0-9T:]+Z', 'DATE', done.stderr)
    theirs = world.user('reset-token', email)
    equal(re.sub(r'[-0-9T:]+Z', 'DATE', theirs.stderr), words,
          "in the words of the server's command")
    done = tool('user', 'reset-token', email)

    def reset(text, *more):
        return tool('reset-password', *place(), '--password-stdin', *more,
                    stdin=text, file=None)
    word = done.stdout.strip()
    again = reset(word + '\nnew horse\n')
    equal((again.returncode, again.stdout), (0, ''), 'the person uses it')
    equal(http.session(email, 'new horse').user_id, id, 'and logs in')
    equal(http.profile(s.access).status, 401, 'sessions from before are over')
    again = reset(word + '\nother horse\n')
    equal(again.returncode, 5, 'it is good once')
    contains(again.stderr, 'does not take this token', 'and it says so')
    shown = asked('user', 'reset-token', id)
    equal(sorted(shown), ['email', 'expires', 'id', 'token'], 'as JSON')
    for what, text, status in (
            ('a short password', shown['token'] + '\nshort\n', 5),
            ('no password', shown['token'] + '\n', 2),
            ('nothing', '', 2),
            ('no token', 'abc\nnew horse\n', 2),
            ('half a token', shown['token'].split('.')[0] + '.\nnew horse\n',
             2)):
        equal(reset(text).returncode, status, 'not with ' + what)
    equal(reset(shown['token'] + '\r\nnewer horse\r\n').returncode, 0,
          'after all that it is still good')
    equal(http.session(email, 'newer horse').user_id, id, 'for the password')
    equal(tool('reset-password', *place(), file=None).returncode, 2,
          'without a terminal it asks for --password-stdin')
    equal(tool('reset-password', word, *place(), file=None).returncode, 2,
          'a token is no argument')
    for who, status in (('nobody@example.com', 3), ('f' * 24, 3), ('x', 3)):
        equal(tool('user', 'reset-token', who).returncode, status,
              'none for ' + who)
    out = world.command('user', 'reset-token', email, *world.where())
    ok(re.fullmatch(r'[0-9a-f]{24}\.[0-9A-Za-z_-]{43}\n', out.stdout),
       'beside the server as well')
    equal(reset(out.stdout + 'last horse\n').returncode, 0, 'it is as good')
    nothing([t for t in (word, shown['token'], out.stdout.strip())
             if t.split('.')[1] in world.log_text()], 'none is in the log')
    equal(world.command('user', 'reset-token', 'x@example.com', *world.where(),
                        check=False).returncode, 1, 'and none for nobody')


@group
def an_address_is_confirmed():
    world.restart(registration='open')
    file = write('again.conf', where() + pair)
    must(http.register('self@example.com', PASSWORD), 201)

    def confirmed():
        s = http.session('self@example.com', PASSWORD)
        return http.profile(s.access).json['identities'][0]['provider_data'][
            'confirmed']
    equal(confirmed(), False, 'who registers is not confirmed')
    done = tool('user', 'confirm', 'SELF@example.com', file=file)
    equal(done.returncode, 0, 'an administrator confirms the address')
    equal(confirmed(), True, 'and it is')
    equal([u['result'] for u in asked('user', 'confirm', 'self@example.com',
                                      file=file)], ['confirmed'],
          'a second time changes nothing')
    equal(tool('user', 'confirm', 'who@example.com', file=file).returncode, 3,
          'nobody has no address')
    anon = http.anon().get('user_id')
    equal(tool('user', 'confirm', anon, file=file).returncode, 3,
          'nor has nobody in particular')
    equal(tool('user', 'reset-token', anon, file=file).returncode, 3,
          'who gets no token either')


main(world)

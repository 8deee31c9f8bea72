#!/usr/bin/python3 -B
"""What an administrator sets for an app, its server keys and its end: what
each means for clients at once, and what the audit log keeps of it."""

import re
import threading
import time

from administrator import Administrator, new_pair
from tap import contains, equal, group, main, nothing, ok, one_of
from wire import Client, is_hex24, must
from world import SLOW, World

PASSWORD = 'correct horse'
DAY = 24 * 3600
world = World({'registration': 'open', 'refresh_token_lifetime': '40d'})
http = Client(world)
ops = Administrator(new_pair(world, 'ops'), world)


def audit(**fields):
    """The lines of the audit log with these fields."""
    return [line for line in world.log_text().splitlines()
            if 'audit event=' in line and all(
                re.search(r' %s=%s( |$)' % (n, re.escape(v)),
                          line.replace('audit event', ' audit event'))
                for n, v in fields.items())]


def audited(event, **fields):
    """One line, and it says who."""
    found = audit(event=event, verdict='granted', admin=ops.pair[0],
                  admin_name="'ops'", app="'%s'" % world.app, **fields)
    equal(len(found), 1, 'one line: %s %s' % (event, ' '.join(fields)))


def new_app(name):
    """An administrator of a new app."""
    app = must(ops.call('POST', '/groups/%s/apps' % ops.group,
                        {'name': name}), 201).json
    other = Administrator(ops.pair, world)
    other.app, other.client = app['_id'], app['client_app_id']
    return other


class Other(Client):
    """A client of another app of the world."""

    def __init__(self, client_id):
        super().__init__(world)
        self.client_id = client_id

    @property
    def app(self):
        return '/app/' + self.client_id


@group
def server_keys():
    equal(ops.apps('/api_keys').json, [], 'an app has none')
    answer = ops.apps('/api_keys', 'POST', {'name': 'ci'})
    equal((answer.status, sorted(answer.json)),
          (201, ['_id', 'disabled', 'key', 'name', 'user_id']),
          'one is made')
    ci = answer.json
    ok(is_hex24(ci['_id']) and re.fullmatch(r'ukey[0-9A-Za-z]{60}', ci['key']),
       'as a key of a user is')
    shown = {'_id': ci['_id'], 'name': 'ci', 'disabled': False,
             'user_id': ci['user_id']}
    equal(ops.apps('/api_keys').json, [shown], 'it is in the list')
    equal(ops.apps('/api_keys/' + ci['_id']).json, shown, 'and can be fetched')

    s = http.key_session(ci['key'])
    profile = http.profile(s.access).json
    equal((profile['user_id'], profile['type'], profile['data']),
          (ci['user_id'], 'server', {'name': 'ci'}),
          'it logs in as the user that the answer names')
    equal(ops.users('/%s/api_keys' % s.user_id).json, [shown],
          'on the way by the user, the key is told likewise')
    equal([(i['id'], i['provider_type']) for i in profile['identities']],
          [(ci['_id'], 'api-key')], 'who is nobody but the key')
    for name, answer in (('list', http.keys(s.refresh)),
                         ('create', http.create(s.refresh, 'x')),
                         ('delete', http.delete(s.refresh, ci['_id'])),
                         ('the user', http.delete_user(s.access))):
        equal((answer.status, answer.body), (403, b''),
              'and manages nothing: ' + name)
    user = ops.users('/' + s.user_id).json
    equal((user['type'], user['data'],
           [i['provider_type'] for i in user['identities']]),
          ('server', {'name': 'ci'}, ['api-key']),
          'the list of users says what it is')
    equal([u['_id'] for u in ops.users('?provider_types=api-key').json],
          [s.user_id], 'and finds it by its provider')
    answer = ops.users('/%s/api_keys' % s.user_id, 'POST', {'name': 'two'})
    equal(answer.status, 400, 'its user has no second key')

    must(ops.apps('/api_keys/%s/disable' % ci['_id'], 'PUT'), 204)
    equal(ops.apps('/api_keys/' + ci['_id']).get('disabled'), True, 'disabled')
    equal(http.key_login(ci['key']).status, 401, 'it opens no session')
    equal(http.profile(s.access).status, 401, 'those open are over')
    must(ops.apps('/api_keys/%s/enable' % ci['_id'], 'PUT'), 204)
    s = http.key_session(ci['key'])
    equal(http.profile(s.access).status, 200, 'enabled again')
    must(ops.apps('/api_keys/' + ci['_id'], 'DELETE'), 204)
    equal(http.key_login(ci['key']).status, 401, 'deleted')
    equal(http.profile(s.access).status, 401, 'with its sessions')
    equal(ops.users('/' + s.user_id).status, 404, 'and with its user')
    equal(ops.apps('/api_keys').json, [], 'nothing is left')
    for event in ('create', 'disable', 'enable', 'delete'):
        audited('admin-server-key-' + event, key=ci['_id'], user=s.user_id)
    nothing(re.findall(re.escape(ci['key']), world.log_text()),
            'its value is not in the log')
    contains(audit(event='login', reason='deleted')[-1], 'key=' + ci['_id'],
             'which knows that it was deleted')


@group
def names_of_server_keys():
    must(ops.apps('/api_keys', 'POST', {'name': 'same'}), 201)
    answer = ops.apps('/api_keys', 'POST', {'name': 'same'})
    equal((answer.status, answer.code), (409, 'APIKeyAlreadyExists'),
          'a name is given once in an app')
    other = new_app('names')
    equal(other.apps('/api_keys', 'POST', {'name': 'same'}).status, 201,
          'and again in another')
    for body in ({}, None, {'name': ''}, {'name': 'a b'}, {'name': 5},
                 {'name': 'x' * 129}):
        equal(ops.apps('/api_keys', 'POST', body).status, 400,
              'no name: %.20r' % body)
    id = other.apps('/api_keys').json[0]['_id']
    for method, rest in (('GET', ''), ('DELETE', ''), ('PUT', '/enable'),
                         ('PUT', '/disable')):
        for what, key in (('of another app', id), ('of nobody', 'f' * 24),
                          ('no id', 'x')):
            answer = ops.apps('/api_keys/' + key + rest, method)
            equal((answer.status, answer.code), (404, 'APIKeyNotFound'),
                  'not found: %s%s %s' % (method, rest, what))
    id, s = person('mine')
    key = http.new_key(s, 'k')['_id']
    shown = {'_id': key, 'name': 'k', 'disabled': False}
    equal([http.keys(s.refresh).json, ops.users('/%s/api_keys' % id).json],
          [[shown], [shown]], "whose a person's key is nobody is told")
    equal(ops.apps('/api_keys/' + key, 'DELETE').status, 404,
          "a person's key is none")
    server = ops.users('?provider_types=api-key').json[0]['_id']
    key = ops.apps('/api_keys').json[0]['_id']
    must(ops.users('/%s/api_keys/%s' % (server, key), 'DELETE'), 204)
    equal(ops.users('/' + server).status, 404,
          'on the other way, too, its user goes with it')


def person(name):
    email = name + '@example.com'
    id = must(ops.users('', 'POST', {'email': email, 'password': PASSWORD}),
              201).get('_id')
    return id, http.session(email, PASSWORD)


@group
def a_hundred_server_keys():
    other = new_app('hundred')
    for n in range(100):
        must(other.apps('/api_keys', 'POST', {'name': 'k%d' % n}), 201)
    answer = other.apps('/api_keys', 'POST', {'name': 'more'})
    equal((answer.status, answer.code), (400, 'APIKeyLimitExceeded'),
          'the hundred and first is not made')
    equal(other.apps('/api_keys', 'POST', {'name': 'k7'}).status, 409,
          'a taken name is told apart')
    listed = other.apps('/api_keys').json
    equal([k['name'] for k in listed], ['k%d' % n for n in range(100)],
          'all are listed, as they were made')
    must(other.apps('/api_keys/' + listed[5]['_id'], 'DELETE'), 204)
    equal(other.apps('/api_keys', 'POST', {'name': 'more'}).status, 201,
          'behind one that was deleted there is room')


@group
def providers():
    listed = ops.apps('/auth_providers').json
    equal([(p['name'], p['type'], p['disabled']) for p in listed],
          [(n, n, False) for n in ('anon-user', 'local-userpass', 'api-key')],
          'the providers of an app')
    by = {p['name']: p for p in listed}
    ok(all(sorted(p) == ['_id', 'disabled', 'name', 'type'] and
           is_hex24(p['_id']) for p in listed), 'with ids')
    id, s = person('prov')
    key = http.new_key(s, 'k')['key']
    equal(http.profile(s.access).json['identities'][0]['provider_id'],
          by['local-userpass']['_id'], 'as users have them')
    tries = {'anon-user': lambda: http.anon().status,
             'local-userpass': lambda: http.login('prov@example.com',
                                                  PASSWORD).status,
             'api-key': lambda: http.key_login(key).status}
    for name, one in by.items():
        there = '/auth_providers/' + one['_id']
        equal(ops.apps(there).json, one, name + ' is there')
        must(ops.apps(there + '/disable', 'PUT', {}), 204)
        equal(ops.apps(there).get('disabled'), True, '... disabled')
        equal([tries[n]() for n in by], [404 if n == name else 200
                                         for n in by], '... nobody logs in')
        must(ops.apps(there + '/enable', 'PUT'), 204)
        equal(tries[name](), 200, '... enabled')
        for off in (True, False):
            must(ops.apps(there, 'PATCH', {'disabled': off}), 204)
            equal((ops.apps(there).get('disabled'), tries[name]()),
                  (off, 404 if off else 200), '... the other way: %s' % off)
        answer = ops.apps('/auth_providers', 'POST', {'type': name})
        equal((answer.status, answer.code),
              (409, 'AuthProviderAlreadyExists'), '... is not made twice')
        audited('admin-provider-disable', provider=name)
        audited('admin-provider-enable', provider=name)
    there = '/auth_providers/' + by['api-key']['_id']
    for body, word in (({}, 'disabled'), ({'disabled': 1}, 'disabled'),
                       (None, 'disabled'),
                       ({'disabled': True, 'config': {}}, 'config'),
                       ({'name': 'x', 'disabled': True}, 'name')):
        answer = ops.apps(there, 'PATCH', body)
        equal((answer.status, answer.code), (400, 'InvalidParameter'),
              'no change: %r' % (body,))
        contains(answer.error, "'%s'" % word, '... and it says what')
    equal(ops.apps(there).get('disabled'), False, 'nothing was changed')
    for path, method in ((there[:-1] + 'f', 'GET'),
                         ('/auth_providers/api-key/disable', 'PUT'),
                         ('/auth_providers/' + 'f' * 24, 'PATCH')):
        answer = ops.apps(path, method, {'disabled': True}
                          if method == 'PATCH' else None)
        equal((answer.status, answer.code), (404, 'AuthProviderNotFound'),
              'no provider: ' + method)
    for body in (None, {}, {'type': 1}, {'type': 'oauth2-google'},
                 {'type': 'mongodb-cloud'}):
        equal(ops.apps('/auth_providers', 'POST', body).status, 400,
              'none is made: %r' % (body,))
    other = new_app('providers')
    must(other.apps('/auth_providers/%s/disable' % other.apps(
        '/auth_providers').json[1]['_id'], 'PUT'), 204)
    equal(tries['local-userpass'](), 200, "it is nobody else's")
    equal(ops.apps('/auth_providers/' + other.apps('/auth_providers')
                   .json[0]['_id']).status, 404, 'nor are the ids')


@group
def closed_registration():
    closed = World()
    boss = Administrator(new_pair(closed, 'ops'), closed)
    first = boss.apps('/auth_providers').json[0]
    equal((first['type'], first['disabled']), ('anon-user', True),
          'where registration is closed nobody is anonymous')
    must(boss.apps('/auth_providers/%s/enable' % first['_id'], 'PUT'), 204)
    equal(boss.apps('/auth_providers').json[0]['disabled'], True,
          'whatever is set: it shows what is so')
    closed.restart(registration='open')
    equal(boss.apps('/auth_providers').json[0]['disabled'], False,
          'until it is opened')
    closed.close()


@group
def lifetimes():
    path = '/security/refresh_token_expiration'
    equal(ops.apps(path).json, {'expiration_time_seconds': 40 * DAY},
          'the length of a session is that of the settings')
    for seconds in (1800, 180 * DAY, 7 * DAY):
        must(ops.apps(path, 'PUT', {'expiration_time_seconds': seconds}), 204)
        equal(ops.apps(path).json, {'expiration_time_seconds': seconds},
              'or %d' % seconds)
        audited('admin-lifetime-set', name="'%d'" % seconds)
    id, s = person('long')
    from wire import token_parts
    claims = token_parts(s.refresh)[1]
    equal(claims['exp'] - claims['iat'], 7 * DAY, 'for the next session')
    for body in (None, {}, {'expiration_time_seconds': 1799},
                 {'expiration_time_seconds': 180 * DAY + 1},
                 {'expiration_time_seconds': '3600'},
                 {'expiration_time_seconds': -1},
                 {'expiration_time_seconds': 3600.5},
                 {'expiration_time_seconds': 0}):
        answer = ops.apps(path, 'PUT', body)
        equal((answer.status, answer.code), (400, 'InvalidParameter'),
              'no length: %r' % (body,))
    equal(ops.apps(path).json, {'expiration_time_seconds': 7 * DAY},
          'nothing was changed')


@group
def origins():
    path = '/security/allowed_request_origins'
    equal(ops.apps(path).json, [], 'an app has no origins of its own')
    mine = ['https://a.example.com', 'http://localhost:3000',
            'capacitor://localhost', 'http://[::1]:8080']
    must(ops.apps(path, 'POST', mine), 204)
    equal(ops.apps(path).json, mine, 'it is given some')
    audited('admin-origins-set', name="'4 origins'")

    # Each with a line end: 1001 bytes.
    long = ['https://%s.example' % ('a' * 60)] * 13

    def status(origin):
        return http.call('GET', http.app + '/location',
                         headers={'Origin': origin}).status
    equal([status(mine[0]), status('https://b.example.com')], [200, 403],
          'which are those that may ask')
    for what, body in (
            ('no list', {}), ('nothing', None), ('a text', 'x'),
            ('numbers', [1]), ('a path', ['https://a.example.com/x']),
            ('a slash', ['https://a.example.com/']),
            ('all', ['*']), ('none', ['null']), ('no scheme', ['a.example']),
            ('large letters', ['https://A.example.com']),
            ('a line', ['https://a.example\nhttps://b.example']),
            ('one wrong', ['https://a.example', 'x']),
            ('no port', ['http://a.example:']),
            ('33', ['https://a%d.example' % n for n in range(33)]),
            ('1025', long + ['https://' + 'a' * 16])):
        equal(ops.apps(path, 'POST', body).status, 400, 'not taken: ' + what)
    equal(ops.apps(path).json, mine, 'nothing was changed')
    must(ops.apps(path, 'POST', long + ['https://' + 'a' * 14]), 204)
    many = ['https://a%d.example' % n for n in range(32)]
    must(ops.apps(path, 'POST', many), 204)
    equal(ops.apps(path).json, many, '32 are taken')
    must(ops.apps(path, 'POST', []), 204)
    equal((ops.apps(path).json, status('https://b.example.com')), ([], 200),
          "with none it is the settings' again")


def fill(app_id, count):
    """Users past the service: as many rows with all that a user can have."""
    now = '%d' % (time.time() * 1e6)
    rows = ['%024x' % (int(app_id, 16) + n + 1) for n in range(count)]
    for at in range(0, count, 400):
        some = rows[at:at + 400]
        world.sql('INSERT INTO app_user(id, app_id, created) VALUES ' +
                  ', '.join("('%s', '%s', %s)" % (id, app_id, now)
                            for id in some))
        world.sql('INSERT INTO identity(id, app_id, user_id, provider, subject,'
                  ' address, secret, confirmed, created) VALUES ' +
                  ', '.join("('%s', '%s', '%s', 'anon-user', '%s', '', '',"
                            " TRUE, %s)" % (id, app_id, id, id, now)
                            for id in some))
    return rows


@group
def the_end_of_an_app():
    gone = new_app('gone')
    there = '/groups/%s/apps/%s' % (ops.group, gone.app)
    client = Other(gone.client)
    must(gone.users('', 'POST', {'email': 'x@example.com',
                                 'password': PASSWORD}), 201)
    s = client.session('x@example.com', PASSWORD)
    key = client.new_key(s, 'k')['key']
    k = client.key_session(key)
    must(gone.apps('/api_keys', 'POST', {'name': 'srv'}), 201)
    fill(gone.app, 1300)
    equal(ops.call('DELETE', there).status, 204, 'an app is deleted')
    equal(ops.call('GET', there).status, 404, 'it is gone')
    nothing([a for a in ops.call('GET', '/groups/%s/apps' % ops.group).json
             if a['_id'] == gone.app], 'from the list')
    equal(gone.users().status, 404, 'its users with it')
    for what, answer in (('location', client.location()),
                         ('password', client.login('x@example.com', PASSWORD)),
                         ('key', client.key_login(key))):
        equal(answer.status, 404, 'no login: ' + what)
    for what, answer in (('profile', client.profile(s.access)),
                         ('refresh', client.refresh(s.refresh)),
                         ('keys', client.keys(s.refresh)),
                         ('a key', client.profile(k.access))):
        equal((answer.status, answer.code), (401, 'InvalidSession'),
              'no session: ' + what)
    for table in ('app_user', 'identity', 'api_key'):
        equal(world.sql("SELECT count(*) FROM %s WHERE app_id = '%s'"
                        % (table, gone.app)), [['0']], 'no row in ' + table)
    equal(world.sql("SELECT count(*) FROM app WHERE id = '%s'" % gone.app),
          [['0']], 'nor one of its own')
    equal(ops.call('DELETE', there).status, 404, 'it is deleted once')
    for id in ('f' * 24, 'x', world.app):
        equal(ops.call('DELETE', '/groups/%s/apps/%s' % (ops.group, id))
              .status, 404, 'no app: ' + id)
    equal(ops.call('DELETE', '/groups/%s/apps/%s' % ('f' * 24, ops.app))
          .status, 404, 'nor one in another group')
    equal(ops.users().status, 200, 'the others are there')
    equal(len(audit(event='admin-app-delete', verdict='granted',
                    admin=ops.pair[0], app="'%s'" % gone.client)), 1,
          'the log says who did it')


@group
def an_end_that_was_cut_off():
    half = new_app('half')
    client = Other(half.client)
    must(half.users('', 'POST', {'email': 'x@example.com',
                                 'password': PASSWORD}), 201)
    s = client.session('x@example.com', PASSWORD)
    fill(half.app, 20)
    world.sql("UPDATE app SET deleted = %s WHERE id = '%s'" % (
        'TRUE', half.app))
    equal(client.location().status, 404, 'an app that is to go is not there')
    equal(client.profile(s.access).status, 401, 'nor are its sessions')
    equal(half.users().status, 404, 'nor its users, for administrators')
    there = '/groups/%s/apps/%s' % (ops.group, half.app)
    equal(ops.call('GET', there).status, 404, 'nor itself')
    equal(ops.call('DELETE', there).status, 204, 'the same call goes on')
    equal(world.sql("SELECT count(*) FROM app_user WHERE app_id = '%s'"
                    % half.app), [['0']], 'to the end')


@group
def others_meanwhile():
    """Logins and changes of others go through while an app is emptied."""
    big = new_app('big')
    fill(big.app, 4000 if SLOW else 20000)
    id, s = person('meanwhile')
    key = http.new_key(s, 'k')['key']
    before = [u['_id'] for u in ops.users().json]
    done, worst, count = [], 0, 0

    def delete():
        done.append(Administrator(ops.pair, world).call(
            'DELETE', '/groups/%s/apps/%s' % (ops.group, big.app)).status)

    thread = threading.Thread(target=delete)
    thread.start()
    while thread.is_alive():
        began = time.monotonic()
        equal_silently(http.key_login(key).status, 200)
        must(http.create(s.refresh, 'n%d' % count), 201)
        must(http.delete(s.refresh, http.keys(s.refresh).json[-1]['_id']), 204)
        worst = max(worst, time.monotonic() - began)
        count += 1
    thread.join()
    equal(done, [204], 'a large app is deleted')
    ok(count > 1, 'others were served meanwhile', count)
    ok(worst < 30, 'and did not wait for all of it', worst)
    equal([u['_id'] for u in ops.users().json], before, 'none of them is gone')


def equal_silently(got, want):
    if got != want:
        equal(got, want, 'a login meanwhile')


main(world)

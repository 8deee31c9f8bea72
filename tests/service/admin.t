#!/usr/bin/python3 -B
"""The Admin API: who gets in, what an administrator sees and changes, what
each change means for users at once, and what the audit log keeps of it."""

import os
import re
import signal
import time
from urllib.parse import quote

from administrator import Administrator, new_pair
from tap import contains, equal, group, main, nothing, ok, one_of
from wire import Client, checksum, is_hex24, must, token_parts
from world import World

PASSWORD = 'correct horse'
world = World({'failed_logins_per_source': '100000'})
http = Client(world)


def new_admin(name, world=world):
    return new_pair(world, name)


class Admin(Administrator):
    def __init__(self, pair, world=world):
        super().__init__(pair, world)


ops = Admin(new_admin('ops'))


@group
def key_pairs():
    public, private = new_admin('form')
    ok(re.fullmatch(r'ukadm[0-9A-Za-z]{59}', private),
       'the private key has its own form', private)
    equal(checksum(private[:58]), private[58:], 'and a checksum')
    done = world.command('admin-key', 'create', 'form', *world.where(),
                         check=False)
    equal((done.returncode, done.stdout), (1, ''), 'a name is given once')
    for name in ('', 'a b', 'a' * 65, 'x/y', '0123456789abcdef01234567',
                 "a'b", 'a\nb'):
        done = world.command('admin-key', 'create', name, *world.where(),
                             check=False)
        equal((done.returncode, done.stdout), (1, ''),
              'no name: %r' % name[:20])
    listed = world.command('admin-key', 'list', *world.where()).stdout
    ok(re.search(r'^%s  20\S+Z  form$' % public, listed, re.M),
       'the list has id, date and name', listed)
    ok('ukadm' not in listed, 'and nothing of the private key')
    for word in (public, 'ops'):
        done = world.command('admin-key', 'delete', '--yes', *world.where(), '--',
                             'nobody', check=False)
        equal(done.returncode, 1, 'who is not there cannot be deleted')
    done = world.command('admin-key', 'delete', 'form', *world.where(),
                         check=False)
    equal(done.returncode, 2, 'without a terminal it must be said that it is '
          'meant')
    contains(done.stderr, '--yes', 'and it says how')
    contains(world.command('admin-key', 'list', *world.where()).stdout, public,
             'nothing was deleted')
    done = world.command('admin-key', 'delete', 'form', '--yes',
                         *world.where())
    equal(done.stdout, '', 'it is deleted')
    contains(done.stderr, "'form' (%s) is deleted" % public,
             'and it says which')
    for argv in ((), ('create',), ('delete',), ('list', 'x'), ('frob',)):
        equal(world.command('admin-key', *argv, *world.where(),
                            check=False).returncode, 2,
              'wrong usage: %s' % ' '.join(argv))
    files = b''
    for name in os.listdir(world.data):
        with open(os.path.join(world.data, name), 'rb') as file:
            files += file.read()
    ok(private.encode() not in files and private[5:].encode() not in files,
       'the private key is in no file of the server')


@group
def logging_in():
    public, private = new_admin('login')
    other = new_admin('login2')
    answer = ops.login(public, private)
    equal(answer.status, 200, 'a pair of keys logs in')
    equal(sorted(answer.json), ['access_token', 'device_id', 'refresh_token',
                                'user_id'], 'with the four members')
    equal(answer.get('user_id'), public, 'the user is the public key')
    head, claims, _ = token_parts(answer.get('access_token'))
    equal(head, {'alg': 'HS256', 'typ': 'JWT'}, 'a JWT')
    equal(claims['exp'] - claims['iat'], 1800, 'for half an hour')
    claims = token_parts(answer.get('refresh_token'))[1]
    equal(claims['exp'] - claims['iat'], 86400, 'renewed for a day')
    wrong = private[:10] + ('A' if private[10] != 'A' else 'B') + private[11:]
    forged = wrong[:58] + checksum(wrong[:58])
    _, s = person('adm-login')
    key = http.new_key(s, 'k')['key']
    for who, pair in (('another private key', (public, other[1])),
                      ('another public key', (other[0], private)),
                      ('no such public key', ('f' * 24, private)),
                      ('a wrong private key', (public, wrong)),
                      ('one of the right form', (public, forged)),
                      ('the name', ('login', private)),
                      ('nothing', ('', '')),
                      ('a key of a user', (s.user_id, key)),
                      ('a user and a password', ('adm-login@example.com',
                                                 PASSWORD))):
        answer = ops.login(*pair)
        equal((answer.status, answer.code, answer.error),
              (401, 'AuthError', 'unauthorized'), who + ' does not')
    for body in (None, {}, {'username': public}, {'apiKey': private},
                 {'username': 1, 'apiKey': private},
                 {'username': public, 'apiKey': None}):
        equal(ops.raw('POST', '/auth/providers/mongodb-cloud/login',
                      body).status, 400, 'not a login: %r' % (body and
                                                              sorted(body)))
    equal(http.key_login(private).status, 401,
          'a private key is no key of a user')
    equal(http.provider('mongodb-cloud', 'login', {
        'username': public, 'apiKey': private}).status, 404,
        'and logs in to no app')


def person(name):
    email = name + '@example.com'
    id = must(ops.users('', 'POST', {'email': email, 'password': PASSWORD}),
              201).get('_id')
    return id, http.session(email, PASSWORD)


@group
def sessions():
    admin = Admin(new_admin('sessions'))
    profile = admin.call('GET', '/auth/profile').json
    equal(profile['user_id'], admin.pair[0], 'the profile says who it is')
    equal(profile['data'], {'name': 'sessions'}, 'by name')
    ok(is_hex24(admin.group), 'it has the group', admin.group)
    equal(admin.group, ops.group, 'which is the same for all')
    answer = admin.raw('POST', '/auth/session', token=admin.refresh)
    equal((answer.status, sorted(answer.json)), (201, ['access_token']),
          'a session is renewed')
    fresh = answer.get('access_token')
    equal(admin.raw('GET', '/auth/profile', token=fresh).status, 200,
          'the new token is good')
    for name, token in (('an access token', admin.access),
                        ('none', None), ('nonsense', 'x.y.z')):
        equal(admin.raw('POST', '/auth/session', token=token).status, 401,
              'not by ' + name)
    answer = admin.raw('DELETE', '/auth/session', token=admin.refresh)
    equal((answer.status, answer.body, answer.header('Content-Type')),
          (204, b'', None), 'a session ends')
    for token in (admin.access, fresh):
        equal(admin.raw('GET', '/auth/profile', token=token).status, 401,
              'with its access tokens')
    equal(admin.raw('POST', '/auth/session', token=admin.refresh).status, 401,
          'and is not renewed')
    again = Admin(admin.pair)
    equal(again.users().status, 200, 'the pair opens another one')
    world.command('admin-key', 'delete', admin.pair[0], '--yes',
                  *world.where())
    answer = again.users()
    equal((answer.status, answer.code), (401, 'InvalidSession'),
          'which is over at once when the pair is deleted')
    equal(again.raw('POST', '/auth/session', token=again.refresh).status, 401,
          'for good')
    equal(again.login(*admin.pair).status, 401, 'and there is no other')
    equal(ops.users().status, 200, 'for others all is as before')
    world.command('admin-key', 'create', 'sessions', *world.where())
    equal(again.users().status, 401,
          'a new pair of that name does not bring it back')


@group
def users_and_administrators_are_apart():
    id, s = person('apart')
    key = http.new_key(s, 'k')['key']
    k = http.key_session(key)
    there = '/groups/%s/apps/%s/users' % (ops.group, ops.app)
    for name, token in (('access', s.access), ('refresh', s.refresh),
                        ("a key's access", k.access),
                        ("a key's refresh", k.refresh)):
        for method, path in (('GET', there), ('GET', there + '/' + id),
                             ('DELETE', there + '/' + id),
                             ('PUT', there + '/' + id + '/disable'),
                             ('POST', there + '/' + id + '/api_keys'),
                             ('GET', '/auth/profile'),
                             ('POST', '/auth/session')):
            equal(ops.raw(method, path, token=token).status, 403,
                  "a user's %s token does not %s %s" % (
                      name, method, path.replace(there, '...')[:20]))
    for name, token in (('access', ops.access), ('refresh', ops.refresh)):
        for method, path in (('GET', '/auth/profile'), ('POST', '/auth/session'),
                             ('DELETE', '/auth/session'),
                             ('DELETE', '/auth/delete'),
                             ('GET', '/auth/api_keys'),
                             ('POST', '/auth/api_keys')):
            equal(http.call(method, path, token=token).status, 401,
                  "an administrator's %s token does not %s %s of users" % (
                      name, method, path))
    equal(ops.users().status, 200, 'and his session is still there')
    equal(http.profile(s.access).status, 200, 'as is that of the user')


@group
def apps():
    answer = ops.call('GET', '/groups/%s/apps?product=standard&x=%%zz'
                      % ops.group)
    equal(answer.json, [{'_id': ops.app, 'client_app_id': world.app,
                         'name': 'demo', 'domain_id': ops.app,
                         'group_id': ops.group}], 'the list of apps')
    answer = ops.call('GET', '/groups/%s/apps/%s' % (ops.group, ops.app))
    equal(answer.get('client_app_id'), world.app, 'one of them')
    for path in ('/groups/%s/apps' % ('0' * 24),
                 '/groups/%s/apps/%s' % (ops.group, '0' * 24),
                 '/groups/%s/apps/%s/users' % (ops.group, world.app),
                 '/groups/%s/apps/%s/users' % ('0' * 24, ops.app)):
        equal(ops.call('GET', path).status, 404, 'not there: ' + path[:50])


@group
def making_apps():
    there = '/groups/%s/apps' % ops.group
    answer = ops.call('POST', there, {'name': 'More_1'})
    equal((answer.status, sorted(answer.json)),
          (201, ['_id', 'client_app_id', 'domain_id', 'group_id', 'name']),
          'an app is made')
    app = answer.json
    ok(re.fullmatch(r'More_1-[a-z]{5}', app['client_app_id']),
       'with an id for clients', app['client_app_id'])
    equal(ops.call('GET', there + '/' + app['_id']).json, app, 'it is there')
    equal(ops.call('GET', there).json[-1], app, 'and in the list')
    users = there + '/%s/users' % app['_id']
    equal(ops.call('GET', users).json, [], 'without users')
    must(ops.call('POST', users, {'email': 'new-app@example.com',
                                  'password': PASSWORD}), 201)
    body = {'username': 'new-app@example.com', 'password': PASSWORD}
    equal(http.call('POST', '/app/%s/auth/providers/local-userpass/login'
                    % app['client_app_id'], body).status, 200,
          'whose users log in to it')
    equal(http.login('new-app@example.com', PASSWORD).status, 401,
          'and not to another')
    for body in (None, {}, {'name': ''}, {'name': 'a b'}, {'name': 'x' * 41},
                 {'name': 5}, {'name': 'a/b'}):
        equal(ops.call('POST', there, body).status, 400, 'no app: %.20r' % body)
    return app


@group
def verifying_tokens():
    id, s = person('verify')
    other = must(ops.call('POST', '/groups/%s/apps' % ops.group,
                          {'name': 'verify'}), 201).json['_id']

    def verify(token, app=ops.app):
        return ops.call('POST', '/groups/%s/apps/%s/users/verify_token' % (
            ops.group, app), {'token': token})

    claims = token_parts(s.access)[1]
    answer = verify(s.access)
    equal((answer.status, answer.json), (200, {
        'sub': id, 'exp': claims['exp'], 'iat': claims['iat'],
        'iss': claims['iss'], 'domain_id': ops.app,
        'device_id': s.device_id}), 'a good one has its claims')
    key = http.new_key(s, 'k')
    k = http.key_session(key['key'])
    equal(verify(k.access).get('sub'), id, 'as has one of a key')
    for what, answer in (
            ('a refresh token', verify(s.refresh)),
            ('one for another app', verify(s.access, other)),
            ("an administrator's", verify(ops.access)),
            ('a wrong one', verify(s.access[:-2] + 'xx')),
            ('none', verify(''))):
        equal((answer.status, answer.code), (401, None), 'not ' + what)
    must(http.disable(s.refresh, key['_id']), 204)
    equal(verify(k.access).status, 401, 'nor one of a key that is disabled')
    must(http.logout(s.refresh), 204)
    equal(verify(s.access).status, 401, 'nor one that was logged out')
    for body in (None, {}, {'token': 1}):
        equal(ops.users('/verify_token', 'POST', body).status, 400,
              'no question: %r' % (body,))
    brief = World({'access_token_lifetime': '1s'})
    brief.add_user('brief@example.com', PASSWORD)
    token = Client(brief).session('brief@example.com', PASSWORD).access
    time.sleep(2.1)
    admin = Admin(new_admin('brief', brief), brief)
    answer = admin.users('/verify_token', 'POST', {'token': token})
    equal((answer.status, answer.json), (200, 'token expired'),
          'one that is over is told apart')
    brief.close()


@group
def creating_users():
    before = int(time.time())
    answer = ops.users('', 'POST', {'email': 'New@Example.com',
                                    'password': PASSWORD})
    equal(answer.status, 201, 'a user is created')
    user = answer.json
    id = user.pop('_id')
    ok(is_hex24(id), 'with an id')
    one_of(user.pop('creation_date'), range(before, before + 60), 'and a date')
    identity = user['identities'][0]
    for name in ('id', 'provider_id'):
        ok(is_hex24(identity.pop(name)), name)
    equal(user, {'type': 'normal', 'disabled': False,
                 'data': {'email': 'New@Example.com'},
                 'identities': [{'provider_type': 'local-userpass',
                                 'provider_data': {
                                     'email': 'New@Example.com',
                                     'confirmed': True}}]},
          'and the address is confirmed')
    equal(ops.users('/' + id).json, answer.json | {'_id': id},
          'it is the same when it is fetched')
    s = http.session('new@example.com', PASSWORD)
    equal(s.user_id, id, 'the user can log in')
    answer = ops.users('', 'POST', {'email': 'new@example.COM',
                                    'password': PASSWORD})
    equal((answer.status, answer.code), (409, 'AccountNameInUse'),
          'an address is given once')
    for body in (None, {}, {'email': 'a@b.example'}, {'password': PASSWORD},
                 {'email': 'a@b.example', 'password': 'short'},
                 {'email': 'a@b.example', 'password': 'x' * 129},
                 {'email': 'nobody', 'password': PASSWORD},
                 {'email': '', 'password': PASSWORD},
                 {'email': 'x' * 250 + '@b.example', 'password': PASSWORD},
                 {'email': 1, 'password': PASSWORD},
                 {'email': 'a@b.example', 'password': ['x']}):
        equal(ops.users('', 'POST', body).status, 400,
              'no user: %.60r' % (body,))


@group
def paging():
    many = Admin(new_admin('many', pages), pages)
    ids = sorted(pages.add_user('p%d@example.com' % n, PASSWORD)
                 for n in range(120))
    seen, sizes, after = [], [], ''
    while sizes[-1:] != [0]:
        page = must(many.users('?after=%s&sort=_id&desc=false&other=x&email_=y'
                               % after), 200).json
        seen += [u['_id'] for u in page]
        sizes.append(len(page))
        after = seen[-1]
    equal(sizes, [50, 50, 20, 0], 'at most 50 at once')
    equal(seen, ids, 'all of them, once, in the order of their ids')
    equal([u['_id'] for u in many.users('?after=' + ids[117]).json], ids[118:],
          'after one means behind it')
    for after in ('x', ids[0] + '0', '%30', ids[0][:23] + '%30', "'"):
        equal(many.users('?after=' + after).status, 400, 'after no id')
    equal(many.users('?').status, 200, 'an empty query is none')
    equal(many.users('?after').status, 200, 'nor is one without a value')


@group
def finding_by_address():
    id, _ = person('find+me%x')
    for form in ('find+me%x@example.com', 'FIND+ME%X@EXAMPLE.COM'):
        answer = ops.users('?email=' + quote(form, safe=''))
        equal([u['_id'] for u in answer.json], [id], 'by address: ' + form)
    for form in ('find', 'nobody@example.com', '', '%00', '%', '%zz', '%4',
                 'a' * 400 + '@example.com', "'%20OR%20''='"):
        equal((ops.users('?email=' + form).status,
               ops.users('?email=' + form).json), (200, []),
              'nobody: ' + form[:20])


@group
def disabling_and_enabling():
    id, s = person('disable')
    key = http.new_key(s, 'k')['key']
    k = http.key_session(key)
    answer = ops.users('/%s/disable' % id, 'PUT')
    equal((answer.status, answer.body), (204, b''), 'a user is disabled')
    equal(ops.users('/' + id).get('disabled'), True, 'and shown as such')
    answer = http.login('disable@example.com', PASSWORD)
    equal((answer.status, answer.code), (401, 'UserDisabled'), 'no login')
    equal(http.key_login(key).status, 401, 'not with a key either')
    for session in (s, k):
        equal(http.profile(session.access).status, 401, 'sessions are over')
        equal(http.refresh(session.refresh).status, 401, 'and not renewed')
    equal(ops.users('/%s/disable' % id, 'PUT', {}).status, 204, 'twice is once')
    equal(ops.users('/%s/enable' % id, 'PUT').status, 204, 'enabled again')
    equal(http.profile(s.access).status, 401, 'sessions stay over')
    equal(http.key_login(key).status, 200, 'the key is good again')
    equal(ops.users('/%s/enable' % id, 'PUT').status, 204, 'twice is once')


@group
def logging_out_and_deleting():
    id, s = person('logout')
    key = http.new_key(s, 'k')['key']
    k = http.key_session(key)
    equal(ops.users('/%s/logout' % id, 'PUT').status, 204,
          'a user is logged out everywhere')
    for session in (s, k):
        equal(http.profile(session.access).status, 401, 'sessions are over')
        equal(http.refresh(session.refresh).status, 401, 'and not renewed')
    s = http.session('logout@example.com', PASSWORD)
    k = http.key_session(key)
    equal(http.profile(s.access).status, 200, 'a new login is good')
    answer = ops.users('/' + id, 'DELETE')
    equal((answer.status, answer.body), (204, b''), 'a user is deleted')
    for session in (s, k):
        equal(http.profile(session.access).status, 401, 'sessions are over')
    equal(http.login('logout@example.com', PASSWORD).status, 401, 'no login')
    equal(http.key_login(key).status, 401, 'nor with the key')
    for method, rest in (('GET', ''), ('DELETE', ''), ('PUT', '/disable'),
                         ('PUT', '/enable'), ('PUT', '/logout'),
                         ('GET', '/api_keys'), ('POST', '/api_keys')):
        answer = ops.users('/' + id + rest, method)
        equal((answer.status, answer.code), (404, 'UserNotFound'),
              'nothing is left to %s %s' % (method, rest))


@group
def keys_of_a_user():
    id, s = person('keys')
    own = http.new_key(s, 'own')
    answer = ops.users('/%s/api_keys' % id, 'POST', {'name': 'made'})
    equal((answer.status, sorted(answer.json)),
          (201, ['_id', 'disabled', 'key', 'name']), 'a key is created')
    key, kid = answer.get('key'), answer.get('_id')
    equal(checksum(key[:58]), key[58:], 'of the form of all keys')
    equal(http.key_session(key).user_id, id, 'it is a key of that user')
    shown = {'_id': kid, 'name': 'made', 'disabled': False}
    equal(ops.users('/%s/api_keys' % id).json, [
        {'_id': own['_id'], 'name': 'own', 'disabled': False}, shown],
        'both keys are listed')
    equal(http.keys(s.refresh).json[1], shown, 'to the user too')
    one = '/%s/api_keys/%s' % (id, kid)
    equal(ops.users(one).json, shown, 'one is fetched')
    k = http.key_session(key)
    equal(ops.users(one + '/disable', 'PUT').status, 204, 'disabled')
    equal(ops.users(one).get('disabled'), True, 'and shown as such')
    equal(http.key_login(key).status, 401, 'no login')
    equal(http.profile(k.access).status, 401, 'its session is over')
    equal(http.profile(s.access).status, 200, 'others are not')
    equal(ops.users(one + '/enable', 'PUT').status, 204, 'enabled')
    equal(http.key_login(key).status, 200, 'a login')
    equal(http.profile(k.access).status, 401, 'the session stays over')
    answer = ops.users('/%s/api_keys' % id, 'POST', {'name': 'own'})
    equal((answer.status, answer.code), (409, 'APIKeyAlreadyExists'),
          'a name is given once')
    for body, status in (({'name': 'a b'}, 400), ({}, 400), (None, 400),
                         ({'name': ''}, 400), ({'name': 7}, 400)):
        equal(ops.users('/%s/api_keys' % id, 'POST', body).status, status,
              'no key: %r' % (body,))
    other, _ = person('keys2')
    for method, rest in (('GET', ''), ('DELETE', ''), ('PUT', '/disable'),
                         ('PUT', '/enable')):
        answer = ops.users('/%s/api_keys/%s%s' % (other, kid, rest), method)
        equal((answer.status, answer.code), (404, 'APIKeyNotFound'),
              "not through another user: %s %s" % (method, rest))
    equal(http.key_login(key).status, 200, 'and nothing has happened to it')
    equal(ops.users(one, 'DELETE').status, 204, 'deleted')
    equal(http.key_login(key).status, 401, 'no login')
    equal(ops.users(one, 'DELETE').code, 'APIKeyNotFound', 'only once')
    for n in range(19):
        must(ops.users('/%s/api_keys' % id, 'POST', {'name': 'n%d' % n}), 201)
    answer = ops.users('/%s/api_keys' % id, 'POST', {'name': 'n20'})
    equal((answer.status, answer.code), (400, 'APIKeyLimitExceeded'),
          'twenty is the most for an administrator too')
    http_open = Client(strangers)
    anon = must(http_open.anon(), 200).get('user_id')
    admin = Admin(new_admin('anon', strangers), strangers)
    equal(admin.users('/' + anon).json['identities'][0]['provider_type'],
          'anon-user', 'somebody nobody knows is shown')
    equal(admin.users('/%s/api_keys' % anon, 'POST', {'name': 'k'}).status,
          400, 'and gets no key')


def audit(text, **fields):
    """The lines of the audit log with these fields."""
    return [line for line in text.splitlines()
            if 'audit event=' in line and all(
                re.search(r' %s=%s( |$)' % (n, re.escape(v)),
                          line.replace('audit event', ' audit event'))
                for n, v in fields.items())]


@group
def who_did_it_to_whom():
    pair = new_admin('auditor')
    start = len(world.log_text())
    admin = Admin(pair)
    user = must(admin.users('', 'POST', {'email': 'audit@example.com',
                                         'password': PASSWORD}), 201).json
    id = user['_id']
    key = must(admin.users('/%s/api_keys' % id, 'POST', {'name': 'k'}),
               201).json
    one = '/%s/api_keys/%s' % (id, key['_id'])
    for method, rest in (('PUT', one + '/disable'), ('PUT', one + '/enable'),
                         ('DELETE', one), ('PUT', '/%s/disable' % id),
                         ('PUT', '/%s/enable' % id), ('PUT', '/%s/logout' % id),
                         ('DELETE', '/' + id)):
        must(admin.users(rest, method), 204)
    admin.users('/' + id, 'DELETE')
    admin.login(pair[0], new_admin('auditor2')[1])
    must(admin.raw('DELETE', '/auth/session', token=admin.refresh), 204)
    text = world.log_text(start)
    by = {'admin': pair[0], 'admin_name': "'auditor'"}
    for event in ('user-create', 'user-disable', 'user-enable', 'user-logout',
                  'user-delete'):
        equal(len(audit(text, event='admin-' + event, verdict='granted',
                        user=id, app="'%s'" % world.app, **by)), 1,
              'one line for ' + event)
    for event in ('key-create', 'key-disable', 'key-enable', 'key-delete'):
        equal(len(audit(text, event='admin-' + event, verdict='granted',
                        user=id, key=key['_id'], **by)), 1,
              'one line for %s, with the key' % event)
    for event in ('login', 'logout'):
        equal(len(audit(text, event='admin-' + event, verdict='granted',
                        **by)), 1, 'one line for ' + event)
    equal(len(audit(text, event='admin-login', verdict='refused',
                    reason='wrong-key', **by)), 1,
          'one for a login that failed, with the reason')
    equal(len(audit(text, event='admin-user-delete', verdict='refused',
                    reason='unknown-user', **by)), 1,
          'one for what was not there')
    nothing([word for word in (pair[1], key['key'], PASSWORD, admin.access,
                               admin.refresh) if word in text],
            'no secret is in the log')


@group
def tries_are_counted():
    limited = World({'failed_logins_per_source': '5'})
    pair = new_admin('limited', limited)
    admin = Admin(pair, limited)
    wrong = new_admin('other', limited)[1]
    statuses = [admin.login(pair[0], wrong).status for _ in range(8)]
    equal(statuses, [401] * 5 + [429] * 3, 'wrong keys are counted')
    equal(admin.login(*pair).status, 200, 'and keep nobody out')
    limited.close()


pages = World()
strangers = World({'registration': 'open'})
main(world, pages, strangers)

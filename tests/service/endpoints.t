#!/usr/bin/python3 -B
"""Every endpoint of the client API: status, header lines, shape of the JSON.

Source: docs/PROTOCOL.md, "The auth service"; the facts were taken from the
official clients and their tests.
"""

import json
import re

from tap import equal, group, main, nothing, ok, one_of
from wire import (BASE, DEVICE, Client, Session, is_hex24, must, token_parts)
from world import STORE, World

ZEROS = '0' * 24
world = World({'registration': 'open'}, tls=True)
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
USER = world.add_user(EMAIL, PASSWORD)


def wrong_with(answer, status, shape):
    """What is wrong with an answer's status, header lines and shape.

    shape: None for an empty answer, else {name: test} with exactly these
    names; a list of one shape for an array of such objects.
    """
    found = []
    if answer.status != status:
        found.append('status %d instead of %d, %r' % (
            answer.status, status, answer.body[:200]))
    types = answer.all('Content-Type')
    if shape is None:
        if answer.body:
            found.append('a body: %r' % answer.body[:100])
        if types:
            found.append('a Content-Type: %r' % types)
    else:
        if types != ['application/json']:
            found.append('Content-Type %r' % types)
        found += wrong_json(answer.json, shape)
        if answer.header('Content-Length') != str(len(answer.body)):
            found.append('Content-Length %r' % answer.all('Content-Length'))
    if answer.all('Transfer-Encoding'):
        found.append('Transfer-Encoding')
    if answer.all('Content-Encoding'):
        found.append('Content-Encoding')
    if not re.fullmatch(r'[0-9A-Za-z._-]{1,64}',
                        answer.header('X-Appservices-Request-Id') or ''):
        found.append('X-Appservices-Request-Id %r' % (
            answer.header('X-Appservices-Request-Id'),))
    return found


def wrong_json(value, shape):
    if isinstance(shape, list):
        if not isinstance(value, list):
            return ['not an array: %r' % (value,)]
        return [f for item in value for f in wrong_json(item, shape[0])]
    if not isinstance(value, dict):
        return ['not an object: %r' % (value,)]
    found = []
    if set(value) != set(shape):
        found.append('names %s instead of %s' % (sorted(value), sorted(shape)))
    for name, test in shape.items():
        if name in value and not test(value[name]):
            found.append('%s: %r' % (name, value[name]))
    return found


def is_text(value):
    return isinstance(value, str) and value != ''


def is_jwt(value):
    if not isinstance(value, str) or value.count('.') != 2:
        return False
    head, claims, signature = token_parts(value)
    return (isinstance(head, dict) and signature != b''
            and type(claims.get('exp')) is int
            and type(claims.get('iat')) is int
            and claims['exp'] > claims['iat'])


LOGIN = {'access_token': is_jwt, 'refresh_token': is_jwt,
         'user_id': is_hex24, 'device_id': is_hex24}
KEY = {'_id': is_hex24, 'name': is_text,
       'disabled': lambda v: isinstance(v, bool)}
NEW_KEY = dict(KEY, key=lambda v: bool(re.fullmatch('ukey[0-9A-Za-z]{60}', v)),
               disabled=lambda v: v is False)
LOCATION = {'deployment_model': lambda v: v in ('GLOBAL', 'LOCAL'),
            'location': is_text, 'hostname': is_text, 'ws_hostname': is_text}
PROFILE = {'user_id': is_hex24, 'domain_id': is_text,
           'identities': lambda v: isinstance(v, list),
           'data': lambda v: isinstance(v, dict),
           'type': lambda v: v == 'normal'}

# What the families of clients send beside what belongs to the call.
SDKS = {
    'core': {'Content-Type': 'application/json;charset=utf-8',
             'Accept': 'application/json'},
    'web': {'Accept': 'application/json'},
    'stitch': {'Accept': '*/*'},
}


@group
def every_endpoint_as_every_client_calls_it():
    for sdk, headers in SDKS.items():
        email = sdk + '@example.com'
        more = {'headers': headers}

        def check(answer, status, shape, text):
            nothing(wrong_with(answer, status, shape), sdk + ': ' + text)
            return answer

        check(http.location(**more), 200, LOCATION, 'location')
        answer = http.register(email, PASSWORD, **more)
        equal(answer.status, 201, sdk + ': register')
        one_of(answer.all('Content-Type'), [[], ['application/json']],
               sdk + ': the answer to register can be read by every client')
        answer = check(http.login(email, PASSWORD, **more), 200, LOGIN,
                       'login with a password')
        s = Session(answer)
        check(http.profile(s.access, **more), 200, PROFILE, 'profile')
        check(http.refresh(s.refresh, **more), 201, {'access_token': is_jwt},
              'refresh')
        check(http.keys(s.refresh, **more), 200, [KEY], 'an empty list')
        equal(http.keys(s.refresh, **more).body, b'[]',
              sdk + ': which is []')
        answer = check(http.create(s.refresh, 'k-1', **more), 201, NEW_KEY,
                       'create')
        id, key = answer.get('_id'), answer.get('key')
        http.create(s.refresh, 'k-2', **more)
        check(http.keys(s.refresh, **more), 200, [KEY], 'list')
        check(http.key(s.refresh, id, **more), 200, KEY, 'fetch')
        equal(http.key(s.refresh, id, **more).json,
              {'_id': id, 'name': 'k-1', 'disabled': False},
              sdk + ': what is fetched is what was created, without the key')
        check(http.disable(s.refresh, id, **more), 204, None, 'disable')
        equal(http.key(s.refresh, id).get('disabled'), True,
              sdk + ': the key is disabled')
        check(http.enable(s.refresh, id, **more), 204, None, 'enable')
        equal(http.key(s.refresh, id).get('disabled'), False,
              sdk + ': the key is enabled')
        check(http.key_login(key, **more), 200, LOGIN, 'login with a key')
        check(http.anon(**more), 200, LOGIN, 'login of an anonymous user')
        check(http.delete(s.refresh, id, **more), 204, None, 'delete a key')
        check(http.logout(s.refresh, **more), 204, None, 'log out')
        s = http.session(email, PASSWORD)
        check(http.delete_user(s.access, **more), 204, None, 'delete the user')


@group
def location():
    one = {'deployment_model': 'GLOBAL', 'location': None, 'hostname': None,
           'ws_hostname': None}
    answer = http.location().json
    equal(set(answer), set(one), 'location has its four names')
    at = '127.0.0.1:%d' % world.http_port
    equal(answer['hostname'], 'http://' + at, 'hostname is where we asked')
    equal(answer['ws_hostname'], 'ws://' + at, 'and ws_hostname')
    answer = Client(world, tls=True).location().json
    at = 'localhost:%d' % world.tls_port
    equal(answer['hostname'], 'https://' + at, 'hostname over TLS')
    equal(answer['ws_hostname'], 'wss://' + at, 'ws_hostname over TLS')
    answer = http.location(headers={'Host': 'keys.example.com:8443'}).json
    equal(answer['hostname'], 'http://keys.example.com:8443',
          'hostname follows the Host of the request')
    for evil in ('a"b', 'a/b', 'a b', '<x>', 'a@b', 'a\\b', 'x:1:2', ''):
        answer = http.location(headers={'Host': evil})
        equal(answer.status, 400, 'a Host that is none (%r) is refused' % evil)


@group
def public_url():
    """What the administrator says beats what the client asked for."""
    world.restart(public_url='https://auth.example.com')
    answer = http.location().json
    equal((answer['hostname'], answer['ws_hostname']),
          ('https://auth.example.com', 'wss://auth.example.com'),
          'location says public_url')
    link = http.key_login('x').get('link')
    ok((link or '').startswith('https://auth.example.com/'),
       'and so do links in errors', link)
    world.restart(public_url=None)


@group
def nothing_is_kept_on_the_way():
    """Answers with secrets are for no cache."""
    s = http.session(EMAIL, PASSWORD)
    for text, answer in (('login', s.answer),
                         ('refresh', http.refresh(s.refresh)),
                         ('profile', http.profile(s.access)),
                         ('create', http.create(s.refresh, 'cache')),
                         ('list', http.keys(s.refresh)),
                         ('refusal', http.key_login('x'))):
        ok('no-store' in (answer.header('Cache-Control') or ''),
           text + ': Cache-Control: no-store')


@group
def login_bodies():
    """What clients put into a login, from nothing to everything."""
    oid = {'$oid': '64f0c0ffee0123456789abcd'}
    rows = [
        ('without options', {}),
        ('with empty options', {'options': {}}),
        ('with an empty device', {'options': {'device': {}}}),
        ('with the device of realm-core', {'options': {'device': DEVICE}}),
        ('with a device id as extended JSON',
         {'options': {'device': dict(DEVICE, deviceId=oid)}}),
        ('with a device id as text',
         {'options': {'device': dict(DEVICE, deviceId=oid['$oid'])}}),
        ('with the provider named again', {'provider': 'local-userpass'}),
        ('with a name that we do not know', {'later': [1, {'a': None}]}),
    ]
    for text, more in rows:
        body = dict({'username': EMAIL, 'password': PASSWORD}, **more)
        answer = http.provider('local-userpass', 'login', body)
        nothing(wrong_with(answer, 200, LOGIN), 'password login ' + text)
        equal(answer.get('user_id'), USER, 'is that user, ' + text)
    key = http.new_key(http.session(EMAIL, PASSWORD), 'bodies')['key']
    for text, more in rows:
        answer = http.provider('api-key', 'login', dict({'key': key}, **more))
        nothing(wrong_with(answer, 200, LOGIN), 'key login ' + text)
        equal(answer.get('user_id'), USER, 'is the owner, ' + text)
    for text, body in (('no body', None), ('an empty object', {}),
                       ('options', {'options': {'device': DEVICE}})):
        nothing(wrong_with(http.provider('anon-user', 'login', body), 200,
                           LOGIN), 'anonymous login with ' + text)


@group
def device_ids():
    oid = {'$oid': '0123456789abcdef01234567'}

    def device(**more):
        return http.provider('local-userpass', 'login', dict(
            {'username': EMAIL, 'password': PASSWORD}, **more))

    first = device(options={'device': DEVICE}).get('device_id')
    ok(is_hex24(first) and first != ZEROS,
       'a login with a device gets an id that is not all zeros', first)
    without = device().get('device_id')
    ok(is_hex24(without), 'a login without one gets a string too', without)
    equal(device(options={'device': DEVICE}).get('device_id'), first,
          'the same device again has the same id')
    for text, known in (('text', oid['$oid']), ('extended JSON', oid)):
        answer = device(options={'device': dict(DEVICE, deviceId=known)})
        equal(answer.get('device_id'), oid['$oid'],
              'a device that knows its id, as %s, keeps it' % text)
        equal([token_parts(answer.get(t))[1].get('baas_device_id')
               for t in ('access_token', 'refresh_token')],
              [oid['$oid']] * 2, '... which is in its tokens')
    for known in ('', ZEROS, {'$oid': ZEROS}, 'x' * 24, 'a' * 23, 'a' * 25,
                  'A' * 24, 7, None, [], {}, {'$oid': 7}, {'$oid': None},
                  {'oid': 'a' * 24}, ['a' * 24]):
        equal(device(options={'device': dict(DEVICE, deviceId=known)})
              .get('device_id'), first, 'an id that is none: %r' % (known,))
    equal(device(options={'device': {'deviceId': 'c' * 24}})
          .get('device_id'), 'c' * 24, 'an id and nothing else')


@group
def tokens():
    s = http.session(EMAIL, PASSWORD)
    for name, token, seconds in (('access', s.access, 30 * 60),
                                 ('refresh', s.refresh, 60 * 86400)):
        head, claims, _ = token_parts(token)
        equal(claims.get('typ'), name, name + ' token: typ')
        equal(claims.get('sub'), USER, name + ' token: sub is the user')
        equal(claims['exp'] - claims['iat'], seconds,
              name + ' token: lives as long as the settings say')
        one_of(head.get('alg'), ('HS256', 'EdDSA'), name + ' token: alg')
        ok('=' not in token and '+' not in token and '/' not in token,
           name + ' token: base64url without padding')
        for name_of, value in (('baas_device_id', s.device_id),
                               ('stitch_devId', s.device_id),
                               ('stitch_domainId',
                                claims.get('baas_domain_id'))):
            equal(claims.get(name_of), value, '%s token: %s' % (name, name_of))
    claims, refresh = (token_parts(t)[1] for t in (s.access, s.refresh))
    equal((refresh.get('baas_id'), refresh.get('stitch_id')),
          (claims.get('iss'),) * 2, 'both tokens name one session')
    equal(refresh.get('baas_identity', {}).get('provider_type'),
          'local-userpass', 'the refresh token knows which identity logged in')
    fresh = must(http.refresh(s.refresh), 201).get('access_token')
    equal(token_parts(fresh)[1].get('typ'), 'access',
          'what a refresh gives is an access token')
    equal(http.profile(fresh).get('user_id'), USER, 'and it works')
    equal(http.profile(s.access).status, 200,
          'the access token from before works on')
    ok(http.session(EMAIL, PASSWORD).refresh != s.refresh,
       'two logins have two sessions')


@group
def profile():
    s = http.session(EMAIL, PASSWORD)
    answer = http.profile(s.access)
    equal(answer.get('user_id'), USER, 'profile: the user id of the login')
    mail = [i for i in answer.get('identities')
            if i.get('provider_type') == 'local-userpass']
    equal(len(mail), 1, 'profile: one identity with an address')
    for name in ('id', 'provider_type', 'provider_id'):
        ok(is_text(mail[0].get(name)), 'profile: the identity has ' + name,
           mail)
    equal(mail[0].get('provider_data'), {'email': EMAIL, 'confirmed': True},
          'profile: an address that an administrator added is confirmed')
    must(http.register('self@example.com', PASSWORD), 201)
    answer = http.profile(http.session('self@example.com', PASSWORD).access)
    nothing([i for i in answer.get('identities')
             if i.get('provider_data', {}).get('confirmed') is not False],
            'profile: one that somebody registered is not')
    key = http.new_key(s, 'profile')
    answer = http.profile(http.key_session(key['key']).access)
    equal(answer.get('user_id'), USER, 'profile of a key session: the owner')
    equal(answer.get('type'), 'normal', 'profile of a key session: normal')
    equal([i.get('id') for i in answer.get('identities')
           if i.get('provider_type') == 'api-key'
           and i.get('id') == key['_id']], [key['_id']],
          'profile of a key session: the key is an identity')
    ok(any(i.get('provider_data') == {'email': EMAIL, 'confirmed': True}
           for i in answer.get('identities')),
       'profile of a key session: the address is there as well')
    world.sql("UPDATE app_user SET server = %s WHERE id = '%s'" % (
        'TRUE' if STORE == 'postgresql' else '1', USER))
    equal([http.profile(http.key_session(key['key']).access).get('type'),
           http.profile(Session(http.anon()).access).get('type')],
          ['server', 'normal'],
          'profile of the user of a server key: server, and of others not')
    world.sql("UPDATE app_user SET server = %s WHERE id = '%s'" % (
        'FALSE' if STORE == 'postgresql' else '0', USER))
    answer = http.profile(Session(http.anon()).access)
    nothing([i for i in answer.get('identities')
             if i.get('provider_type') != 'anon-user'],
            'profile of an anonymous user: that identity only')


@group
def routes():
    """What is not an endpoint answers with an error that clients can read."""
    s = http.session(EMAIL, PASSWORD)
    rows = [
        ('GET', '/', 404), ('GET', '', 404), ('GET', '/auth', 404),
        ('GET', '/app', 404), ('GET', http.app, 404),
        ('GET', http.app + '/location/', 404),
        ('GET', http.app + '/location/x', 404),
        ('GET', '/auth/api_keys/', 404),
        ('PUT', '/auth/api_keys/%s/other' % ZEROS, 404),
        ('GET', '/auth/api_keys/%s/enable/x' % ZEROS, 404),
        ('POST', http.app + '/location', 405),
        ('PUT', '/auth/api_keys', 405), ('DELETE', '/auth/api_keys', 405),
        ('GET', '/auth/session', 405), ('POST', '/auth/profile', 405),
        ('GET', '/auth/delete', 405),
        ('POST', '/auth/api_keys/%s' % ZEROS, 405),
        ('GET', '/auth/api_keys/%s/enable' % ZEROS, 405),
        ('GET', '/%2e%2e/' , 404), ('GET', '/auth/profile%00', 404),
        ('GET', '/auth/../auth/profile', 404),
        ('GET', '/auth//profile', 404), ('GET', '/AUTH/PROFILE', 404),
    ]
    for method, path, status in rows:
        answer = http.call(method, path, token=s.refresh)
        one_of(answer.status, (404, 405) if status == 405 else (400, 404),
               '%s %s' % (method, path or '(nothing)'))
        ok(is_text(answer.error) and
           answer.all('Content-Type') == ['application/json'],
           '... with a readable error', answer)
    for path in ('/auth/api_keys?x=1', '/auth/api_keys?a=b&c=%20#'):
        equal(http.call('GET', path.rstrip('#'), token=s.refresh).status, 200,
              'a query nobody asked for is ignored: ' + path.rstrip('#'))


@group
def many_on_one_connection():
    connection = http.connect()
    token = http.session(EMAIL, PASSWORD).refresh
    got = []
    for n in range(20):
        connection.request('GET', BASE + '/auth/api_keys', headers={
            'Authorization': 'Bearer ' + token})
        reply = connection.getresponse()
        got.append((reply.status, isinstance(json.loads(reply.read()), list)))
    equal(got, [(200, True)] * 20, 'twenty requests on one connection')
    connection.close()


main(world)

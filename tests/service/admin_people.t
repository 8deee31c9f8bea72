#!/usr/bin/python3 -B
"""Users as an administrator looks for them, their addresses, and the tokens
that are handed out to them."""

import re
import time
from urllib.parse import quote

from administrator import Administrator, new_pair
from tap import contains, equal, group, main, nothing, ok, one_of
from wire import Client, is_hex24, must
from world import PATIENCE, World

PASSWORD, NEW = 'correct horse', 'battery staple'
HOUR = 3600
world = World({'registration': 'open'})
http = Client(world)
ops = Administrator(new_pair(world, 'ops'), world)


def audit(**fields):
    return [line for line in world.log_text().splitlines()
            if 'audit event=' in line and all(
                re.search(r' %s=%s( |$)' % (n, re.escape(v)),
                          line.replace('audit event', ' audit event'))
                for n, v in fields.items())]


def audited(event, **fields):
    found = audit(event=event, verdict='granted', admin=ops.pair[0],
                  admin_name="'ops'", **fields)
    equal(len(found), 1, 'one line: %s %s' % (event, ' '.join(fields)))


def person(name):
    email = name + '@example.com'
    return must(ops.users('', 'POST', {'email': email, 'password': PASSWORD}),
                201).get('_id')


@group
def looking_for_users():
    app = must(ops.call('POST', '/groups/%s/apps' % ops.group,
                        {'name': 'look'}), 201).json
    look = Administrator(ops.pair, world)
    look.app = app['_id']

    def ids(query=''):
        return [u['_id'] for u in must(look.users(query), 200).json]
    who = [must(look.users('', 'POST', {'email': 'p%d@example.com' % n,
                                        'password': PASSWORD}), 201).get('_id')
           for n in range(3)]
    key = must(look.apps('/api_keys', 'POST', {'name': 's'}), 201).json
    server = ids('?provider_types=api-key')
    who += server
    must(look.users('/%s/disable' % who[1], 'PUT'), 204)
    must(look.users('/%s/api_keys' % who[0], 'POST', {'name': 'k'}), 201)
    people = who[:3]
    for query, want in (
            ('', sorted(who)), ('?desc=true', sorted(who)[::-1]),
            ('?desc=false&sort=_id', sorted(who)),
            ('?status=disabled', [who[1]]),
            ('?status=enabled', sorted(set(who) - {who[1]})),
            ('?status=', sorted(who)),
            ('?provider_types=local-userpass', sorted(people)),
            ('?provider_types=local-userpass%2Capi-key', sorted(who)),
            ('?provider_types=api-key,oauth2-google', server),
            ('?provider_types=oauth2-google', []),
            ('?provider_types=', []),
            ('?provider_types=anon-user', []),
            ('?status=disabled&provider_types=api-key', []),
            ('?status=disabled&provider_types=local-userpass&desc=true',
             [who[1]]),
            ('?after=%s' % sorted(who)[1], sorted(who)[2:]),
            ('?desc=true&after=%s' % sorted(who)[1], sorted(who)[:1])):
        equal(ids(query), want, 'users' + query)
    for query in ('?status=x', '?status=ENABLED', '?desc=1', '?sort=name',
                  '?after=x', '?provider_types=' + 'a,' * 200,
                  '?provider_types=%zz'):
        answer = look.users(query)
        equal((answer.status, answer.code), (400, 'BadRequest'),
              'no question: ' + query[:30])
    for n in range(60):
        must(look.apps('/api_keys', 'POST', {'name': 'n%d' % n}), 201)
    page = ids('?desc=true&provider_types=api-key')
    rest = ids('?desc=true&provider_types=api-key&after=' + page[-1])
    equal((len(page), len(rest)), (50, 11), 'in pages, backwards')
    equal(page + rest, sorted(set(page + rest))[::-1], 'each once, in order')
    equal([u['type'] for u in look.users('?provider_types=api-key').json],
          ['server'] * 50, 'the type tells servers')


def seen(id):
    return ops.users('/' + id).get('last_authentication_date')


def wait_for(id, other_than=None):
    """What is written behind is there soon."""
    end = time.monotonic() + PATIENCE
    while seen(id) == other_than and time.monotonic() < end:
        time.sleep(0.02)
    return seen(id)


@group
def last_logins():
    id = person('seen')
    equal(seen(id), None, 'who has never logged in has no date')
    equal(http.login('seen@example.com', 'wrong horse').status, 401,
          'a login that is refused')
    before = int(time.time())
    s = http.session('seen@example.com', PASSWORD)
    one_of(wait_for(id), range(before, before + 90), 'a password sets it')
    key = http.new_key(s, 'k')['key']
    for age, changes in ((HOUR + 60, True), (HOUR - 60, False),
                         (-60, False), (-2 * HOUR, True)):
        then = int(time.time()) - age
        world.sql("UPDATE app_user SET last_login = %d000000 WHERE id = '%s'"
                  % (then, id))
        http.key_session(key)
        if changes:
            one_of(wait_for(id, then), range(before, before + 900),
                   'a key login %d s later sets it' % age)
            continue
        # Whatever is written behind has been when this is.
        other = person('after%d' % abs(age))
        http.session('after%d@example.com' % abs(age), PASSWORD)
        wait_for(other)
        equal(seen(id), then, 'a key login %d s later does not' % age)
    answer = must(http.anon(), 200)
    other = person('behind')
    http.session('behind@example.com', PASSWORD)
    wait_for(other)
    equal(seen(answer.get('user_id')), None, 'nobody in particular has none')
    equal(http.refresh(s.refresh).status, 201, 'a session that is renewed')
    ok(is_hex24(id), 'goes on')


@group
def other_addresses():
    id, taken = person('old'), person('taken')
    s = http.session('old@example.com', PASSWORD)
    for body in (None, {}, {'email': 5}, {'email': ''}, {'email': 'x'},
                 {'email': 'a' * 300 + '@example.com'}):
        equal(ops.users('/%s/reset_email' % id, 'PATCH', body).status, 400,
              'no address: %.30r' % (body,))
    answer = ops.users('/%s/reset_email' % id, 'PATCH',
                       {'email': 'TAKEN@example.com'})
    equal((answer.status, answer.code), (409, 'AccountNameInUse'),
          'one is given once')
    answer = ops.users('/%s/reset_email' % id, 'PATCH',
                       {'email': 'New@example.com'})
    equal((answer.status, answer.body), (204, b''), 'a user has another')
    equal(http.login('old@example.com', PASSWORD).status, 401,
          'the old one is nobody')
    equal(http.session('new@example.com', PASSWORD).user_id, id,
          'the new one logs in')
    identity = ops.users('/' + id).json['identities'][0]
    equal(identity['provider_data'], {'email': 'New@example.com',
                                      'confirmed': True}, 'it is confirmed')
    equal(http.profile(s.access).status, 200, 'sessions go on')
    anon = must(http.anon(), 200).get('user_id')
    equal(ops.users('/%s/reset_email' % anon, 'PATCH',
                    {'email': 'anon@example.com'}).status, 400,
          'who has none is given none')
    equal(ops.users('/%s/reset_email' % ('f' * 24), 'PATCH',
                    {'email': 'x@example.com'}).status, 404, 'nor is nobody')
    audited('admin-user-email', user=id, email="'New@example.com'")
    equal(ops.users('/%s/devices' % id).json, [], 'no rows of devices')


@group
def registrations():
    path = '/user_registrations/by_email/'

    def pending():
        return {login['id']: u for u in must(ops.apps(
            '/user_registrations/pending_users'), 200).json
            for login in u['login_ids']}
    for name in ('One', 'two', 'three', 'a+b'):
        must(http.register(name + '@wait.example', PASSWORD), 201)
    person('made')
    listed = pending()
    equal(sorted(listed), ['One@wait.example', 'a+b@wait.example',
                           'three@wait.example', 'two@wait.example'],
          'who has registered waits')
    one = listed['One@wait.example']
    equal((is_hex24(one['_id']), one['domain_id'], one['login_ids']),
          (True, ops.app, [{'id_type': 'email', 'id': 'One@wait.example'}]),
          'with id and address')
    s = http.session('two@wait.example', PASSWORD)
    equal('two@wait.example' in pending(), False, 'until the first login')
    for email, status in (('two@wait.example', 404),
                          ('made@example.com', 404),
                          ('nobody@wait.example', 404), ('x', 404),
                          ('three%40wait.example', 204),
                          ('three@wait.example', 404),
                          (quote('a+b@wait.example'), 204),
                          ('a' * 900 + '@x.example', 404)):
        answer = ops.apps(path + email, 'DELETE')
        equal(answer.status, status, 'deleting %.20s' % email)
    equal(http.login('three@wait.example', PASSWORD).status, 401, 'it is gone')
    equal(http.profile(s.access).status, 200, 'others are not')
    audited('admin-pending-delete', email="'three@wait.example'")
    id = one['_id']

    def confirmed(id):
        return ops.users('/' + id).json['identities'][0]['provider_data'][
            'confirmed']
    equal(confirmed(id), False, 'what was typed is not confirmed')
    equal(ops.apps(path + 'one@WAIT.example/confirm', 'POST').status, 204,
          'an administrator confirms it')
    equal((confirmed(id), 'One@wait.example' in pending()), (True, True),
          'which is no login')
    answer = ops.apps(path + 'one@wait.example/confirm', 'POST', {})
    equal((answer.status, answer.code), (400, 'UserAlreadyConfirmed'), 'once')
    must(ops.apps(path + 'two@wait.example/confirm', 'POST', {}), 204)
    equal(confirmed(s.user_id), True, 'also of one who has logged in')
    equal(ops.apps(path + 'x@y.example/confirm', 'POST').code, 'UserNotFound',
          'not that of nobody')
    audited('admin-user-confirm', user=id)
    audited('admin-user-confirm', user=s.user_id)


@group
def tokens_to_hand_out():
    id = person('reset')
    s = http.session('reset@example.com', PASSWORD)
    now = int(time.time())
    first = must(ops.users('/%s/reset_token' % id, 'POST'), 201).json
    answer = ops.users('/%s/reset_token' % id, 'POST', {})
    token = must(answer, 201).json
    equal(sorted(token), ['expires', 'token', 'tokenId'], 'a token is made')
    one_of(token['expires'], range(now + 86400, now + 86500), 'for a day')

    def reset(token, password=NEW):
        return http.call('POST', http.app + '/auth/providers/local-userpass'
                         '/reset', {'token': token['token'],
                                    'tokenId': token['tokenId'],
                                    'password': password}).status
    equal(reset(first), 400, 'only the last one is good')
    equal(reset(dict(token, tokenId=first['tokenId'])), 400, 'with its id')
    equal(reset(token), 204, 'the person sets a password')
    equal(http.session('reset@example.com', NEW).user_id, id, 'it logs in')
    equal(http.profile(s.access).status, 401, 'sessions from before are over')
    equal(reset(token, 'again and again'), 400, 'once')
    must(http.register('confirm@example.com', PASSWORD), 201)
    other = ops.users('?email=confirm@example.com').json[0]['_id']
    confirm = must(ops.users('/%s/confirm_token' % other, 'POST'), 201).json
    equal(reset(confirm), 400, 'a token does one thing')
    answer = http.call('POST', http.app + '/auth/providers/local-userpass'
                       '/confirm', {'token': confirm['token'],
                                    'tokenId': confirm['tokenId']})
    equal(answer.status, 204, 'which is to confirm')
    equal(ops.users('/' + other).json['identities'][0]['provider_data'][
        'confirmed'], True, 'and it is')
    anon = must(http.anon(), 200).get('user_id')
    equal(ops.users('/%s/reset_token' % anon, 'POST').status, 400,
          'none for who has no address')
    equal(ops.users('/%s/reset_token' % ('f' * 24), 'POST').status, 404,
          'none for nobody')
    late = must(ops.users('/%s/reset_token' % id, 'POST'), 201).json
    must(ops.users('/%s/reset_email' % id, 'PATCH',
                   {'email': 'moved@example.com'}), 204)
    equal(reset(late), 400, 'with another address it is void')
    equal(len(audit(event='admin-reset-token', verdict='granted', user=id,
                    admin=ops.pair[0])), 3, 'the log has who for whom')
    audited('admin-confirm-token', user=other)
    nothing([t for t in (first, token, confirm, late)
             if t['token'] in world.log_text()], 'and never the token')
    nothing([r for r in world.sql('SELECT id FROM handout')
             if token['token'] in str(r)], 'nor has the database')


main(world)

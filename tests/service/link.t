#!/usr/bin/python3 -B
"""A user takes on an address and its password: linking.

The flow of the official clients: somebody is in without a name, registers an
address, and links it.  Texts and statuses that their tests ask for are asked
for here."""

import concurrent.futures
import hashlib
import os
import re

from tap import contains, equal, group, main, nothing, ok
from wire import DEVICE, Client, Session, checksum, must, token_parts
from world import STORE, World

world = World({'registration': 'open'})
http = Client(world)
PASSWORD, OTHER = 'correct horse', 'battery staple'
PAGE = 'https://app.example.com'
NUMBER = iter(range(1, 10000))


def address():
    return 'p%d@example.com' % next(NUMBER)


def registered():
    email = address()
    must(http.register(email, PASSWORD), 201)
    return email


def guest():
    return Session(must(http.anon(), 200))


def credentials(email, password=PASSWORD):
    return {'username': email, 'password': password,
            'options': {'device': DEVICE}}


def link(session, email, password=PASSWORD, **more):
    return http.link(session.access, 'local-userpass',
                     credentials(email, password), **more)


def refused(answer, status, code, text, what):
    """realm-web 2.0.1 asks again without end when a call with an access token
    is refused with 401 and InvalidSession, or "unauthorized" and no more."""
    equal((answer.status, answer.code), (status, code), what)
    contains(answer.error, text, '... and says why')
    ok(answer.status != 401 or (answer.code != 'InvalidSession' and
                                answer.error != 'unauthorized'),
       '... in a way that no client asks again for')


def users():
    return sorted(row[0] for row in world.sql(
        'SELECT id FROM app_user' if STORE == 'sqlite' else
        "SELECT convert_from(id, 'UTF8') FROM app_user"))


def types(session):
    return sorted(i['provider_type'] for i in
                  must(http.profile(session.access), 200).get('identities'))


@group
def the_flow_of_the_clients():
    s, email = guest(), registered()
    before = users()
    answer = must(link(s, email), 200)
    equal(answer.get('user_id'), s.user_id, 'linking: the user is the same')
    equal(sorted(answer.json), ['access_token', 'device_id', 'refresh_token',
                                'user_id'], 'the answer is that of a login')
    linked = Session(answer)
    equal(types(linked), ['anon-user', 'local-userpass'],
          'the profile has both identities')
    equal(types(s), ['anon-user', 'local-userpass'],
          '... with the token from before, too')
    equal(http.profile(s.access).get('data'), {'email': email},
          '... and the address')
    equal(http.session(email, PASSWORD).user_id, s.user_id,
          'the address logs in as that user')
    equal(len(users()), len(before) - 1,
          'the registration is no user of its own any more')
    equal(http.login(email, OTHER).status, 401, 'another password does not')
    equal(http.register(email, PASSWORD).code, 'AccountNameInUse',
          'the address is taken')


@group
def the_session_is_the_same():
    s, email = guest(), registered()
    linked = Session(must(link(s, email), 200))
    old, new = (token_parts(t)[1] for t in (s.refresh, linked.refresh))
    equal((new['baas_id'], new['exp'], new['sub']),
          (old['baas_id'], old['exp'], old['sub']),
          'the session has the same id and the same end')
    equal(token_parts(linked.access)[1]['iss'], old['baas_id'],
          '... and so has its access token')
    equal(linked.device_id, s.device_id, '... and the device')
    key = http.create(s.refresh, 'k')
    equal(key.status, 201, 'the refresh token from before makes keys now')
    equal(http.create(linked.refresh, 'k2').status, 201, 'and the new one')
    equal(http.key_session(key.get('key')).user_id, s.user_id,
          'a key logs in as that user')
    must(http.logout(s.refresh), 204)
    equal([http.profile(linked.access).code, http.refresh(linked.refresh).code,
           http.refresh(s.refresh).code], ['InvalidSession'] * 3,
          'a logout ends what the linking gave, too')
    equal(http.session(email, PASSWORD).user_id, s.user_id,
          'and the person can come back')


@group
def keys_are_for_persons():
    s = guest()
    equal(http.create(s.refresh, 'k').status, 403,
          'nobody in particular makes no keys')
    link(s, registered())
    key = must(http.create(s.refresh, 'k'), 201).json
    by_key = http.key_session(key['key'])
    for text, answer in (
            ('make keys', http.create(by_key.refresh, 'more')),
            ('list keys', http.keys(by_key.refresh)),
            ('end the account', http.delete_user(by_key.access)),
            ('link', link(by_key, registered()))):
        equal((answer.status, answer.body), (403, b''),
              'a session of a key of theirs does not %s' % text)
    equal(types(by_key), ['anon-user', 'api-key', 'local-userpass'],
          '... and has not')


@group
def who_is_somebody_stays_apart():
    s = guest()
    taken = registered()
    bob = http.session(taken, PASSWORD)
    refused(link(s, taken), 401, 'AuthError',
            'a user already exists with the specified provider',
            'an address that somebody has logged in with')
    made = address()
    world.add_user(made, PASSWORD)
    refused(link(s, made), 401, 'AuthError', 'unauthorized',
            'an address that an administrator has made a user of')
    equal(http.profile(bob.access).status, 200, 'they are still there')
    equal(http.session(made, PASSWORD).user_id == s.user_id, False,
          '... and themselves')
    equal(types(s), ['anon-user'], 'and the guest is a guest')
    refused(link(bob, registered()), 500, None,
            'linking a local-userpass identity is not allowed when one is '
            'already linked', 'a second address')
    contains(link(bob, registered()).error, 'unauthorized',
             '... in the words of later versions')
    refused(link(bob, made), 500, None, 'when one is already linked',
            "a second address, of another user's")
    equal(types(bob), ['local-userpass'], '... is not taken on')
    again = link(bob, taken)
    equal((again.status, again.get('user_id')), (200, bob.user_id),
          'what is linked already can be linked again')


def give_key(user):
    """What an administrator can do for a registration: a key."""
    text = 'ukey' + 'K' * 54
    text += checksum(text)
    with open(os.path.join(world.data, 'pepper')) as file:
        pepper = bytes.fromhex(file.read().strip())
    hash = hashlib.blake2b(text.encode(), key=pepper, digest_size=32,
                           person=b'userkey-api-key\0').hexdigest()
    world.sql("INSERT INTO api_key(hash, id, app_id, user_id, name, created)"
              " SELECT %s, '%s', app_id, id, 'k', 1 FROM app_user"
              " WHERE id = '%s'" % (
                  "X'%s'" % hash if STORE == 'sqlite' else "'\\x%s'" % hash,
                  '7' * 24, user))
    return text


@group
def a_registration_with_a_key():
    """Whoever has it can be somebody, so nobody else becomes them."""
    before = set(users())
    email = registered()
    user = (set(users()) - before).pop()
    key = give_key(user)
    s = guest()
    refused(link(s, email), 401, 'AuthError', 'unauthorized',
            'a registration that has a key')
    equal(http.key_session(key).user_id, user, 'the key logs in')
    world.sql("DELETE FROM api_key WHERE id = '%s'" % ('7' * 24))
    refused(link(s, email), 401, 'AuthError', 'unauthorized',
            '... which was a first login')
    equal(http.session(email, PASSWORD).user_id, user, 'it is who it was')


@group
def wrong_passwords():
    s, email = guest(), registered()
    for text, name, password in (('a wrong password', email, OTHER),
                                 ('an unknown address', address(), PASSWORD),
                                 ('no address', 'x', PASSWORD),
                                 ('', '', '')):
        refused(link(s, name, password), 401, 'InvalidPassword',
                'unauthorized: invalid username/password', text or 'nothing')
    equal(types(s), ['anon-user'], 'none of that has linked anything')
    for body in ({}, {'username': email}, {'password': PASSWORD},
                 {'username': 1, 'password': PASSWORD}):
        equal(http.link(s.access, 'local-userpass', body).status, 400,
              'credentials that are none: %s' % sorted(body))
    equal(link(s, email).status, 200, 'then the right one')


@group
def disabled():
    email, s = registered(), guest()
    world.user('disable', email)
    refused(link(s, email), 401, 'UserDisabled', 'user disabled',
            'a registration that was disabled')
    world.user('enable', email)
    equal(link(s, email).status, 200, '... and enabled again')
    world.user('disable', s.user_id)
    equal(link(s, registered()).code, 'InvalidSession',
          'a user who is disabled links nothing')


@group
def other_providers():
    s = http.session(registered(), PASSWORD)
    key = http.new_key(s, 'k')
    g = guest()
    for name, body, status, code, text in (
            ('anon-user', {}, 400, 'BadRequest',
             'linking an anonymous identity is not allowed'),
            ('api-key', {'key': key['key']}, 400, 'BadRequest',
             'linking a key is not allowed'),
            ('custom-token', {'token': 'x'}, 404, 'AuthProviderNotFound',
             'not supported')):
        refused(http.link(g.access, name, body), status, code, text, name)
    equal(types(g), ['anon-user'], 'none of them has linked anything')
    equal(http.key_session(key['key']).user_id, s.user_id,
          'the key is whose it was')


@group
def without_a_session():
    email = registered()
    s = guest()
    rows = [('no token', http.provider('local-userpass', 'login?link=true',
                                       credentials(email)), 'MissingAuthReq'),
            ('a refresh token', http.link(s.refresh, 'local-userpass',
                                          credentials(email)), None),
            ('a token of nobody', http.link('x.y.z', 'local-userpass',
                                            credentials(email)),
             'InvalidSession')]
    for text, answer, code in rows:
        equal((answer.status, answer.code), (401, code), text)
        equal(answer.get('access_token'), None, '... gets none for it')
    answer = http.provider('local-userpass', 'login?link=false',
                           credentials(email), token=s.access)
    equal(answer.get('user_id') == s.user_id, False,
          'without link=true it is a login')
    equal(answer.status, 200, '... that is granted')
    must(http.logout(s.refresh), 204)
    equal(link(s, registered()).code, 'InvalidSession',
          'a session that has ended links nothing')


@group
def another_app():
    s, email = guest(), registered()
    world.sql("INSERT INTO app(id, client_id, name, created)"
              " VALUES ('%s', 'second-abcde', 'second', 1)" % ('5' * 24))
    at = '/app/second-abcde/auth/providers/local-userpass/'
    must(http.call('POST', at + 'register',
                   {'email': email, 'password': OTHER}), 201)
    for name in ('second-abcde', 'none'):
        answer = http.call('POST', '/app/%s/auth/providers/local-userpass/'
                           'login?link=true' % name, credentials(email, OTHER),
                           token=s.access)
        equal((answer.status, answer.code), (401, 'UserAppDomainMismatch'),
              'a session is not taken to another app')
    equal(link(s, email, OTHER).code, 'InvalidPassword',
          'nor is a registration from one')
    theirs = Session(must(http.call('POST', at + 'login',
                                    credentials(email, OTHER)), 200))
    equal(theirs.user_id == s.user_id, False, 'it is what it was')
    must(http.delete_user(theirs.access), 204)
    world.sql("DELETE FROM app WHERE client_id = 'second-abcde'")


@group
def pages():
    s, email = guest(), registered()
    answer = link(s, email, headers={'Origin': PAGE})
    refused(answer, 403, None, 'linking forbidden without first specifying '
            'allowed request origins', 'a page, and no list of pages')
    world.sql("UPDATE app SET origins = '%s\n'" % PAGE)
    equal(link(s, email, headers={'Origin': PAGE}).status, 200,
          'a page on the list of the app')
    equal(link(guest(), registered(),
               headers={'Origin': 'https://evil.example.net'}).status, 403,
          'a page that is not')
    world.sql("UPDATE app SET origins = ''")
    world.restart(allowed_origins=PAGE)
    equal(link(guest(), registered(), headers={'Origin': PAGE}).status, 200,
          'a page on the list of the server')
    for any_page in ('*', PAGE + ' *'):
        world.restart(allowed_origins=any_page)
        s, email = guest(), registered()
        answer = link(s, email, headers={'Origin': PAGE})
        refused(answer, 403, None, 'linking forbidden without first '
                'specifying', 'a list with any page in it: ' + any_page)
        equal(types(s), ['anon-user'], '... and nothing was linked')
        equal(link(s, email).status, 200, 'who is no page may')
    world.restart(allowed_origins=None)


@group
def switched_off():
    s, email = guest(), registered()
    world.sql('UPDATE app SET providers_off = 4')
    equal(link(s, email).code, 'AuthProviderNotFound',
          'a provider that is off links nobody')
    world.sql('UPDATE app SET providers_off = 0')


@group
def many_at_once():
    """One registration, many who know its password, and its first login."""
    for _ in range(3):
        email = registered()
        guests = [guest() for _ in range(4)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            links = [pool.submit(link, g, email) for g in guests]
            login = pool.submit(http.login, email, PASSWORD)
            answers = [f.result() for f in links]
            login = login.result()
        won = [g.user_id for g, a in zip(guests, answers) if a.status == 200]
        owner = http.session(email, PASSWORD).user_id
        ok(len(won) <= 1 and (won == [owner] or
                              login.get('user_id') == owner),
           'one at most has it, and the login agrees: %s' % (
               [a.status for a in answers] + [login.status]))
        nothing([a for a in answers if a.status not in (200, 401)],
                '... and the others are told no')


@group
def the_audit_log():
    s, email = guest(), registered()
    link(s, email, OTHER)
    linked = link(s, email)
    lines = [line for line in world.log_text().splitlines()
             if 'event=link ' in line]
    line = [x for x in lines if linked.header('X-Appservices-Request-Id') in x]
    equal(len(line), 1, 'a line for the linking')
    for part in ('verdict=granted', 'provider=local-userpass',
                 'user=' + s.user_id, "email='%s'" % email):
        contains(line[0] if line else '', part, '... with ' + part)
    other = re.search(r' other=([0-9a-f]{24})', line[0] if line else '')
    ok(other and other.group(1) != s.user_id,
       '... and who the registration was', line)
    contains('\n'.join(lines), 'verdict=refused reason=bad-password',
             'and one for the wrong password')
    nothing([x for x in world.log_text().splitlines()
             if PASSWORD in x or OTHER in x], 'no password is in the log')


@group
def not_without_end():
    world.restart(failed_logins_per_user='3', failed_logins_per_source='50')
    s, email = guest(), registered()
    got = [link(s, email, OTHER).status for _ in range(4)]
    equal(got, [401, 401, 401, 429], 'wrong passwords are counted')
    equal(link(s, email).status, 429, '... also before the right one')
    equal(http.login(email, PASSWORD).status, 429,
          '... for a login like for a linking')
    s, taken = guest(), registered()
    http.session(taken, PASSWORD)
    got = [link(s, taken).status for _ in range(4)]
    equal(got, [401, 401, 401, 429], "so are addresses of others")
    world.restart(logins_per_user='3')
    s = guest()
    equal(link(s, registered()).status, 200, 'an address of their own')
    email = registered()
    got = [link(s, email).status for _ in range(3)]
    equal(got, [500, 500, 429],
          'a second address is refused, and each password that is hashed for '
          'it counts')
    world.restart(failed_logins_per_user='100000',
                  failed_logins_per_source='100000')


main(world)

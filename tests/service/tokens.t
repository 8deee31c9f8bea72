#!/usr/bin/python3 -B
"""Tokens that are not ours, not whole, not of this kind, or no longer good."""

import hmac
import json
import os
import time

from tap import equal, group, main, nothing, ok, one_of
from wire import Client, must, repad, token_parts, unpad
from world import World

world = World()
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
USER = world.add_user(EMAIL, PASSWORD)
OTHER = world.add_user('bob@example.com', PASSWORD)
ann = http.session(EMAIL, PASSWORD)
KEY = http.new_key(ann, 'k')


def refused(token, kind, at=http):
    """What is wrong with the answers to this token: it must be refused by
    every call, and not with a word that makes realm-web come again."""
    if kind == 'access':
        answers = [at.profile(token), at.delete_user(token)]
    else:
        answers = [at.refresh(token), at.keys(token), at.create(token, 'x'),
                   at.disable(token, KEY['_id']), at.delete(token, KEY['_id']),
                   at.logout(token)]
    return ['%r' % a for a in answers if a.status != 401]


def check(token, kind, text, at=http):
    nothing(refused(token, kind, at), '%s token %s' % (kind, text))


def encode(value):
    return unpad(value if isinstance(value, bytes)
                 else json.dumps(value, separators=(',', ':')).encode())


TOKENS = {'access': ann.access, 'refresh': ann.refresh}


@group
def changed_anywhere():
    """One character changed, at every place of the token.

    The last character of a part may carry bits that mean nothing; a decoder
    that lets them vary takes several texts for one token, which is refused
    here too.
    """
    letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
    for kind, token in TOKENS.items():
        call = http.profile if kind == 'access' else http.refresh
        taken = []
        for at in range(0, len(token)):
            new = 'A' if token[at] == '.' else letters[
                (letters.find(token[at]) + 1) % len(letters)]
            bad = token[:at] + new + token[at + 1:]
            if call(bad).status != 401:
                taken.append('character %d: %s for %s' % (at, new, token[at]))
        nothing(taken, 'no character of the %s token can be changed' % kind)


@group
def parts():
    for kind, token in TOKENS.items():
        head, claims, sign = token.split('.')
        rows = [
            ('without a signature', '%s.%s.' % (head, claims)),
            ('of two parts', '%s.%s' % (head, claims)),
            ('of one part', head), ('of four parts', token + '.' + sign),
            ('with a dot at the end', token + '.'),
            ('with a dot in front', '.' + token),
            ('without a header', '.%s.%s' % (claims, sign)),
            ('without claims', '%s..%s' % (head, sign)),
            ('cut by one', token[:-1]), ('longer by one', token + 'A'),
            ('padded', token + '='), ('with padded parts', '%s=.%s=.%s=' % (
                head, claims, sign)),
            ('in two halves', token[:40] + ' ' + token[40:]),
            ('with a quote', '"%s"' % token), ('in capitals', token.upper()),
            ('of ten thousand characters', token + 'A' * 10000),
            ('with the signature of nothing', '%s.%s.%s' % (
                head, claims, unpad(b'\0' * 32))),
            ('with a signature cut to one byte', '%s.%s.%s' % (
                head, claims, unpad(repad(sign)[:1]))),
            ('with the header twice', '%s.%s.%s' % (head, head, sign)),
        ]
        for text, bad in rows:
            try:
                check(bad, kind, text)
            except OSError as error:  # closed on a line that is too long
                ok('10000' in text or 'ten thousand' in text, text, error)


@group
def algorithms():
    """The header names another way to sign; the signature is as it may be."""
    for kind, token in TOKENS.items():
        old, claims, _ = token_parts(token)
        public = b''
        for alg in ('none', 'None', 'NONE', 'nOnE', '', 'HS384', 'HS512',
                    'RS256', 'ES256', 'PS256', 'A128KW', None, 0, [], {}):
            head = dict(old, alg=alg)
            body = encode(head) + '.' + encode(claims)
            signatures = ['', token.split('.')[2],
                          unpad(hmac.digest(public, body.encode(), 'sha256')),
                          unpad(hmac.digest(b'secret', body.encode(),
                                            'sha256'))]
            nothing([r for s in signatures
                     for r in refused('%s.%s' % (body, s), kind)],
                    '%s token with alg %r' % (kind, alg))
        for extra in ({'kid': '../../../../dev/null'}, {'kid': "' OR 1=1 --"},
                      {'jwk': {'kty': 'oct', 'k': ''}},
                      {'jku': 'http://127.0.0.1:1/'}, {'crit': ['exp']},
                      {'b64': False}):
            body = encode(dict(old, **extra)) + '.' + encode(claims)
            sign = unpad(hmac.digest(b'', body.encode(), 'sha256'))
            check('%s.%s' % (body, sign), kind, 'with header %s' % extra)


@group
def kinds():
    """Each token opens its own doors only."""
    check(ann.access, 'refresh', 'that is an access token')
    check(ann.refresh, 'access', 'that is a refresh token')
    head, claims, sign = ann.access.split('.')
    rhead, rclaims, rsign = ann.refresh.split('.')
    check('%s.%s.%s' % (head, rclaims, sign), 'access', 'with other claims')
    check('%s.%s.%s' % (head, claims, rsign), 'access', 'with another sign')
    check('%s.%s.%s' % (rhead, claims, rsign), 'refresh', 'mixed')
    check(KEY['key'], 'refresh', 'that is a key')
    check(KEY['key'], 'access', 'that is a key')
    equal(http.key_login(ann.refresh).status, 401,
          'a token is no key: %s' % 'refresh')
    equal(http.key_login(ann.access).status, 401,
          'a token is no key: %s' % 'access')


@group
def other_servers():
    """A second server, with its own signing key and another app."""
    other = World()
    there = Client(other)
    try:
        other.add_user(EMAIL, PASSWORD)
        theirs = there.session(EMAIL, PASSWORD)
        check(theirs.access, 'access', 'of another server')
        check(theirs.refresh, 'refresh', 'of another server')
        equal(there.profile(theirs.access).status, 200, 'which works there')
        key = there.new_key(theirs, 'k')
        equal(http.key_login(key['key']).status, 401,
              'a key of another server is refused')
    finally:
        other.close()


@group
def other_pepper():
    """The database with another pepper: no key fits, each for itself."""
    other = World(start=False)
    other.app = world.app
    other.start(database=world.settings['database'], secrets=other.data)
    there = Client(other)
    try:
        equal(there.login(EMAIL, PASSWORD).status, 200,
              'the same database: the password is known')
        equal(there.key_login(KEY['key']).status, 401,
              'with another pepper the key is not')
    finally:
        other.close()


def forger():
    """A function that signs claims as the server does, or None."""
    with open(os.path.join(world.data, 'signing_key'), 'rb') as file:
        stored = file.read()
    keys = [stored, stored.strip()]
    try:
        keys.append(bytes.fromhex(stored.strip().decode()))
    except ValueError:
        pass
    head, claims, sign = ann.access.split('.')
    body = ('%s.%s' % (head, claims)).encode()
    for key in keys:
        if hmac.digest(key, body, 'sha256') == repad(sign):
            def forge(claims, head=head):
                body = '%s.%s' % (head, encode(claims))
                return '%s.%s' % (body, unpad(
                    hmac.digest(key, body.encode(), 'sha256')))
            return forge
    return None


@group
def rightly_signed_and_wrong():
    """What the signing key alone must not open."""
    forge = forger()
    ok(forge, 'the test can sign as the server does')
    if not forge:
        return
    for kind, token in TOKENS.items():
        call = http.profile if kind == 'access' else http.refresh
        good = 200 if kind == 'access' else 201
        claims = token_parts(token)[1]
        equal(call(forge(claims)).status, good,
              '%s token, signed again, works' % kind)
        now = int(time.time())
        rows = [('expired a second ago', {'exp': now - 1}),
                ('expired in 1970', {'exp': 0}), ('of before', {'exp': -1}),
                ('with exp as text', {'exp': str(claims['exp'])}),
                ('with exp as a float', {'exp': claims['exp'] + 0.5}),
                ('with exp null', {'exp': None}),
                ('with exp true', {'exp': True}),
                ('of another app', {'baas_domain_id': 'a' * 24}),
                ('of no app', {'baas_domain_id': ''}),
                ('of an app as a number', {'baas_domain_id': 1}),
                ('of a user that is none', {'sub': '0' * 24}),
                ('of a user with an odd id', {'sub': "' OR '1'='1"}),
                ('of no user', {'sub': ''}), ('of user 1', {'sub': 1}),
                ('of another kind', {'typ': 'other'}),
                ('of kind null', {'typ': None}),
                ('of the other kind', {'typ': 'refresh' if kind == 'access'
                                       else 'access'})]
        for text, change in rows:
            check(forge(dict(claims, **change)), kind, text)
        for name in claims:
            less = {n: v for n, v in claims.items() if n != name}
            answer = call(forge(less))
            if name in ('exp', 'sub', 'baas_domain_id', 'typ'):
                equal(answer.status, 401, '%s token without %s' % (kind, name))
            else:
                one_of(answer.status, (good, 401),
                       '%s token without %s: no crash' % (kind, name))
        for text, body in (('an array', []), ('a text', 'x'), ('null', None),
                           ('a number', 5), ('not JSON', b'{'),
                           ('JSON twice', b'{}{}'), ('nothing', b''),
                           ('not UTF-8', b'{"a":"\xff"}'),
                           ('deep', b'[' * 5000)):
            check(forge(body), kind, 'whose claims are ' + text)
        text = json.dumps(claims)
        check(forge((text[:-1] + ',"exp":%d}' % (now + 9999)).encode()), kind,
              'with exp twice')
        check(forge((text[:-1] + ',"sub":"%s"}' % OTHER).encode()), kind,
              'with sub twice')
        mixed = forge(dict(claims, sub=OTHER))
        answer = call(mixed)
        one_of(answer.status, (good, 401),
               '%s token with the sub of another: no crash' % kind)


@group
def lifetimes():
    """Lifetimes by settings; nothing is accepted after them."""
    world.restart(access_token_lifetime='2s', refresh_token_lifetime='5s')
    asked = time.monotonic()
    s = http.session(EMAIL, PASSWORD)
    begin = time.monotonic()
    for name, token, seconds in (('access', s.access, 2),
                                 ('refresh', s.refresh, 5)):
        claims = token_parts(token)[1]
        equal(claims['exp'] - claims['iat'], seconds, '%s lives %d s' % (
            name, seconds))
    status = http.profile(s.access).status
    # What is in time for us is for the service; times are in whole seconds.
    if time.monotonic() - asked < 1:
        equal(status, 200, 'the access token works')
    time.sleep(max(0, begin + 3.1 - time.monotonic()))
    answer = http.profile(s.access)
    equal((answer.status, answer.code, answer.error),
          (401, 'InvalidSession', 'invalid session: access token expired'),
          'and has expired')
    anew = time.monotonic()
    answer = http.refresh(s.refresh)
    status = http.profile(answer.get('access_token')).status
    if time.monotonic() - asked < 4:
        equal(answer.status, 201, 'the refresh token gives a new one')
    if answer.status == 201 and time.monotonic() - anew < 1:
        equal(status, 200, 'which works')
    time.sleep(max(0, begin + 6.1 - time.monotonic()))
    answer = http.refresh(s.refresh)
    equal((answer.status, answer.code), (401, 'InvalidSession'),
          'then the refresh token has expired as well')
    equal(http.keys(s.refresh).code, 'InvalidSession', 'for keys too')
    equal(http.login(EMAIL, PASSWORD).status, 200, 'a new login works')


def brief(word='brief', **options):
    return http.provider('api-key', 'login', {
        'key': KEY['key'],
        'options': {'userkey': {'session': word}, **options}})


@group
def brief_sessions():
    """Who asks with a key for no more than whose it is gets no more."""
    world.restart(access_token_lifetime='1800s',
                  refresh_token_lifetime='60d')
    answer = brief()
    equal((answer.status, sorted(answer.json), answer.get('user_id'),
           answer.get('userkey')),
          (200, ['access_token', 'device_id', 'user_id', 'userkey'], USER,
           {'session': 'brief'}), 'an access token, and nothing to log out')
    token = answer.get('access_token')
    claims = token_parts(token)[1]
    equal((claims['typ'], claims['sub'], claims['exp'] - claims['iat']),
          ('access', USER, 300), 'of this user, for five minutes')
    equal(http.profile(token).get('user_id'), USER, 'it shows the profile')
    nothing(['%r' % a for a in (
        http.refresh(token), http.logout(token), http.keys(token),
        http.create(token, 'x')) if a.status != 401],
            'and can neither be renewed nor manage keys')
    equal(http.delete_user(token).status, 403, 'nor end the account')
    linked = http.link(token, 'anon-user', {})
    ok(linked.status >= 400, 'nor become another one', linked)
    s = http.session(EMAIL, PASSWORD)
    http.disable(s.refresh, KEY['_id'])
    equal(http.profile(token).status, 401, 'it ends with the key')
    http.enable(s.refresh, KEY['_id'])
    equal(http.profile(token).status, 401, 'for good')
    for word in ('Brief', 'brief ', '', 1, None, ['brief'], {'a': 1}):
        answer = brief(word)
        if answer.status != 200 or 'refresh_token' not in answer.json or \
                'userkey' in answer.json:
            ok(False, '%r is not the word' % (word,), answer)
    for ours in ('brief', ['session'], None, 1):
        answer = brief(userkey=ours)
        if answer.status != 200 or 'refresh_token' not in answer.json:
            ok(False, '%r is not the word' % (ours,), answer)
    answer = http.provider('local-userpass', 'login', {
        'username': EMAIL, 'password': PASSWORD,
        'options': {'userkey': {'session': 'brief'}}})
    ok(answer.get('refresh_token'), 'a password opens no brief session')
    world.restart(access_token_lifetime='2s')
    claims = token_parts(brief().get('access_token'))[1]
    equal(claims['exp'] - claims['iat'], 2, 'a setting can make it shorter')
    equal(http.provider('api-key', 'login', {
        'key': 'ukey' + '0' * 60, 'options': {'userkey': {
            'session': 'brief'}}}).status, 401, 'and a key must be good')


@group
def addresses():
    """Who asks for them with a key gets the user's confirmed addresses."""
    world.restart(access_token_lifetime='1800s',
                  refresh_token_lifetime='60d')
    def claim(**wishes):
        answer = http.provider('api-key', 'login', {
            'key': KEY['key'], 'options': {'userkey': wishes}})
        return token_parts(answer.get('access_token'))[1].get('uk_email')
    equal(claim(emails=True), [EMAIL], 'in a claim of the access token')
    equal(claim(emails=True, session='brief'), [EMAIL], 'of a brief one too')
    equal([claim(emails=word) for word in (False, None, 1, 'true', [])] +
          [claim(), claim(session='brief')], [None] * 7, 'and nobody else')
    answer = http.provider('local-userpass', 'login', {
        'username': EMAIL, 'password': PASSWORD,
        'options': {'userkey': {'emails': True}}})
    ok('uk_email' not in token_parts(answer.get('access_token'))[1],
       'nor who has logged in with a password')
    answer = http.provider('api-key', 'login', {
        'key': KEY['key'], 'options': {'userkey': {'emails': True}}})
    ok('uk_email' not in token_parts(answer.get('refresh_token'))[1],
       'the refresh token does not name them')
    renewed = http.refresh(answer.get('refresh_token'))
    ok('uk_email' not in token_parts(renewed.get('access_token'))[1],
       'nor do access tokens that come later')
    equal(http.profile(answer.get('access_token')).status, 200,
          'and the token is as good as any')
    world.restart(registration='open')
    must(http.register('self@example.com', PASSWORD), 201)
    own = http.new_key(http.session('self@example.com', PASSWORD), 'k')
    answer = http.provider('api-key', 'login', {
        'key': own['key'], 'options': {'userkey': {'emails': True}}})
    equal(token_parts(answer.get('access_token'))[1].get('uk_email'), [],
          'an address that nobody has confirmed is none')


main(world)

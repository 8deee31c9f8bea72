#!/usr/bin/python3 -B
"""What administrators set for an app is so for its clients: providers, how
long a session is, which pages may ask."""

import time

from tap import equal, group, main, nothing, ok
from wire import Client, Session, must, token_parts
from world import World

world = World({'registration': 'open'})
http = Client(world)
EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
ANON, PASS, KEY = 1 << 1, 1 << 2, 1 << 3  # as in service/value/provider.h
ONE, TWO = 'https://one.example.com', 'http://localhost:3000'
ALL = 'Access-Control-Allow-Origin'
world.add_user(EMAIL, PASSWORD)
ann = http.session(EMAIL, PASSWORD)
key = http.new_key(ann, 'k')


def set_app(**columns):
    """In the database: what the Admin API writes there, others test."""
    world.sql('UPDATE app SET ' + ', '.join(
        '%s = %s' % (name, "'%s'" % value if isinstance(value, str) else value)
        for name, value in columns.items()))


def status_of_each():
    return [http.anon().status, http.login(EMAIL, PASSWORD).status,
            http.key_login(key['key']).status]


@group
def providers():
    for off, want in ((0, [200, 200, 200]), (ANON, [404, 200, 200]),
                      (PASS, [200, 404, 200]), (KEY, [200, 200, 404]),
                      (ANON | PASS | KEY, [404, 404, 404])):
        set_app(providers_off=off)
        equal(status_of_each(), want, 'logins with providers_off = %d' % off)
    answer = http.login(EMAIL, 'wrong horse')
    equal((answer.code, answer.error),
          ('AuthProviderNotFound',
           'authentication by this provider is not supported'),
          'a provider that is off is not there, whatever one comes with')
    equal(http.register('new@example.com', PASSWORD).code,
          'AuthProviderNotFound', 'nor does it take registrations')
    equal(http.location().status, 200, 'the location is told all the same')
    set_app(providers_off=0)
    equal(status_of_each(), [200, 200, 200], 'and on again')


@group
def keys_without_their_provider():
    set_app(providers_off=KEY)
    answer = http.create(ann.refresh, 'more')
    equal((answer.status, answer.code), (404, 'AuthProviderNotFound'),
          'no key is made that nobody could log in with')
    equal(http.keys(ann.refresh).status, 200, 'those there can be listed')
    equal(http.disable(ann.refresh, key['_id']).status, 204, '... disabled')
    equal(http.enable(ann.refresh, key['_id']).status, 204, '... enabled')
    extra = key['_id']
    set_app(providers_off=0)
    extra = http.new_key(ann, 'extra')
    set_app(providers_off=KEY)
    equal(http.delete(ann.refresh, extra['_id']).status, 204,
          '... and deleted')
    set_app(providers_off=0)


@group
def sessions_go_on():
    s = http.key_session(key['key'])
    set_app(providers_off=KEY)
    equal(http.profile(s.access).status, 200,
          'a session from before goes on')
    set_app(providers_off=0)


@group
def lifetimes():
    def lifetime(token):
        _, claims, _ = token_parts(token)
        return claims['exp'] - claims['iat']

    usual = 60 * 86400
    for seconds, want in ((0, usual), (1800, 1800), (600, 600),
                          (5 * 365 * 86400, 5 * 365 * 86400)):
        set_app(refresh_lifetime=seconds)
        for text, answer in (('password', http.login(EMAIL, PASSWORD)),
                             ('key', http.key_login(key['key'])),
                             ('nobody in particular', http.anon())):
            s = Session(must(answer, 200))
            equal((lifetime(s.refresh), lifetime(s.access)),
                  (want, min(want, 1800)),
                  'refresh_lifetime = %d: a session by %s' % (seconds, text))
    set_app(refresh_lifetime=2)
    s = http.session(EMAIL, PASSWORD)
    time.sleep(2.1)
    equal(http.refresh(s.refresh).code, 'InvalidSession',
          'it is over when it should be')
    equal(http.refresh(ann.refresh).status, 201,
          'a session from before is as long as it was')
    set_app(refresh_lifetime=0)


def origin(path, page, method='GET', **more):
    """Status, and what the answer says about pages."""
    answer = http.call(method, path, headers={'Origin': page}, **more)
    return answer.status, answer.all(ALL)


def preflight(path, page):
    answer = http.call('OPTIONS', path, headers={
        'Origin': page, 'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization, content-type'})
    return answer.status, answer.all(ALL)


def check_own_list(text, known):
    """known: what a preflight without an app is answered, by origin."""
    for page, good in ((ONE, True), (TWO, False)):
        want = [page] if good else []
        equal(origin(http.app + '/location', page),
              (200 if good else 403, want), text + ': the location')
        equal(preflight(http.app + '/auth/providers/api-key/login', page),
              (204 if good else 403, want), text + ': a preflight')
        answer = http.key_login(key['key'], headers={'Origin': page})
        equal((answer.status, answer.all(ALL), answer.get('user_id')),
              (200, want, ann.user_id) if good else (403, want, None),
              text + ': a login')
        answer = http.key_login('ukey', headers={'Origin': page})
        equal((answer.status, answer.all(ALL)),
              (401 if good else 403, want), text + ': a login that fails')
        equal(preflight('/auth/api_keys', page), known[page],
              text + ': a preflight that names no app')
        if known[page][0] != 204:
            continue
        for method, path, token, status in (
                ('GET', '/auth/profile', ann.access, 200),
                ('GET', '/auth/api_keys', ann.refresh, 200),
                ('POST', '/auth/session', ann.refresh, 201)):
            equal(origin(path, page, method, token=token),
                  (status if good else 403, want), text + ': ' + path)
    before = [k['name'] for k in http.keys(ann.refresh).json]
    answer = http.create(ann.refresh, 'by-a-page', headers={'Origin': TWO})
    equal((answer.status, answer.body, answer.all(ALL)), (403, b'', []),
          text + ': a foreign page makes no key')
    equal([k['name'] for k in http.keys(ann.refresh).json], before,
          '... and none is there')
    equal(http.key_login(key['key']).status, 200,
          text + ': who is no page is served')
    nothing([v for v in http.location().all(ALL)],
            text + ': ... and told nothing about pages')
    equal(http.location().all('Vary'), ['Origin'],
          '... but that they are told different things')


@group
def own_origins():
    set_app(origins=ONE + '\n')
    check_own_list('no list of the server', {ONE: (204, ['*']),
                                             TWO: (204, ['*'])})
    set_app(origins='https://first.example.com\n%s\n' % ONE)
    equal(origin(http.app + '/location', ONE), (200, [ONE]),
          'the second of a list')
    for page in ('https://one.example.co', ONE + '.evil.net', 'null', '*', '',
                 'https://first.example.com\n' + ONE, 'h'):
        if '\n' in page:
            continue
        equal(origin(http.app + '/location', page)[0], 403,
              'an origin %r that is not in it' % page)


@group
def instead_of_the_servers():
    world.restart(allowed_origins=TWO)
    set_app(origins=ONE + '\n')
    check_own_list("the server's list has others",
                   {ONE: (403, []), TWO: (204, [TWO])})
    set_app(origins='')
    equal([origin(http.app + '/location', page) for page in (ONE, TWO)],
          [(403, []), (200, [TWO])],
          "without a list of its own the server's is the app's")
    equal(origin('/app/none/location', TWO), (404, [TWO]),
          'an app that is none, for a page of the list')
    equal(origin('/app/none/location', ONE), (404, []),
          '... and for another')
    world.restart(allowed_origins=None)


main(world)

#!/usr/bin/python3 -B
"""The official client realm-web, unmodified, in pages in headless Chromium:
what a browser sends, keeps back and lets a page see (CORS)."""

import base64
import hashlib
import os

from chromium import PROGRAM, Chromium
from party import EMAIL, PASSWORD, Party, install
from stage import Stage
from tap import equal, group, main, nothing, ok, skip_all
from wire import Client, Session, must
from world import openssl

BUNDLE = 'realm-web/dist/bundle.iife.js'
BLOCKED = {'MissingAllowOriginHeader', 'PreflightInvalidStatus',
           'PreflightMissingAllowOriginHeader'}

why = install() or (None if PROGRAM else 'chromium is not here')
if why:
    skip_all('realm-web in Chromium', why)


def fingerprint(certificate):
    """Of its public key: base64 of the SHA-256 of the SPKI."""
    key = openssl('/', 'x509', '-in', certificate, '-pubkey', '-noout').stdout
    lines = [line for line in key.splitlines() if '-----' not in line]
    der = base64.b64decode(''.join(lines))
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


party = Party(tls=True)
world, relay, stage = party.world, party.relay, party.stage
# The same things at another origin.
strange = Stage(stage.world, **stage.controls)
chromium = Chromium(fingerprint(world.settings['tls_certificate']))


def in_page(name, script, least, where=stage):
    party.in_page(chromium, name, script, least, BUNDLE, 'Realm', where)


def turn_away(name, server):
    """The page of another origin.  By the server's list it is turned away at
    once; by an app's where the app is known, which is only with the token for
    calls that name no app: there the preflight is answered."""
    http = Client(world)
    session = Session(must(http.login(EMAIL, PASSWORD), 200))
    strange.world = {**stage.world, 'tokens': {
        'access': session.access, 'refresh': session.refresh}}
    party.take()
    party.seen = []
    strange.begin(name)
    chromium.open('%s/page.html?script=stranger.mjs&client=%s&global=Realm'
                  % (strange.url, BUNDLE))
    chromium.wait(strange.done.is_set, 20)
    equal(strange.count, 9, '%s: the script ran to its end' % name)
    party.take()
    foreign = [e for e in party.seen if e.header('origin') == [strange.url]]
    turned = [e for e in foreign if e.status == 403]
    kept = chromium.blocked()
    ok(len(kept) >= len(turned) and set(kept) <= BLOCKED,
       '%s: each time the browser kept the answer back' % name, kept)
    nothing(['%s %s' % (e, e.status) for e in foreign if e not in turned
             and (server or e.method != 'OPTIONS' or '/app/' in e.path)],
            '%s: each call was refused with 403' % name)
    equal(len(turned), 8, '%s: eight of them' % name)
    nothing(['%s %s' % (e, e.answer_headers) for e in turned
             if e.answered('access-control-allow-origin') or e.answer],
            '%s: no such answer had a word for it' % name)
    equal(http.refresh(session.refresh).status, 201,
          '%s: the session that it had a token of still stands' % name)


@group
def over_http():
    in_page('realm-web in Chromium', 'realm_web.mjs', 100)
    sent = {e.method for e in party.seen if e.header('origin')}
    equal(sent, {'OPTIONS', 'GET', 'POST', 'PUT', 'DELETE'},
          'every method came from a page of another origin')
    nothing([e for e in party.seen if e.header('cookie')], 'no cookie came')
    # The browsers of today take a star for this name, and say that those of
    # tomorrow will not.
    nothing([e.answer_headers for e in party.seen if e.method == 'OPTIONS'
             and 'authorization' not in ','.join(e.answered(
                 'access-control-allow-headers')).split(', ')],
            'every preflight is answered with the name of the header')


@group
def loaded_again():
    for name in ('a page', 'the page, loaded again'):
        in_page(name, 'kept.mjs', 1)


@group
def over_tls():
    stage.world['url'] = 'https://localhost:%d' % world.tls_port
    in_page('over TLS', 'tour.mjs', 20)
    nothing(party.seen, 'past the wire in clear text')
    stage.world['url'] = relay.url


@group
def allowed_origins():
    party.restart(allowed_origins='https://app.example.com %s' % stage.url)
    stage.world['listed'] = True
    in_page('a listed origin', 'tour.mjs', 20)
    in_page('linking in a page', 'link.mjs', 24)
    turn_away('another origin', True)
    party.restart(allowed_origins=None)


@group
def origins_of_an_app():
    """Its own list stands in place of the server's."""
    path = party.admin.app(world.app) + '/security/allowed_request_origins'
    must(party.admin.raw('POST', path, [stage.url]), 204)
    in_page("an app's own origin", 'tour.mjs', 20)
    turn_away("not one of the app's own origins", False)
    strange.world = {**stage.world, 'app': party.second, 'listed': False}
    in_page('another app has no list', 'tour.mjs', 20, strange)
    must(party.admin.raw('POST', path, []), 204)
    strange.world['app'] = world.app
    in_page('nor has the app, any more', 'tour.mjs', 20, strange)


@group
def the_end():
    chromium.close()
    strange.close()
    party.close()


main()

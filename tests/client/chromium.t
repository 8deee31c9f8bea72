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


def in_page(name, script, least):
    party.in_page(chromium, name, script, least, BUNDLE, 'Realm')


def serve(**settings):
    """With other settings, behind the same wire."""
    world.restart(**settings)
    relay.port = world.http_port
    party.take()


def turn_away(name, tokens):
    """The page of another origin, and what went over the wire."""
    strange.world = {**stage.world, 'tokens': tokens}
    party.take()
    party.seen = []
    strange.begin(name)
    chromium.open('%s/page.html?script=stranger.mjs&client=%s&global=Realm'
                  % (strange.url, BUNDLE))
    chromium.wait(strange.done.is_set, 20)
    equal(strange.count, 9 if tokens else 5, '%s: the script ran to its end'
          % name)
    party.take()
    foreign = [e for e in party.seen if e.header('origin') == [strange.url]]
    ok(len(foreign) >= (8 if tokens else 4), '%s: the service was asked'
       % name, [str(e) for e in party.seen])
    kept = chromium.blocked()
    ok(len(kept) >= len(foreign) and set(kept) <= BLOCKED,
       '%s: each time the browser kept the answer back' % name, kept)
    return foreign


@group
def over_http():
    in_page('realm-web in Chromium', 'realm_web.mjs', 100)
    sent = {e.method for e in party.seen if e.header('origin')}
    equal(sent, {'OPTIONS', 'GET', 'POST', 'PUT', 'DELETE'},
          'every method came from a page of another origin')
    nothing([e for e in party.seen if e.header('cookie')], 'no cookie came')


@group
def loaded_again():
    for name in ('a page', 'the page, loaded again'):
        in_page(name, 'kept.mjs', 1)


@group
def over_tls():
    stage.world['url'] = 'https://localhost:%d' % world.tls_port
    in_page('over TLS', 'tour.mjs', 15)
    nothing(party.seen, 'past the wire in clear text')
    stage.world['url'] = relay.url


@group
def allowed_origins():
    serve(allowed_origins='https://app.example.com %s' % stage.url)
    in_page('a listed origin', 'tour.mjs', 15)
    session = Session(must(Client(world).login(EMAIL, PASSWORD), 200))
    tokens = {'access': session.access, 'refresh': session.refresh}
    foreign = turn_away('another origin', tokens)
    nothing(['%s %s' % (e, e.status) for e in foreign if e.status != 403],
            'another origin: each call was refused with 403')
    nothing(['%s %s' % (e, e.answer_headers) for e in foreign
             if e.answered('access-control-allow-origin')
             or e.answer],
            'another origin: no answer had a word for it')
    equal(Client(world).refresh(session.refresh).status, 201,
          'another origin: the session that it had a token of still stands')


@group
def the_end():
    chromium.close()
    strange.close()
    party.close()


main()

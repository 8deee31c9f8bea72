#!/usr/bin/python3 -B
"""realm-core, which the native SDKs are made of, unmodified: as WebAssembly in
the release of Realm JS for browsers, in a page in headless Chromium."""

from chromium import PROGRAM, Chromium
from party import Party, found, install, wanted
from tap import equal, group, main, skip_all

why = install() or (None if PROGRAM else 'chromium is not here')
if why:
    skip_all('realm-core', why)
party = Party()


@group
def realm_core():
    equal(found('realm'), wanted()['realm'], 'the version is ours')
    chromium = Chromium()
    try:
        party.in_page(chromium, 'realm-core in Chromium', 'realm_core.mjs',
                      50, 'realm')
        party.in_page(chromium, 'realm-core by token', 'tokens.mjs', 26,
                      'realm')
        # From a page only with a list of the pages that may.
        party.restart(allowed_origins=party.stage.url)
        party.in_page(chromium, 'realm-core linking', 'link.mjs', 24, 'realm')
    finally:
        chromium.close()


main(party)

#!/usr/bin/python3 -B
"""The official Stitch clients 4.9.0, unmodified: the server's on node, the
browser's in a page in headless Chromium."""

from chromium import PROGRAM, Chromium
from party import Party, found, install, wanted
from tap import equal, group, main, skip, skip_all

SERVER, BROWSER = 'mongodb-stitch-server-sdk', 'mongodb-stitch-browser-sdk'

why = install()
if why:
    skip_all('the Stitch clients', why)
party = Party()


@group
def on_node():
    equal(found(SERVER), wanted()[SERVER], 'the version is ours')
    party.on_node('Stitch %s on node' % found(SERVER), 'stitch.mjs', SERVER,
                  60)


@group
def in_a_page():
    if not PROGRAM:
        skip('Stitch in Chromium', 'chromium is not here')
        return
    # Linking from a page is for those on a list.
    party.restart(allowed_origins=party.stage.url)
    chromium = Chromium()
    try:
        party.in_page(chromium, 'Stitch %s in Chromium' % found(BROWSER),
                      'stitch.mjs', 60, BROWSER + '/dist/browser/stitch.js',
                      'stitch')
    finally:
        chromium.close()


main(party)

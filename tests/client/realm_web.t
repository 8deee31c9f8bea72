#!/usr/bin/python3 -B
"""The official client realm-web, unmodified, on node: its last version and
the last one of the line before."""

import json
import os

from party import HERE, Party, found, install, wanted
from tap import equal, group, main, nothing, skip


@group
def the_lock_file():
    nothing([v for v in wanted().values() if not v[:1].isdigit()],
            'package.json asks for exactly one version of each client')
    with open(os.path.join(HERE, 'package-lock.json')) as file:
        packages = json.load(file)['packages']
    equal({name: packages['node_modules/' + name]['version']
           for name in wanted()}, wanted(), 'package-lock.json has them')
    nothing([name for name, p in packages.items()
             if name and ('resolved' in p or 'integrity' not in p)],
            'package-lock.json names hashes and no host')


@group
def realm_web():
    why = install()
    if why:
        skip('the official client', why)
        return
    party = Party()
    try:
        for package in ('realm-web', 'realm-web-1'):
            equal(found(package), wanted()[package], 'the version is ours')
            party.on_node('realm-web %s on node' % found(package),
                          'realm_web.mjs', package, 100)
            party.on_node('realm-web %s by token' % found(package),
                          'tokens.mjs', package, 26)
            if package == 'realm-web-1':
                party.restart(failed_logins_per_user=4)
                party.stage.world['tries'] = 4
            party.on_node('realm-web %s linking' % found(package),
                          'link.mjs', package, 24)
    finally:
        party.close()


main()

#!/usr/bin/python3 -B
"""The official client realm-web 2.0.1, unmodified, on node, against our
service over plain HTTP on loopback."""

import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'service'))

from tap import equal, group, main, nothing, note, ok, skip
from world import PATIENCE, SERVER, World, die_with_us

EMAIL, PASSWORD = 'ann@example.com', 'correct horse'
MODULES = os.path.join(HERE, 'node_modules')


def install():
    """Why the client cannot be had; None when it is there."""
    if not shutil.which('node'):
        return 'node is not here'
    if os.path.exists(os.path.join(MODULES, 'realm-web', 'package.json')):
        return None
    if not shutil.which('npm'):
        return 'npm is not here'
    try:
        done = subprocess.run(
            ['npm', 'ci', '--omit=dev', '--fetch-retries=1'], cwd=HERE,
            capture_output=True, text=True, timeout=180)
        if done.returncode == 0:
            return None
        note(done.stderr[-2000:])
    except subprocess.TimeoutExpired:
        note('npm ci: no end after 180 s')
    shutil.rmtree(MODULES, ignore_errors=True)
    return 'npm cannot install realm-web'


@group
def the_lock_file():
    with open(os.path.join(HERE, 'package.json')) as file:
        wanted = json.load(file)
    equal(wanted['dependencies'], {'realm-web': '2.0.1'},
          'package.json asks for exactly one version')
    with open(os.path.join(HERE, 'package-lock.json')) as file:
        text = file.read()
    packages = json.loads(text)['packages']
    equal(packages['node_modules/realm-web']['version'], '2.0.1',
          'package-lock.json has it')
    nothing([name for name, p in packages.items()
             if name and ('resolved' in p or 'integrity' not in p)],
            'package-lock.json names hashes and no host')


@group
def realm_web():
    why = install()
    if why:
        skip('the official client', why)
        return
    with open(os.path.join(MODULES, 'realm-web', 'package.json')) as file:
        equal(json.load(file)['version'], '2.0.1', 'realm-web is 2.0.1')
    world = World({'registration': 'open'})
    brief = World({'access_token_lifetime': '2s'})
    try:
        user = world.add_user(EMAIL, PASSWORD)
        brief.add_user(EMAIL, PASSWORD)
        run(world, brief, user)
    finally:
        world.close()
        brief.close()


def run(world, brief, user):
    told = {'url': world.url, 'app': world.app, 'user': user, 'email': EMAIL,
            'password': PASSWORD, 'server': SERVER, 'data': world.data,
            'brief': {'url': brief.url, 'app': brief.app}}
    done = subprocess.run(
        ['node', os.path.join(HERE, 'realm_web.mjs'), json.dumps(told)],
        capture_output=True, text=True, timeout=PATIENCE * 6,
        preexec_fn=die_with_us)
    count = 0
    for line in done.stdout.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            note(line)
            continue
        count += 1
        ok(row['ok'], row['text'], *row['notes'])
    ok(done.returncode == 0 and count > 60,
       'the client ran to its end, %d checks' % count, done.stderr)


main()

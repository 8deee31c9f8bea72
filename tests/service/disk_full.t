#!/usr/bin/python3 -B
"""A disk without room: no change is acknowledged, none is made by halves,
logins go on, and all works again when there is room.

The disk is a small tmpfs in a mount namespace of the test's own.
"""

import os
import subprocess
import sys

sys.dont_write_bytecode = True

import namespace

why = namespace.enter()

from tap import equal, group, main, nothing, ok, one_of, skip_all
from wire import Client, must
from world import STORE, World, run

if STORE != 'sqlite':
    why = 'the database is not on this disk'
if why:
    skip_all('a full disk', why)

EMAIL, PASSWORD = 'ann@example.com', 'correct horse'


class SmallWorld(World):
    """Its data lie on a disk of 2 MiB."""

    def init(self, app='demo'):
        os.mkdir(self.data, 0o700)
        run(['mount', '-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'userkey-test',
             self.data])
        return super().init(app)

    def _remove(self):
        if self.process:
            self.kill()
        subprocess.run(['umount', '-l', self.data], capture_output=True)
        super()._remove()


world = SmallWorld({'registration': 'open'})
http = Client(world)
world.add_user(EMAIL, PASSWORD)
ballast = os.path.join(world.data, 'ballast')


def fill():
    """Every byte of the disk."""
    with open(ballast, 'wb', buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(b'x' * size)
            except OSError:
                pass


def names(session):
    return [k['name'] for k in must(http.keys(session.refresh), 200).json]


@group
def full():
    s = http.session(EMAIL, PASSWORD)
    one, two = http.new_key(s, 'one'), http.new_key(s, 'two')
    must(http.disable(s.refresh, two['_id']), 204)
    fill()
    made, answers = ['one', 'two'], []
    # What room the journal has left is used up first.
    for n in range(400):
        name = 'n%d' % n
        answer = http.create(s.refresh, name)
        answers.append(answer)
        if answer.status == 201:
            made.append(name)
            must_delete = http.delete(s.refresh, answer.get('_id'))
            answers.append(must_delete)
            if must_delete.status == 204:
                made.remove(name)
        if answers[-1].status >= 500:
            fill()
            if sum(a.status >= 500 for a in answers) > 8:
                break
    bad = [a for a in answers if a.status not in (201, 204)]
    ok(bad, 'the disk is full: changes are refused')
    nothing([a for a in bad if a.status != 500 or not a.error
             or a.all('Content-Type') != ['application/json']
             or 'InternalServerError' not in (a.code, 'InternalServerError')],
            'with 500 and a readable error')
    equal(names(s), made, 'what was acknowledged is there, and nothing else')
    fill()
    for text, answer in (
            ('disable', http.disable(s.refresh, one['_id'])),
            ('enable', http.enable(s.refresh, two['_id'])),
            ('delete', http.delete(s.refresh, one['_id'])),
            ('register', http.register('new@example.com', PASSWORD)),
            ('anonymous login', http.anon())):
        one_of(answer.status, (500,), text + ': refused')
    equal(http.key(s.refresh, one['_id']).get('disabled'), False,
          'a key that could not be disabled is enabled')
    equal(http.key(s.refresh, two['_id']).get('disabled'), True,
          'one that could not be enabled is disabled')
    for text, answer, status in (
            ('key login', http.key_login(one['key']), 200),
            ('login with a disabled key', http.key_login(two['key']), 401),
            ('password login', http.login(EMAIL, PASSWORD), 200),
            ('refresh', http.refresh(s.refresh), 201),
            ('profile', http.profile(s.access), 200),
            ('location', http.location(), 200)):
        equal(answer.status, status, text + ': needs no room on the disk')
    os.remove(ballast)
    equal(http.disable(s.refresh, one['_id']).status, 204,
          'with room again, disable works')
    equal(http.key_login(one['key']).status, 401, 'and counts')
    equal(http.enable(s.refresh, two['_id']).status, 204, 'enable works')
    equal(http.create(s.refresh, 'after').status, 201, 'create works')
    equal(http.register('new@example.com', PASSWORD).status, 201,
          'register works, of the address that was refused')
    equal(names(s), made + ['after'], 'the list is as it was, and one more')
    world.restart()
    equal(names(s), made + ['after'], 'also after a restart')
    equal(http.key_login(one['key']).status, 401, 'the disabled one is')


@group
def full_at_the_start():
    s = http.session(EMAIL, PASSWORD)
    before = names(s)
    world.kill()
    fill()
    world.spawn()
    try:
        world.wait_ready()
        status = http.login(EMAIL, PASSWORD).status
        one_of(status, (200, 500), 'a start with a full disk: it serves')
        world.stop()
    except Exception:
        ok(world.process.poll() not in (None, 0),
           'a start with a full disk: it says so, and ends', world.log_text())
        world.process = None
    os.remove(ballast)
    world.start()
    equal(names(s), before, 'with room again, all is there')


main(world)

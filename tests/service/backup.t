#!/usr/bin/python3 -B
"""A copy of the database that is made while the service works is a backup:
with the secrets put beside it again, keys and users are what they were."""

import os
import shutil
import sqlite3

import world as worlds
from tap import equal, group, main, ok, skip_all
from wire import Client, must
from world import World

if worlds.STORE != 'sqlite':
    skip_all('the backup of a file', 'the database is another one')

EMAIL, PASSWORD = 'ann@example.org', 'paint the ninth fence'
SECRETS = ('pepper', 'signing_key')

old = World()
old.add_user(EMAIL, PASSWORD)
http = Client(old)


def copy_database(source, target):
    """What .backup of sqlite3(1) does."""
    source, target = sqlite3.connect(source), sqlite3.connect(target)
    source.backup(target)
    source.close()
    target.close()


def restored(name, secrets):
    """A new service in whose place the copies are put."""
    folder = os.path.join(old.folder, name)
    os.mkdir(folder)
    new = World(folder=folder, start=False)
    new.app = old.app
    for file in ('userkey.db', *secrets):
        shutil.copyfile(os.path.join(old.folder, file),
                        os.path.join(new.data, file))
    return new.start()


@group
def backup_and_restore():
    session = http.session(EMAIL, PASSWORD)
    kept = http.new_key(session, 'kept')
    gone = http.new_key(session, 'gone')
    must(http.delete(session.refresh, gone['_id']), 204)
    ok(os.path.getsize(old.data + '/userkey.db-wal') > 0,
       'the database is in use')
    copy_database(old.data + '/userkey.db', old.folder + '/userkey.db')
    late = http.new_key(session, 'late')
    for file in SECRETS:
        shutil.copy(os.path.join(old.data, file), old.folder)

    new = restored('all', SECRETS)
    there = Client(new)
    equal(there.key_login(kept['key']).status, 200, 'a key logs in again')
    equal(there.key_login(gone['key']).status, 401, 'a deleted one does not')
    equal(there.key_login(late['key']).status, 401,
          'nor one that was made after the copy')
    equal(there.profile(session.access).status, 200,
          'a session from before goes on')
    equal(there.login(EMAIL, PASSWORD).status, 200, 'the password is the same')
    new.close()

    new = restored('without-pepper', ('signing_key',))
    there = Client(new)
    equal(there.key_login(kept['key']).status, 401,
          'without the pepper no key is valid')
    equal(there.login(EMAIL, PASSWORD).status, 200, 'passwords are')
    new.close()


main(old)

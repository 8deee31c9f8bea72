#!/usr/bin/python3 -B
"""Two nodes change the same rows of one PostgreSQL at once: they wait for each
other, but not in a circle, so nobody is sent away and nobody waits until the
database has noticed."""

import collections
import os
import random
import re
import threading
import time

import pg_cluster
from tap import equal, group, main, note, ok, skip_all

if pg_cluster.binaries() is None:
    skip_all('two nodes', 'no PostgreSQL server is installed')
os.environ['UK_STORE'] = 'postgresql'

from wire import Client, must  # noqa: E402
from world import Twin, World, cluster  # noqa: E402

USERS, KEYS, CLIENTS, SECONDS = 6, 3, 24, 6.0

first = World({'registration': 'open'})
second = Twin(first)
nodes = Client(first), Client(second)


def circles():
    """What the database's log says about them: who had waited for whom."""
    told = False
    with open(cluster().log, errors='replace') as log:
        for line in log:
            if line.startswith('\t'):  # more of what is told
                if told:
                    note(line.rstrip())
                continue
            if ' ERROR: ' in line:
                told = 'deadlock' in line
            if told and re.search(r' (ERROR|DETAIL|CONTEXT|STATEMENT): ', line):
                note(line.rstrip())


def person(n):
    email = 'p%d@example.com' % n
    must(nodes[0].register(email, 'correct horse'), 201)
    session = nodes[0].session(email, 'correct horse')
    return session, [nodes[0].new_key(session, 'k%d' % i)['_id']
                     for i in range(KEYS)]


def change(people, n, got, end):
    """Keys of anybody, at one of the nodes."""
    dice = random.Random(n)
    http = nodes[n % 2]
    while time.monotonic() < end:
        session, keys = dice.choice(people)
        key = dice.choice(keys)
        answer = dice.choice((
            lambda: http.disable(session.refresh, key),
            lambda: http.enable(session.refresh, key),
            lambda: http.create(session.refresh, 'n%d' % dice.randrange(40)),
        ))()
        got[answer.status] += 1


@group
def the_same_rows_at_both():
    people = [person(n) for n in range(USERS)]
    end = time.monotonic() + SECONDS
    got = [collections.Counter() for _ in range(CLIENTS)]
    threads = [threading.Thread(target=change, args=(people, n, got[n], end))
               for n in range(CLIENTS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    total = sum(got, collections.Counter())
    note('answers: %s' % dict(total))
    ok(set(total) <= {201, 204, 400, 409}, 'nobody is sent away', total)
    ok(all(total[status] for status in (201, 204)), 'the nodes get on', total)
    for node in (second, first):
        equal(node.stop(), 0, 'a node stops as it should')
    # The database has ended each circle by giving up one of the changes,
    # which is then made again; its count is exact once nobody is connected.
    found = cluster().sql('SELECT sum(deadlocks) FROM pg_stat_database')
    equal(found, '0', 'and nobody waits in a circle')
    if found != '0':
        circles()


main(first)

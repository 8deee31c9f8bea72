"""One call that fails: says to the functions of tests/fault/doors.c which it
is, while the program runs."""

import concurrent.futures
import mmap
import os
import struct
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(__file__), '..', 'service'))

from world import BUILD

DOORS = os.path.join(BUILD, 'tests', 'fault', 'doors.so')
MEMORY, FILES, NET, REST = 1, 2, 4, 8
KINDS = {'allocation': MEMORY, 'file': FILES, 'network': NET, 'rest': REST}
# How many calls of one kind fail, of the program's own; of its libraries',
# which are many and alike, half of it.
MOST = int(os.environ.get('UK_FAULT_MOST') or 10)
FORM = 'IIqQ40s'


class Fault:
    """The memory that is shared with one program."""

    def __init__(self, kinds=0, own=0, countdown=0):
        self.file = tempfile.NamedTemporaryFile(prefix='userkey-fault-')
        self.file.truncate(4096)
        self.memory = mmap.mmap(self.file.fileno(), 4096)
        self.set(kinds, own, countdown)

    @property
    def environment(self):
        return {'LD_PRELOAD': DOORS, 'UK_FAULT_FILE': self.file.name}

    def set(self, kinds, own, countdown):
        data = struct.pack(FORM, kinds, own, countdown, 0, b'')
        self.memory[8:16] = bytes(8)  # nothing fails half-way
        self.memory[:8], self.memory[16:len(data)] = data[:8], data[16:]
        self.memory[8:16] = data[8:16]

    def none(self):
        """No call fails any more; what has, can still be read."""
        self.memory[8:16] = bytes(8)

    def rest(self):
        """No call is counted any more, either."""
        self.none()
        self.memory[:4] = bytes(4)

    @property
    def seen(self):
        return struct.unpack_from(FORM, self.memory)[3]

    @property
    def failed(self):
        """The function that has failed, or ''."""
        return struct.unpack_from(FORM, self.memory)[4].rstrip(b'\0').decode()


def sample(count, most):
    """Numbers from 1 to count: all, or as many as are wanted, evenly."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + n * (count - 1) // (most - 1) for n in range(most)})


def walk(run, judge, workers=1):
    """Have one call fail in each of many runs.

    run(kind, own, nth) has the nth call fail (none with 0), and returns a
    result and its Fault; judge(result, failed) is a list of what is wrong with
    it.  Returns what was found, and how many calls have failed."""
    def one(row):
        name, own, nth, seen = row
        result, fault = run(KINDS[name], own, nth)
        failed = fault.failed
        return failed != '', [
            "%s's %s %d of %d (%s): %s" % (
                'program' if own else 'process', name, nth, seen, failed, what)
            for what in judge(result, failed)]

    counts = [(name, own, run(kind, own, 0)[1].seen)
              for name, kind in KINDS.items() for own in (1, 0)]
    rows = [(name, own, nth, seen) for name, own, seen in counts
            for nth in sample(seen, MOST if own else MOST // 2)]
    if workers == 1:
        results = [one(row) for row in rows]
    else:
        with concurrent.futures.ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(one, rows))
    return ([what for _, found in results for what in found],
            sum(failed for failed, _ in results))

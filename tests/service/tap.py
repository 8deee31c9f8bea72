"""TAP lines for tests in Python: groups of checks, counted."""

import sys
import traceback

sys.dont_write_bytecode = True

_count = 0
_failed = 0
_groups = []


def ok(good, text, *notes):
    """One check; the notes are shown when it fails."""
    global _count, _failed
    _count += 1
    text = text.replace('#', '_')
    print('%sok %d - %s' % ('' if good else 'not ', _count, text))
    if not good:
        _failed += 1
        for n in notes:
            note(n)
    sys.stdout.flush()
    return bool(good)


def equal(got, want, text):
    return ok(got == want, text, 'got  %r' % (got,), 'want %r' % (want,))


def one_of(got, want, text):
    return ok(got in want, text, 'got  %r' % (got,), 'want one of %r' % (want,))


def contains(got, part, text):
    return ok(part in (got or ''), text, 'got  %r' % (got,),
              'without %r' % (part,))


def nothing(found, text):
    """The list of what was found wrong is empty."""
    return ok(not found, text, *['found ' + str(f) for f in list(found)[:20]])


def skip(text, why):
    global _count
    _count += 1
    print('ok %d - %s # SKIP %s' % (_count, text.replace('#', '_'), why))


def skip_all(text, why):
    """Nothing of this file can run here."""
    skip(text, why)
    print('1..%d' % _count)
    sys.exit(0)


def note(text):
    for line in str(text).splitlines():
        print('# ' + line)


def group(function):
    """A function of checks, run by main() in the order of the file."""
    _groups.append(function)
    return function


def main(*worlds):
    """Run the groups, close the worlds, print the plan, exit."""
    for function in _groups:
        try:
            function()
        except Exception:  # the group is lost, not the run
            ok(False, 'group %s ran to its end' % function.__name__,
               traceback.format_exc())
    for world in worlds:
        try:
            world.close()
        except Exception:
            ok(False, 'the service could be stopped', traceback.format_exc())
    print('1..%d' % _count)
    sys.exit(1 if _failed else 0)

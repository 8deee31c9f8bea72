"""What was measured, as tables: for people, or for docs/PERFORMANCE.md."""


class Times:
    """Milliseconds, a row for each subject."""

    def __init__(self):
        self.rows = {}

    def add(self, name, median, low):
        self.rows[name] = (median, low)

    def fail(self, name, why):
        self.rows[name] = why

    def show(self):
        print('%-34s %9s %9s' % ('ms', 'median', '10 %'))
        for name, row in self.rows.items():
            if isinstance(row, str):
                print('%-34s %s' % (name, row))
            else:
                print('%-34s %9.2f %9.2f' % (name, row[0] / 1e3, row[1] / 1e3))

    def markdown(self):
        print('| ms, pam_start to pam_end | median | 10 % |\n|---|--:|--:|')
        for name, row in self.rows.items():
            if isinstance(row, str):
                print('| %s | %s | |' % (name, row))
            else:
                print('| %s | %.2f | %.2f |' % (
                    name, row[0] / 1e3, row[1] / 1e3))


class Targets:
    """What was wanted, what came out, and whether that is enough."""

    def __init__(self):
        self.rows = []

    def add(self, what, measured, sign='', target=None, unit='x', quiet=None):
        word = ''
        if target is None:
            sign = ''  # for comparison
        else:
            good = measured <= target if sign == '<=' else measured >= target
            word = 'met' if good else 'MISSED'
        self.rows.append((what, measured, sign, target, unit, word, quiet))

    def fail(self, what, sign, target, unit, why):
        self.rows.append((what, None, sign, target, unit, why, None))

    def show(self):
        print('\n%-54s %11s %13s %14s' % ('target', 'measured', 'wanted',
                                          'by the 10 %'))
        for what, measured, sign, target, unit, word, quiet in self.rows:
            print('%-54s %8s %-2s %2s %7s %-2s  %-6s %8s' % (
                what, number(measured), unit if measured is not None else '',
                sign, number(target), unit if target is not None else '',
                word, number(quiet)))

    def markdown(self):
        print('\n| target | wanted | measured | by the 10 % | |\n'
              '|---|--:|--:|--:|---|')
        units = {'x': ' ×', 'us': ' µs'}
        for what, measured, sign, target, unit, word, quiet in self.rows:
            unit = units.get(unit, ' ' + unit).rstrip()
            print('| %s | %s | %s | %s | %s |' % (
                what,
                '' if target is None else '%s %s%s' % (
                    {'<=': '≤', '>=': '≥'}[sign], short(target), unit),
                '' if measured is None else number(measured) + unit,
                '' if quiet is None else number(quiet) + unit,
                '**missed**' if word == 'MISSED' else word))


def number(value):
    if value is None:
        return ''
    return '%.0f' % value if value >= 1000 or value == 0 else (
        '%.*f' % (3 if value < 10 else 1, value))


def short(value):
    return '%g' % value

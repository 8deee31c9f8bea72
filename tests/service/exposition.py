"""A strict reader of Prometheus' text format 0.0.4, written from its
description: https://prometheus.io/docs/instrumenting/exposition_formats/"""

import re
import sys

sys.dont_write_bytecode = True

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(r'(%s)(?:\{((?:%s)(?:,%s)*)?\})? (\S+)' % (
    NAME, LABEL, LABEL))
VALUE = re.compile(r'[+-]?(\d+(\.\d*)?([eE][+-]?\d+)?|Inf)|NaN')


class Wrong(Exception):
    """The text is not of the format."""


def unescape(text):
    return re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], text)


def labels_of(text):
    found = [(n, unescape(v)) for n, v in
             re.findall(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"', text or '')]
    if len(dict(found)) != len(found):
        raise Wrong('a label twice: ' + text)
    return frozenset(found)


def check_histogram(family, samples):
    rows = {}
    for (name, labels), value in samples.items():
        rest = frozenset(l for l in labels if l[0] != 'le')
        row = rows.setdefault(rest, {'buckets': [], 'rest': {}})
        if name == family + '_bucket':
            row['buckets'].append((float(dict(labels)['le'].replace(
                'Inf', 'inf')), value))
        else:
            row['rest'][name[len(family):]] = value
    for labels, row in rows.items():
        ends = [end for end, _ in row['buckets']]
        counts = [count for _, count in row['buckets']]
        if ends != sorted(set(ends)) or not ends or ends[-1] != float('inf'):
            raise Wrong('%s%s: buckets %r' % (family, sorted(labels), ends))
        if counts != sorted(counts):
            raise Wrong('%s: a bucket has less than the one below' % family)
        if set(row['rest']) != {'_sum', '_count'}:
            raise Wrong('%s: %r' % (family, row['rest']))
        if row['rest']['_count'] != counts[-1]:
            raise Wrong('%s: _count is not the last bucket' % family)


def read(text):
    """{family: type}, {(name, frozenset of labels): value}"""
    types, samples, of_family = {}, {}, {}
    family = helped = None
    if not text.endswith('\n'):
        raise Wrong('the last line has no end')
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            helped = re.fullmatch(r'# HELP (%s) (\S.*)' % NAME, line)
            if not helped or helped[1] in types:
                raise Wrong(line)
            helped = helped[1]
        elif line.startswith('# TYPE '):
            match = re.fullmatch(
                r'# TYPE (%s) (counter|gauge|histogram|summary|untyped)'
                % NAME, line)
            if not match or match[1] in types or match[1] != helped:
                raise Wrong(line)
            family, types[match[1]] = match[1], match[2]
            of_family[family] = {}
        else:
            match = SAMPLE.fullmatch(line)
            if not match or not VALUE.fullmatch(match[3]):
                raise Wrong(line)
            name, labels = match[1], labels_of(match[2])
            allowed = [family] if types.get(family) != 'histogram' else [
                family + end for end in ('_bucket', '_sum', '_count')]
            if name not in allowed:
                raise Wrong('%s is not of %s' % (name, family))
            if (name, labels) in samples:
                raise Wrong('twice: ' + line)
            samples[name, labels] = of_family[family][name, labels] = float(
                match[3].replace('Inf', 'inf'))
    for family, kind in types.items():
        if kind == 'histogram':
            check_histogram(family, of_family[family])
        if (kind == 'counter') != family.endswith('_total'):
            raise Wrong('%s is a %s' % (family, kind))
    return types, samples

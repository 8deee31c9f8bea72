#!/usr/bin/python3 -B
"""The same lies to an agent that is a service, at a socket of its own."""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))

if os.geteuid() != 0:
    print('ok 1 - the agent and the liar # SKIP root may ask about anyone')
    print('1..1')
    sys.exit(0)
os.environ['LIAR_LISTENS'] = 'yes'
os.execv(sys.executable, [sys.executable, '-B', HERE + '/liar.t'])

#!/bin/sh
# tests/e2e/login.t once more, with an agent that listens.
UK_AGENT=listen exec "$(dirname "$0")/../e2e/login.t"

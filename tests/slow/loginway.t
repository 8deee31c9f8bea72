#!/bin/sh
# tests/e2e/loginway.t once more: killed at each moment, and where sessions have
# no number.
UK_SLOWLY=yes exec "$(dirname "$0")/../e2e/loginway.t"

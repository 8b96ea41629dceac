#!/bin/sh
# Waits until the message of environment NAME has these WORDS: until.sh NAME WORDS
set -eu
until kubectl get envp "$1" -o jsonpath='{.status.applicationStatusMsg}' | grep -qF "$2"; do sleep 0.1; done

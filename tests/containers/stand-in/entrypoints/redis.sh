#!/bin/sh
# What the official image does: changes to the store's account and becomes Redis, which accepts connections from other
# containers (the official image is built without protected mode).
set -eu
case "${1:-redis-server}" in -* | *.conf) set -- redis-server "$@" ;; esac
[ "$1" = redis-server ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown -R STORE_UID:STORE_UID /data
  exec setpriv --reuid STORE_UID --regid STORE_UID --clear-groups "$0" "$@"
fi
exec "$@" --protected-mode no

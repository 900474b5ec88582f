#!/bin/bash
# What the official image does, as far as this project relies on it: changes to the store's account, creates the root
# user of MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD (or …_FILE) at the first start on a server that
# listens on the loopback interface only, and then becomes MongoDB.
set -eu
case "${1:-mongod}" in -*) set -- mongod "$@" ;; esac
[ "$1" = mongod ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  chown -R STORE_UID:STORE_UID /data/db /data/configdb
  exec setpriv --reuid STORE_UID --regid STORE_UID --clear-groups "$0" "$@"
fi

for name in MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD; do
  file="${name}_FILE"
  if [ -n "${!file:-}" ]; then export "$name=$(cat "${!file}")"; fi
done

if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ] && [ ! -e /data/db/WiredTiger ]; then
  mongod --dbpath /data/db --bind_ip 127.0.0.1 --port 27017 --logpath /tmp/mongod-init.log --pidfilepath /tmp/mongod.pid &
  until mongosh --quiet --eval 'db.hello()' >/dev/null 2>&1; do sleep 0.2; done
  mongosh --quiet --eval 'db.getSiblingDB("admin").createUser({ user: process.env.MONGO_INITDB_ROOT_USERNAME,
    pwd: process.env.MONGO_INITDB_ROOT_PASSWORD, roles: ["root"] })'
  kill "$(cat /tmp/mongod.pid)"
  wait
fi
if [ -n "${MONGO_INITDB_ROOT_USERNAME:-}" ]; then set -- "$@" --auth; fi
case " $* " in *" --bind_ip"*) ;; *) set -- "$@" --bind_ip_all ;; esac
unset MONGO_INITDB_ROOT_PASSWORD
exec "$@"

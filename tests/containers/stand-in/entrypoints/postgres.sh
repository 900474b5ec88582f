#!/bin/bash
# What the official image does, as far as this project relies on it: changes to the store's account, creates the data at
# the first start with the password of POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, runs /docker-entrypoint-initdb.d/*.sh
# and *.sql on a server that listens on its socket only, and then becomes PostgreSQL.
set -eu
case "${1:-postgres}" in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R STORE_UID:STORE_UID "$PGDATA" /run/postgresql
  exec setpriv --reuid STORE_UID --regid STORE_UID --clear-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then POSTGRES_PASSWORD="$(cat "$POSTGRES_PASSWORD_FILE")"; fi
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo "POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE is needed to create the superuser" >&2
    exit 1
  fi
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  # shellcheck disable=SC2086 # the arguments are separated at spaces, as in the official image
  initdb -D "$PGDATA" --username="${POSTGRES_USER:=postgres}" --pwfile=<(echo "$POSTGRES_PASSWORD") \
    --locale=C --encoding=UTF8 ${POSTGRES_INITDB_ARGS:-}
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  printf "listen_addresses = '*'\nunix_socket_directories = '/run/postgresql'\n" >>"$PGDATA/postgresql.conf"
  pg_ctl -D "$PGDATA" -w -o "-c listen_addresses=" start
  sql=(psql --no-psqlrc -v ON_ERROR_STOP=1 --username "$POSTGRES_USER")
  : "${POSTGRES_DB:=$POSTGRES_USER}"
  [ "$POSTGRES_DB" = postgres ] || "${sql[@]}" -d postgres -c "CREATE DATABASE \"$POSTGRES_DB\""
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
      *.sql) "${sql[@]}" -d "$POSTGRES_DB" -f "$file" ;;
    esac
  done
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
unset POSTGRES_PASSWORD
exec "$@"

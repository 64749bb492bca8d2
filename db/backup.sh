#!/bin/sh
# Writes a backup of the database while sites are running. Salts are left out: in a backup they would outlive their
# deletion. So is the secret that signs sessions: anybody who found the backup could sign in.
#
#   DATABASE_URL=postgres://… db/backup.sh promo.dump
set -eu
[ $# -eq 1 ] || { echo 'usage: DATABASE_URL=postgres://… db/backup.sh FILE' >&2; exit 2; }
: "${DATABASE_URL:?is not set: name the database to back up}"

pg_dump --format=custom --exclude-table-data=promo_hash_salts --exclude-table-data=promo_session_secret \
  --file="$1.part" --dbname="$DATABASE_URL"
mv "$1.part" "$1"

#!/bin/sh
# Runs once in the Postgres container, when its volume is new: makes Rookery's login and
# database. The login may make roles, which `rookery migrate up` needs, but is no superuser.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$ROOKERY_DB_PASSWORD" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE rookery LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE rookery OWNER rookery;
SQL

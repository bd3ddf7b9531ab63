#!/bin/bash
# Makes the four log-ins, each with a password of its own, and the database when the cluster is first
# started, as docs/OPERATIONS.md describes them. Runs inside of the Postgres image.
set -euo pipefail
# psql reads the secrets itself, so that they are in no list of processes.
psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set owner `cat /run/secrets/owner`
\set app `cat /run/secrets/app`
\set relay `cat /run/secrets/relay`
\set backup `cat /run/secrets/backup`
CREATE ROLE trastienda_owner LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE trastienda_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'app';
CREATE ROLE trastienda_relay LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'relay';
CREATE ROLE trastienda_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'backup';
GRANT pg_read_all_data TO trastienda_backup;
GRANT trastienda_app, trastienda_relay TO trastienda_owner
    WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
CREATE DATABASE trastienda OWNER trastienda_owner TEMPLATE template0 ENCODING 'UTF8'
    LOCALE 'C.UTF-8';
SQL

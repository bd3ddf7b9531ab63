#!/bin/bash
# Makes the four log-ins and the database when the cluster is first started, as docs/OPERATIONS.md
# describes them. Runs inside of the Postgres image.
set -euo pipefail
password=$(cat /run/secrets/postgres)
psql --set=ON_ERROR_STOP=1 --set=password="$password" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE trastienda_owner LOGIN CREATEROLE PASSWORD :'password';
CREATE ROLE trastienda_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'password';
CREATE ROLE trastienda_relay LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'password';
CREATE ROLE trastienda_backup LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE
    PASSWORD :'password';
GRANT pg_read_all_data TO trastienda_backup;
GRANT trastienda_app, trastienda_relay TO trastienda_owner
    WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
CREATE DATABASE trastienda OWNER trastienda_owner TEMPLATE template0 ENCODING 'UTF8'
    LOCALE 'C.UTF-8';
SQL

# The one binary on a small Debian: no root, and nothing to write but its data.
#
#   docker build -t trastienda .
#   docker run --read-only --tmpfs /tmp -v trastienda:/data -e DATABASE_URL=… -e REDIS_URL=… \
#       -p 4000:4000 trastienda serve

FROM rust:1.95-trixie AS build
WORKDIR /source
COPY . .
# The registry and the target folder are caches: a change of ours builds ours alone.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --release --locked --package trastienda \
    && cp target/release/trastienda /trastienda \
    && strip --strip-debug /trastienda

FROM debian:trixie-slim AS runtime
# pg_dump and pg_restore are for `backup` and `restore`: of the major version of compose.yaml's
# server, for an older pg_dump refuses a newer one. Certificates for log-in through providers.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old \
    && groupadd --system --gid 10001 trastienda \
    && useradd --system --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin trastienda \
    && install --directory --owner=10001 --group=10001 --mode=0750 /data /audit /backups
COPY --from=build --chown=0:0 --chmod=0755 /trastienda /usr/local/bin/trastienda
USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
ENV TRASTIENDA__DATA=/data \
    TRASTIENDA__SERVE__LISTEN=0.0.0.0:4000 \
    TRASTIENDA__TELEMETRY__FORMAT=json
EXPOSE 4000 4001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/trastienda"]
CMD ["serve"]

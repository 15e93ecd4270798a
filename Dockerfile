# Two stages: pip stays behind in the first, the second holds Python, the locked requirements and the service.

# Whoever has a registry pins the base by its digest: --build-arg BASE=python:3.13-slim@sha256:…
ARG BASE=python:3.13-slim

FROM ${BASE} AS requirements
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv --without-pip /opt/casusroute \
 && pip --disable-pip-version-check --python /opt/casusroute/bin/python \
        install --no-cache-dir --only-binary :all: --require-hashes -r /tmp/requirements.txt

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin casusroute \
 && install --directory --owner casusroute --group casusroute --mode 0700 /data
COPY --from=requirements /opt/casusroute /opt/casusroute
WORKDIR /srv/casusroute
COPY . .
RUN /opt/casusroute/bin/python -m compileall -q service

ENV PATH=/opt/casusroute/bin:$PATH \
    CASUSROUTE_HOST=0.0.0.0 \
    CASUSROUTE_PORT=8000 \
    CASUSROUTE_DATABASE_URL=sqlite:////data/casusroute.db \
    CASUSROUTE_MASTER_KEY_FILE=/data/master.key \
    CASUSROUTE_DESTRUCTION_LIST=/data/destructions.jsonl \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

# The code belongs to root: the service can write to /data and nowhere else, so it also runs with a read-only root.
USER casusroute
VOLUME /data
EXPOSE 8000

# The service stops in good order on SIGTERM: requests under way get their answer.
STOPSIGNAL SIGTERM
# Alive, not ready: an orchestrator must not restart the service because a database is away (see compose.yaml).
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os; from http.client import HTTPConnection as C; \
c = C('127.0.0.1', int(os.environ['CASUSROUTE_PORT']), timeout=2); \
c.request('GET', '/v1/health'); raise SystemExit(c.getresponse().status != 200)"]

CMD ["sh", "-c", "python -m service migrate && exec python -m service serve"]

# One image for every process; the command chooses which: docker run zerodistance stream store
#
# requirements.lock holds everything that development needs too. The image installs requirements-runtime.lock
# instead: the same versions and hashes, without the development group (`make lock` writes both, a test
# compares them). Nothing is resolved while building: every file must match its hash.

# Pinned by version, not only 3.11: a build next year gives the same Python. Pin the digest as well where
# images are mirrored.
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements-runtime.lock /tmp/
# Wheels only: no compiler in the image, no build script runs.
RUN /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r /tmp/requirements-runtime.lock
COPY LICENSE pyproject.toml /app/
# The source is the build: all of it is Python. What an installed package would have besides is its version.
RUN /opt/venv/bin/python -c "import pathlib, tomllib; p = tomllib.loads(pathlib.Path('/app/pyproject.toml').read_text())['project']; d = pathlib.Path('/app/%(name)s-%(version)s.dist-info' % p); d.mkdir(); (d / 'METADATA').write_text('Metadata-Version: 2.1\nName: %(name)s\nVersion: %(version)s\n' % p)"
COPY zerodistance /app/zerodistance
COPY ingest /app/ingest
COPY stream /app/stream
COPY services /app/services
COPY models /app/models
COPY dashboards /app/dashboards
COPY simulators /app/simulators
# The root file system is read-only later: compile now.
RUN /opt/venv/bin/python -m compileall -q /app

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="Zero Distance" \
      org.opencontainers.image.description="An open servitization data platform for connected home appliances" \
      org.opencontainers.image.licenses="Apache-2.0"
# Volumes mounted on these folders take over their owner: 1883 is Mosquitto's, which reads what is in
# /access; the authority's folder is for broker-access (1883) and serve (10001).
RUN groupadd --gid 10001 zerodistance \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin zerodistance \
    && install -d -o 10001 -g 10001 /data /dashboards \
    && install -d -o 1883 -g 10001 -m 2770 /ca \
    && install -d -o 1883 -g 1883 -m 0750 /access
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ZD_DATA_DIR=/data
WORKDIR /data
USER 10001:10001
# As process 1 of its container Python gets SIGTERM itself and ends in order (compose adds an init).
ENTRYPOINT ["python", "-m", "zerodistance"]
CMD ["--help"]

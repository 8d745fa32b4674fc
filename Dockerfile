# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/darkroom
# Optional extras by name: --build-arg EXTRAS=otel
ARG EXTRAS=""
COPY requirements/*.txt /tmp/
# pip compiles what it installs: the image starts without writing bytecode.
RUN for lock in runtime $EXTRAS; do \
      /opt/darkroom/bin/pip install --require-hashes --only-binary=:all: -r "/tmp/$lock.txt" || exit 1; \
    done
WORKDIR /app
COPY bot bot
COPY storage storage
COPY replicate_gateway replicate_gateway
COPY mock_server mock_server
# Checked by hash, not by time: layers do not keep modification times reliably.
RUN /opt/darkroom/bin/python -m compileall -q --invalidation-mode unchecked-hash .

FROM python:3.13-slim
ENV PATH=/opt/darkroom/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
RUN useradd --system --uid 10001 --no-create-home darkroom \
    && install -d -o darkroom -g darkroom -m 0750 /data
COPY --from=build /opt/darkroom /opt/darkroom
COPY --from=build /app /app
COPY LICENSE /app/LICENSE
WORKDIR /app
USER darkroom
VOLUME /data
EXPOSE 8000
# Importing the framework takes seconds on a small machine; failures before that do not count.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "bot"]

# The programs' image: dependencies by their hashes, then the wheel, into a virtual environment that is copied whole.
# The version of Python that the locks are made with. A release names the base by its digest too, and says so in a label.
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS build
# The time of the last commit, for what is made to be the same each time.
ARG SOURCE_DATE_EPOCH=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1 PIP_ONLY_BINARY=:all:
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /build \
 && /build/bin/pip install --require-hashes --requirement requirements/build.txt \
 && python -m venv --without-pip /opt/slotwarden \
 && /build/bin/pip --python /opt/slotwarden/bin/python install --no-compile --require-hashes \
    --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
# Compiled here, because nothing can be written where it runs, and checked by nothing, because nothing changes there. The
# client library's two thousand models are never imported, and are half of all.
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /build/bin/pip --python /opt/slotwarden/bin/python install --no-compile --no-deps --no-index dist/*.whl \
 && /opt/slotwarden/bin/python -m compileall -q --invalidation-mode unchecked-hash -x '/client/(api|models)/[^_]' \
    /opt/slotwarden/lib \
 && /opt/slotwarden/bin/slotwarden --help

FROM ${BASE}
ARG BASE
LABEL org.opencontainers.image.title="slotwarden" \
      org.opencontainers.image.description="Credentials declared as objects, stored in Vault, projected into Secrets" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.documentation="https://github.com/slotwarden/slotwarden/blob/main/docs/running.md" \
      org.opencontainers.image.base.name="${BASE}"
ENV PATH=/opt/slotwarden/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# What installs is not needed where nothing can be written. The standard library comes uncompiled, and would be compiled at
# each start, which takes longer than all the rest of it.
RUN python -m pip uninstall --yes --quiet pip setuptools wheel \
 && rm -rf /usr/local/lib/python3*/ensurepip /usr/local/bin/pip* \
 && python -m compileall -q --invalidation-mode unchecked-hash -x '/(idlelib|lib2to3|pydoc_data|tkinter|turtledemo)/' \
    /usr/local/lib/python3*
COPY --from=build /opt/slotwarden /opt/slotwarden
USER 65532:65532
EXPOSE 8080 8443 9090 9443
ENTRYPOINT ["slotwarden"]
CMD ["operator"]

# The operator's image: dependencies by their hashes, then the wheel, into a virtual environment that is copied whole.
# The version that the locks are made with.
ARG PYTHON=3.11

FROM docker.io/library/python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /build \
 && /build/bin/pip install --require-hashes --requirement requirements/build.txt \
 && python -m venv --without-pip /opt/slotwarden \
 && /build/bin/pip --python /opt/slotwarden/bin/python install --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && /build/bin/pip --python /opt/slotwarden/bin/python install --no-deps --no-index dist/*.whl \
 && /opt/slotwarden/bin/slotwarden --help

FROM docker.io/library/python:${PYTHON}-slim-bookworm
LABEL org.opencontainers.image.title="slotwarden" \
      org.opencontainers.image.description="Credentials declared as objects, stored in Vault, projected into Secrets" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/slotwarden /opt/slotwarden
ENV PATH=/opt/slotwarden/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 8080 8443 9090 9443
ENTRYPOINT ["slotwarden"]
CMD ["operator"]

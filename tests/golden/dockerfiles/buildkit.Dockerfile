# Made by Cellwright: the image of one environment.
# Python 3.11, linux/amd64; 2 pinned distributions.

FROM cellwright-base:3.11
LABEL cellwright.stage=environment

# The locked distributions. Compiled modules are valid by themselves, not by the time of
# their source, and all files carry one time: equal locks give equal files. uv's cache outlives
# the build: the next environment unpacks only what is new to it.
RUN --mount=type=bind,source=wheels,target=/build/wheels \
    --mount=type=bind,source=requirements.lock,target=/build/requirements.lock \
    --mount=type=cache,target=/root/.cache/uv,id=cellwright-uv \
    export PYC_INVALIDATION_MODE=UNCHECKED_HASH UV_NO_INSTALLER_METADATA=1 \
 && python3 -m pip install --quiet --no-index --find-links /build/wheels --no-compile \
      --disable-pip-version-check --root-user-action ignore --target /tmp/uv uv \
 && /tmp/uv/bin/uv venv --quiet --no-project --no-python-downloads \
      --python 3.11 /opt/venv \
 && /tmp/uv/bin/uv pip sync --no-config --offline --no-index --find-links /build/wheels \
      --require-hashes --only-binary :all: --link-mode copy --compile-bytecode \
      --python /opt/venv/bin/python /build/requirements.lock \
 && find /opt/venv -exec touch --no-dereference --date=@315532800 '{}' + \
 && rm -rf /tmp/uv

# The runtime comes last: a new version of it leaves the layers above alone.
COPY runtime /opt/cellwright
RUN ["/opt/venv/bin/python", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/opt/cellwright"]

# Pins that make a run repeat, and a home for a user that has no entry in passwd.
ENV GREETING="say \"hi\" for \$5" \
    HOME=/tmp \
    LOGNAME=cellwright \
    PYTHONHASHSEED=0 \
    TZ=UTC \
    USER=cellwright \
    VIRTUAL_ENV=/opt/venv
ENV PATH=/opt/venv/bin:$PATH
LABEL cellwright.environment=sha256:3c69dac5a48e6384f3257a4bc221a9789cd04447f407337a7422172f4878baf4
USER 65532:65532
ENTRYPOINT ["/opt/venv/bin/python", "/opt/cellwright"]

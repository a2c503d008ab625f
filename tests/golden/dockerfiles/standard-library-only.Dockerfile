# Made by Cellwright: the image of one environment.
# Python 3.11, linux/amd64; 0 pinned distributions.

FROM cellwright-base:3.11
LABEL cellwright.stage=environment

# Nothing but the standard library.
RUN ["python3", "-m", "venv", "--without-pip", "/opt/venv"]

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
LABEL cellwright.environment=sha256:f7424573d62d84894cb8b571798835f944c1f37f1a33beffac1ae0b579f7053b
USER 65532:65532
ENTRYPOINT ["/opt/venv/bin/python", "/opt/cellwright"]

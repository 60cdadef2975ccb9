"""The configuration of gunicorn for one service, named by SERVICE.

Each service has processes of its own, so that none can take the threads of another. ``-next`` after
the name is the second instance that runs during an upgrade.
"""

import os

service, _, _slot = os.environ["SERVICE"].partition("-")
_size = service.upper()

bind = f"unix:{os.environ['RUN_DIR']}/{os.environ['SERVICE']}.sock"
worker_class = "gthread"
workers = int(os.environ[f"{_size}_PROCESSES"])
threads = int(os.environ[f"{_size}_THREADS"])

# nginx keeps connections for 60 s; a server that closes first would lose a request now and then.
keepalive = 75
# Longer than any request: nginx gives up after 75 s.
graceful_timeout = 90
# Of the process, not of a request: a process whose main loop hangs is replaced.
timeout = 60
# Requests that wait for a thread, in the process and in the kernel (net.core.somaxconn).
worker_connections = 4000
backlog = 2048
# A process is replaced now and then, in case a library leaks memory; not all at once.
max_requests = 20_000
max_requests_jitter = 2_000
# A heartbeat on a disk that is busy would look like a process that hangs.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - files without a name
# Filters of the call log are long; nginx accepts 8 KB.
limit_request_line = 8190
loglevel = "warning"
proc_name = f"batchcalls-{os.environ['SERVICE']}"

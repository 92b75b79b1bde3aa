"""Every way to wait for two seconds, each told by the program's own clock."""
import os, queue, select, signal, socket, struct, sys, threading, time
from urllib.parse import urlsplit

began = time.monotonic()


def told(name):
    global began
    now = time.monotonic()
    print(name, round(now - began, 6), flush=True)
    began = time.monotonic()


time.sleep(2)
told("sleep")
threading.Event().wait(2)
told("event")
try:
    queue.Queue().get(timeout=2)
except queue.Empty:
    told("queue")
select.select([], [], [], 2)
told("select")
poll = select.poll()
poll.poll(2000)
told("poll")
select.epoll().poll(2)
told("epoll")
signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 2)
signal.pause()
told("alarm")
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
signal.sigtimedwait([signal.SIGUSR1], 2)
told("sigtimedwait")
where = urlsplit(os.environ["APIXO_BASE_URL"])
for how in ("socket", "SO_RCVTIMEO"):
    with socket.create_connection((where.hostname, where.port)) as silent:
        if how == "socket":
            silent.settimeout(2)
        else:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
        try:
            silent.recv(1)
        except (TimeoutError, BlockingIOError):
            told(how)
child = os.fork()
if child == 0:
    time.sleep(2)
    os._exit(0)
os.waitpid(child, 0)
told("fork")
os.spawnvp(os.P_WAIT, "sleep", ["sleep", "2"])
told("spawn")
before = float(open("/proc/uptime").read().split()[0])
time.sleep(2)
print("uptime", round(float(open("/proc/uptime").read().split()[0]) - before, 2), flush=True)
told("uptime")
end = time.monotonic() + 0.05
while time.monotonic() < end:
    pass
told("spin")

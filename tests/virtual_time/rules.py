"""Situations in which time would move too early if a rule of quiescence were missing. Each says what its clock shows."""
import ctypes, mmap, os, socket, subprocess, sys, time
from urllib.parse import urlsplit

PAUSE = 0.25


def witness():
    """Somebody whose waits are due all the time: whenever all seems quiet, time moves by a step."""
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        while True:
            time.sleep(PAUSE)
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass
    return pid


def rest():
    """Computes for a while."""
    pid = witness()
    began = time.monotonic()
    for _ in range(3_000_000):
        pass
    return time.monotonic() - began, pid


def asked(line, parts):
    url = urlsplit(os.environ["APIXO_BASE_URL"])
    path = f"{url.path}/statusTask/{os.environ['POLLBENCH_MODEL']}?taskId={os.environ['POLLBENCH_TASK_ID']}"
    text = f"GET {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer any\r\n\r\n".encode()
    size = -(-len(text) // parts)
    for at in range(0, len(text), size):
        line.sendall(text[at : at + size])
    answer = line.recv(65536)
    assert b"200 OK" in answer, answer


def connected():
    url = urlsplit(os.environ["APIXO_BASE_URL"])
    return socket.create_connection((url.hostname, url.port))


def flight():
    """Asks in two pieces: the second waits for word of the first, which takes the kernel 40 ms."""
    line = connected()
    pid = witness()
    began = time.monotonic()
    for _ in range(8):
        asked(line, 2)
    return time.monotonic() - began, pid


def bell():
    """Asks again and again, each time between two looks."""
    pid = witness()
    line = connected()
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    began = time.monotonic()
    for _ in range(5_000):
        asked(line, 1)
    return time.monotonic() - began, pid


def leak():
    """Sleeps by a system call that is not libc's."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x23\x00\x00\x00\x0f\x05\xc3")  # mov eax, nanosleep; syscall; ret
    sleep = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)(
        ctypes.addressof(ctypes.c_char.from_buffer(code))
    )
    span = (ctypes.c_long * 2)(0, 300_000_000)
    pid = witness()
    began = time.monotonic()
    sleep(ctypes.addressof(span), None)
    return time.monotonic() - began, pid


def stranger():
    """Starts a program whose environment is empty, and tells it later to go on."""
    script = "import sys, time; sys.stdin.read(1); print(time.time())"
    child = subprocess.Popen([sys.executable, "-c", script], env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(1)
    real = float(child.communicate(b"x")[0])
    return real - time.time(), None


elapsed, pid = globals()[sys.argv[1]]()
print(f"{elapsed:.3f}", flush=True)
if pid:
    os.kill(pid, 9)
os._exit(0)

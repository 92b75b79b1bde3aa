"""Situations in which time would move too early if a rule of quiescence were missing. Each says how far its clock went."""
import _thread, ctypes, mmap, os, socket, subprocess, sys, time
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


def timed(work):
    """What the clock shows after `work`, beside a witness."""
    pid = witness()
    began = time.monotonic()
    work()
    elapsed = time.monotonic() - began
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return elapsed


def crowd(count):
    """Threads that wait for nothing: a look takes its time, and what is done meanwhile, who looks does not see."""
    lock = _thread.allocate_lock()
    lock.acquire()
    _thread.stack_size(64 << 10)
    for _ in range(count):
        _thread.start_new_thread(lock.acquire, ())


def call():
    """Looks through what its threads have started, of which nothing has ended: whoever does so is said to sleep."""

    def work():
        for _ in range(100_000):
            os.waitpid(-1, os.WNOHANG)

    crowd(60)
    return timed(work)


def whole():
    """Threads each of which starts the next and then waits: the one that runs is always new."""
    locks = [_thread.allocate_lock() for _ in range(400)]
    [lock.acquire() for lock in locks]
    done = _thread.allocate_lock()
    done.acquire()

    def run(number):
        if number == len(locks):
            done.release()
            return
        for _ in range(300):
            pass
        _thread.start_new_thread(run, (number + 1,))
        locks[number].acquire()

    _thread.stack_size(256 << 10)

    def work():
        _thread.start_new_thread(run, (0,))
        done.acquire()

    return timed(work)


def connected():
    url = urlsplit(os.environ["APIXO_BASE_URL"])
    line = socket.create_connection((url.hostname, url.port))
    return line


def asked(line, parts, number=0):
    url = urlsplit(os.environ["APIXO_BASE_URL"])
    path = f"{url.path}/statusTask/{os.environ['POLLBENCH_MODEL']}?taskId={os.environ['POLLBENCH_TASK_ID']}&n={number}"
    text = f"GET {path} HTTP/1.1\r\nhost: mock\r\nauthorization: Bearer any\r\n\r\n".encode()
    size = -(-len(text) // parts)
    for at in range(0, len(text), size):
        line.sendall(text[at : at + size])
    answer = line.recv(65536)
    assert b"200 OK" in answer, answer


def flight():
    """Asks in two pieces: the second waits for word of the first, which takes the kernel 40 ms."""
    line = connected()
    return timed(lambda: [asked(line, 2) for _ in range(8)])


def bell():
    """Asks again and again, each time between two looks."""
    line = connected()
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return timed(lambda: [asked(line, 1, number) for number in range(2_000)])


turns = bell


def leak():
    """Sleeps by a system call that is not libc's."""
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x23\x00\x00\x00\x0f\x05\xc3")  # mov eax, nanosleep; syscall; ret
    sleep = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)(
        ctypes.addressof(ctypes.c_char.from_buffer(code))
    )
    span = (ctypes.c_long * 2)(0, 300_000_000)
    return timed(lambda: sleep(ctypes.addressof(span), None))


def stranger():
    """Starts a program whose environment is empty, and tells it later to go on."""
    script = "import sys, time; sys.stdin.read(1); print(time.time())"
    child = subprocess.Popen([sys.executable, "-c", script], env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(1)
    real = float(child.communicate(b"x")[0])
    return real - time.time()


print(f"{globals()[sys.argv[1]]():.3f}", flush=True)
os._exit(0)

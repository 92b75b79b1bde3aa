"""Processes that leave the group, and the session, of their parent, each of which waits in another way."""
import os, signal, socket, sys, time

near, far = socket.socketpair()


def child(leave, wait):
    if os.fork() == 0:
        leave()
        wait()
        os._exit(0)


signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGIO, signal.SIG_IGN)
child(os.setsid, lambda: time.sleep(1e9))
child(os.setpgrp, lambda: os.read(os.pipe()[0], 1))
child(lambda: (os.fork() and os._exit(0), os.setsid()), lambda: near.recv(1))
child(lambda: None, lambda: os.execvp("sleep", [sys.argv[1], "1000000"]) if os.fork() == 0 else os.waitpid(-1, 0))
while True:
    pass

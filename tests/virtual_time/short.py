"""A thread waits for a second; another computes for a while when it is about to end."""
import threading, time

for _ in range(5):
    waited = []

    def wait():
        began = time.monotonic()
        threading.Event().wait(1)
        waited.append(round(time.monotonic() - began, 6))

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.995)
    for _ in range(3_000_000):
        pass
    thread.join()
    print(*waited)

"""What makes life hard for a tracer: other processes that want the CPUs, and being stopped."""

import os
import random
import signal
import subprocess
import sys
import threading


class Load:
    """Busy processes, while it is entered."""

    def __init__(self, count):
        self.count, self.processes = count, []

    def __enter__(self):
        for _ in range(self.count):
            self.processes.append(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()


class StopsTracer:
    """Stops and continues a process at random, now and then for seconds, until it ends."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def starts(self, pid):
        self.pid, self.over = pid, threading.Event()
        self.thread = threading.Thread(target=self._disturb)
        self.thread.start()

    def ends(self):
        self.over.set()
        self.thread.join()

    def _disturb(self):
        while not self.over.wait(self.chance.uniform(0.005, 0.4)):
            pause = 6.0 if self.chance.random() < 0.03 else self.chance.uniform(0.001, 0.5)
            try:
                os.kill(self.pid, signal.SIGSTOP)
                self.over.wait(pause)
                os.kill(self.pid, signal.SIGCONT)
            except ProcessLookupError:
                return

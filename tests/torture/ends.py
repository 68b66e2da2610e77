"""flopledger always ends: by the command's end, by SIGTERM and SIGINT (which it passes on), by timeout(1)."""

import os
import signal
import subprocess
import time

from runs import Outcome, environment, judge, kill_session

# How long it may take to end once told to, and how often it is told.
ENDS_S = 12
TOLD = 3
READY_S = 120

SUPPLIES_ITS_OWN_CODE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static int u;
static void *supplies(void *unused) {
    static unsigned char page[4096];
    for (int i = 0; i < 6; i++) {
        struct uffd_msg m;
        if (read(u, &m, sizeof m) != sizeof m) break;
        page[0] = 0xb8, page[1] = i * 3 + 1, page[5] = 0xc3;
        struct uffdio_copy c = {.dst = m.arg.pagefault.address & -4096L, .src = (long)page, .len = 4096};
        ioctl(u, UFFDIO_COPY, &c);
    }
    return 0;
}
int main(void) {
    u = syscall(SYS_userfaultfd, O_CLOEXEC);
    struct uffdio_api api = {.api = UFFD_API};
    if (u < 0 || ioctl(u, UFFDIO_API, &api)) return puts("none"), 0;
    char *code = mmap(0, 6 * 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register r = {.range = {(long)code, 6 * 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    ioctl(u, UFFDIO_REGISTER, &r);
    pthread_t t;
    pthread_create(&t, 0, supplies, 0);
    long sum = 0;
    for (int i = 0; i < 6; i++) sum += ((int (*)(void))(code + i * 4096))();
    printf("%ld\n", sum);
    return 0;
}
"""

# Its name, what is run, the signal, and the status that flopledger ends with (None: whichever).
COMMANDS = [
    ("sleeps", ["sleep", "1000"], None),
    ("computes", ["sh", "-c", "while :; do :; done"], None),
    ("handles it", ["sh", "-c", "trap 'exit 7' TERM INT; : > ready; while :; do sleep 0.1; done"], 7),
    ("ignores it", ["sh", "-c", "trap '' TERM INT; : > ready; while :; do sleep 0.1; done"], None),
    ("is stopped", ["sh", "-c", "kill -STOP $$; sleep 1000"], None),
    ("has a child that ignores it", ["sh", "-c", "(trap '' TERM INT; sleep 1000) & wait"], None),
    ("waits for a child", ["sh", "-c", "sleep 1000; true"], None),
    ("has threads", ["python3", "-c", "import threading\nfor _ in range(4): threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()"], None),
]


def started(runner, folder, options, command):
    result = str(folder / "result.json")
    line = [runner.flopledger, "run", *options, "--format", "json", "-o", result, "--", *command]
    return subprocess.Popen(
        line, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )


def until_ready(folder, command):
    """A command that prepares for the signal makes a file when it has: under the stepper that takes a while."""
    if not any(": > ready" in word for word in command):
        time.sleep(1.5)
        return
    for _ in range(READY_S * 5):
        if (folder / "ready").exists():
            return
        time.sleep(0.2)


def told_to_end(runner, what, number, counter):
    """Sends a signal, again if need be, and looks whether flopledger and what it ran have ended."""
    name, command, status = what
    outcome = Outcome("ends", f"{signal.Signals(number).name}, {counter}: {name}")
    folder = runner.folder("ends")
    process = started(runner, folder, ["--counter", counter], command)
    until_ready(folder, command)
    began = time.monotonic()
    for _ in range(TOLD):
        try:
            os.kill(process.pid, number)
            process.wait(ENDS_S / TOLD)
            break
        except subprocess.TimeoutExpired:
            continue
    outcome.counted_s = round(time.monotonic() - began, 2)
    if process.poll() is None:
        outcome.status, outcome.detail = "hangs", f"{TOLD} signals did not end it in {ENDS_S} s"
        process.kill()
    elif status is not None and process.returncode != status:
        outcome.status, outcome.detail = "differs", f"status {process.returncode}, not {status}: the signal was not passed on"
    kill_session(process.pid)
    process.wait()
    return outcome


def timed_out(runner, what, counter):
    """timeout(1) around flopledger, without its -k, comes back."""
    name, command, _ = what
    outcome = Outcome("ends", f"timeout, {counter}: {name}")
    folder = runner.folder("ends")
    line = ["timeout", "2", runner.flopledger, "run", "--counter", counter, "-o", "result", "--", *command]
    began = time.monotonic()
    process = subprocess.Popen(
        line, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )
    try:
        process.wait(2 + ENDS_S)
    except subprocess.TimeoutExpired:
        outcome.status, outcome.detail = "hangs", f"timeout 2 has not come back after {2 + ENDS_S} s"
    outcome.counted_s = round(time.monotonic() - began, 2)
    kill_session(process.pid)
    process.wait()
    return outcome


def own_pages(runner):
    """A program that supplies the pages of its own code."""
    outcome = Outcome("ends", "supplies its own code (userfaultfd)")
    folder = runner.folder("userfaultfd", {"a.c": SUPPLIES_ITS_OWN_CODE})
    if subprocess.run(["gcc", "-O1", "-w", "a.c", "-o", "a", "-pthread"], cwd=folder, check=False).returncode:
        outcome.status, outcome.detail = "skipped", "no gcc"
        return outcome
    native = runner.natively(["./a"], folder)
    ran, result = runner.counted(["./a"], folder, seconds=30)
    return judge(outcome, native, ran, result, "runs uncounted")


def all_of(runner):
    for what in COMMANDS:
        for number in (signal.SIGTERM, signal.SIGINT):
            yield lambda what=what, number=number: told_to_end(runner, what, number, "translate")
    for what in COMMANDS[:4]:
        yield lambda what=what: told_to_end(runner, what, signal.SIGTERM, "step")
    for what in COMMANDS:
        yield lambda what=what: timed_out(runner, what, "translate")
    yield lambda: own_pages(runner)

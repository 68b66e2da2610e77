"""Parts of Python that lean on the operating system; the argument says which."""
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time


def roots(n):
    return math.fsum(math.sqrt(i) for i in range(n))


def computes():
    import collections
    import decimal
    import hashlib
    import json
    import re

    print(roots(20000), sum(1.0 / (i * i) for i in range(1, 5000)))
    print(2**521 % 1000003, math.factorial(200) % 10**9, decimal.Decimal(2).sqrt())
    print(json.loads(json.dumps({"a": [1.5, None, "x"]})), re.sub(r"(\w)(\w)", r"\2\1", "abcdef"))
    print(collections.Counter("abracadabra").most_common(2), hashlib.sha512(b"x").hexdigest()[:16])
    try:
        eval("(" * 50 + "1/0" + ")" * 50)
    except ZeroDivisionError as error:
        print(error)
    sys.setrecursionlimit(500)
    try:
        (lambda f: f(f))(lambda f: f(f))
    except RecursionError:
        print("too deep")
    sys.exit(3)


def threads():
    results = {}
    lock = threading.Lock()

    def work(n):
        x = roots(2000 + n)
        with lock:
            results[n] = x

    for _ in range(3):
        some = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        [t.start() for t in some]
        [t.join() for t in some]
    print(math.fsum(results.values()))
    # One that is still there at the end.
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()


def signals():
    seen = []
    signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    while len(seen) < 100:
        roots(100)
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(set(seen))
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGTERM)


def subprocesses():
    print(subprocess.run(["sort"], input="b\na\n", text=True, capture_output=True).stdout.split())
    print(subprocess.run("exit 3", shell=True).returncode, subprocess.call(["sh", "-c", "kill -9 $$"]))
    try:
        subprocess.run(["/nonexistent"])
    except FileNotFoundError as error:
        print(error)
    try:
        subprocess.run(["sleep", "10"], timeout=0.1)
    except subprocess.TimeoutExpired:
        print("too long")
    print(subprocess.check_output([sys.executable, "-c", "import sys; print(sys.argv)", "x"]))
    child = os.fork()
    if child == 0:
        os._exit(9)
    print(os.WEXITSTATUS(os.waitpid(child, 0)[1]))
    sys.stdout.flush()
    os.execv("/bin/sh", ["sh", "-c", "echo executed; exit 5"])


def pool(method):
    context = multiprocessing.get_context(method)
    with context.Pool(3) as some:
        print(some.map(roots, [1000 * n for n in range(10)]))
    queue = context.Queue()
    process = context.Process(target=queue.put, args=([1.5, "x"],))
    process.start()
    print(queue.get())
    process.join()
    print(process.exitcode)


def call_c():
    import ctypes

    library = ctypes.CDLL("libc.so.6")
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_double))
    values = (ctypes.c_double * 50)(*[(i * 37) % 101 / 3 for i in range(50)])
    library.qsort(values, 50, 8, compare(lambda a, b: (a[0] > b[0]) - (a[0] < b[0])))
    print([round(x, 3) for x in values])


def own_tests(names):
    output = subprocess.run([sys.executable, "-B", "-m", "test", *names], capture_output=True, text=True)
    print(output.returncode, [line for line in output.stdout.splitlines() if line.startswith("Result")])


if __name__ == "__main__":
    part = sys.argv[1]
    if part.startswith("tests:"):
        own_tests(part[6:].split(","))
    elif part in ("fork", "spawn"):
        pool(part)
    else:
        {
            "computes": computes,
            "threads": threads,
            "signals": signals,
            "subprocess": subprocesses,
            "ctypes": call_c,
        }[part]()

/* What the kinds share. A program is a sequence of kinds, each run somewhere (on the main thread, in
 * threads, in a child, in a handler ..), and prints what each came to: the same on every run. */
#ifndef TORTURE_H
#define TORTURE_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
extern char **environ;

struct random {
    uint64_t state;
};

static inline uint64_t next(struct random *r) {
    uint64_t z = r->state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static inline uint64_t below(struct random *r, uint64_t limit) { return next(r) % limit; }

static inline uint64_t mix(uint64_t sum, uint64_t value) { return (sum ^ value) * 0x100000001B3 + 1; }

static inline uint64_t mix_bytes(uint64_t sum, const void *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) sum = mix(sum, ((const uint8_t *)bytes)[i]);
    return sum;
}

/* What is not as expected is printed with its line, natively too: a run that prints it has failed. */
static _Atomic int unexpected;
static void not_expected(const char *file, int line, const char *what) {
    char text[256];
    const char *name = strrchr(file, '/');
    int length = snprintf(text, sizeof text, "UNEXPECTED %s:%d: %s (errno %d)\n", name ? name + 1 : file, line, what, errno);
    unexpected++;
    if (write(1, text, length) != length) _exit(98);
}
#define EXPECT(holds) ((holds) ? (void)0 : not_expected(__FILE__, __LINE__, #holds))
/* The program cannot go on without it. */
#define NEED(holds) ((holds) ? (void)0 : (not_expected(__FILE__, __LINE__, #holds), _exit(99)))

/* Floating-point work whose FLOPs depend on `n` alone: a product and a sum a turn. */
__attribute__((noinline)) static double flops(double x, int n) {
    for (int i = 0; i < n; i++) {
        x = x * 0.5 + 1.0;
        __asm__ volatile("" : "+x"(x));
    }
    return x;
}

static inline uint64_t bits(double x) {
    uint64_t all;
    memcpy(&all, &x, sizeof all);
    return all;
}

#define REG(context, name) (((ucontext_t *)(context))->uc_mcontext.gregs[REG_##name])

static inline struct sigaction on_signal(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action, before;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    NEED(sigaction(signal, &action, &before) == 0);
    return before;
}

static inline void put_back(int signal, struct sigaction before) { NEED(sigaction(signal, &before, 0) == 0); }

static inline uint8_t *pages(size_t count, int protection) {
    void *memory = mmap(0, count * PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    NEED(memory != MAP_FAILED);
    return memory;
}

#define RW (PROT_READ | PROT_WRITE)
#define RX (PROT_READ | PROT_EXEC)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

/* A function made at run time: addsd %xmm0, %xmm0; mov $value, %eax; ret. */
enum { MADE = 10 };
static inline void make(uint8_t *code, uint32_t value) {
    static const uint8_t bytes[MADE] = {0xf2, 0x0f, 0x58, 0xc0, 0xb8, 0, 0, 0, 0, 0xc3};
    uint8_t made[MADE];
    memcpy(made, bytes, MADE);
    memcpy(made + 5, &value, 4);
    memcpy(code, made, MADE);
    __asm__ volatile("" ::: "memory");
}
static inline uint32_t run(const void *code) { return ((uint32_t(*)(double))code)(1.0); }

/* `run` through a pointer that nothing is known of. */
#define CALL(code) run(({ const void *code_ = (code); __asm__ volatile("" : "+r"(code_)); code_; }))

static inline long futex(_Atomic uint32_t *word, int what, uint32_t value) {
    return syscall(SYS_futex, word, what, value, 0, 0, 0);
}

/* Waits until a word has a value, without a busy loop that would count differently each time (in FLOPs
 * nothing does). */
static inline void await(_Atomic uint32_t *word, uint32_t value) {
    for (uint32_t now; (now = *word) != value;) futex(word, FUTEX_WAIT_PRIVATE, now);
}
static inline void announce(_Atomic uint32_t *word, uint32_t value) {
    *word = value;
    futex(word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

/* Reads or writes all of it, whatever interrupts. */
static inline void all(int out, int descriptor, void *memory, size_t length) {
    for (size_t done = 0; done < length;) {
        ssize_t n = out ? write(descriptor, (char *)memory + done, length - done) : read(descriptor, (char *)memory + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        NEED(n > 0);
        done += n;
    }
}

static inline int wait_status(pid_t child) {
    int status;
    while (waitpid(child, &status, __WALL) < 0) NEED(errno == EINTR);
    return status;
}

/* A file of so many bytes, in the folder where the program runs, which has no name any more. */
static inline int file_of(size_t length) {
    char name[] = "torture.XXXXXX";
    int file = mkstemp(name);
    NEED(file >= 0 && unlink(name) == 0 && ftruncate(file, length) == 0);
    return file;
}

typedef uint64_t (*kind)(struct random *);
/* A kind: its name, and where it may be run besides the main thread and a child.
 *   ALONE    it changes what belongs to the whole process
 *   THREADS  in several threads at once, and where signals come at any time
 *   HANDLER  also in a signal handler
 * and SLOW: too long to be stepped through. */
#define KIND(name, ...) static uint64_t name(struct random *r)

#include "places.h"
#endif

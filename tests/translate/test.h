/* What the test programs share. Each prints what it observed, the same on every run. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

/* The tests refuse a program whose native run prints FAILED. */
#define CHECK(holds)                                                                                         \
    do {                                                                                                     \
        if (!(holds)) {                                                                                      \
            printf("FAILED line %d: %s (errno %d)\n", __LINE__, #holds, errno);                              \
            fflush(stdout);                                                                                  \
            _exit(99);                                                                                       \
        }                                                                                                    \
    } while (0)

#define REG(context, name) (((ucontext_t *)(context))->uc_mcontext.gregs[REG_##name])

static inline void on_signal(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | flags;
    CHECK(sigaction(signal, &action, 0) == 0);
}

/* Every so many microseconds; 0 ends it. */
static inline void tick(long microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    CHECK(setitimer(ITIMER_REAL, &timer, 0) == 0);
}

static inline void *pages(size_t size, int protection) {
    void *memory = mmap(0, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    return memory;
}

/* mov $value, %eax; ret */
static inline void put_return(unsigned char *code, uint32_t value) {
    code[0] = 0xb8;
    memcpy(code + 1, &value, 4);
    code[5] = 0xc3;
}

static inline int call(void *code) { return ((int (*)(void))code)(); }

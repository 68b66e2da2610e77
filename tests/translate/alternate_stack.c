/* Handlers on an alternate stack, and a stack overflow survived there. */
#include "test.h"

static char stack[65536];
static sigjmp_buf back;
static volatile int on_it, handled, endless = 1;

static void handler(int s, siginfo_t *i, void *c) {
    (void)i; (void)c;
    char here;
    on_it += &here >= stack && &here < stack + sizeof stack;
    handled++;
    if (s == SIGSEGV) siglongjmp(back, 1);
}

static int __attribute__((noinline)) overflow(volatile char *above) {
    volatile char frame[512];
    frame[0] = above ? above[0] + 1 : 0;
    return (endless ? overflow(frame) : 0) + frame[0];
}

int main(void) {
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack}, old;
    CHECK(sigaltstack(&alternate, 0) == 0);
    on_signal(SIGSEGV, handler, SA_ONSTACK);
    on_signal(SIGALRM, handler, SA_ONSTACK);
    struct rlimit limit = {256 << 10, 256 << 10};
    CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
    volatile int overflows = 0;
    for (volatile int n = 0; n < 3; n++) {
        if (!sigsetjmp(back, 1)) overflow(0);
        overflows++;
    }
    handled = on_it = 0;
    tick(1000);
    while (handled < 100) {}
    tick(0);
    CHECK(sigaltstack(0, &old) == 0);
    printf("overflows %d, all handlers on it %d, flags %d, same %d\n", overflows, on_it == handled, old.ss_flags,
           old.ss_sp == stack);
    return 0;
}

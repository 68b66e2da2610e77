/* Deep recursion, and stacks that overflow, which a handler on another stack survives. */
#include "test.h"

static sigjmp_buf back;
static int overflows;

static void overflowed(int s, siginfo_t *info, void *context) {
    (void)s;
    char *stack = (char *)REG(context, RSP), *address = info->si_addr;
    CHECK(address > stack - (1 << 16) && address < stack + (1 << 16));
    overflows++;
    siglongjmp(back, 1);
}

__attribute__((noinline)) static double down(long n) {
    volatile char frame[256];
    frame[n & 255] = (char)n;
    double below = n == 0 ? 0 : down(n - 1);
    __asm__ volatile("addsd %1, %0" : "+x"(below) : "x"(1.0));
    __asm__ volatile("" ::"r"(frame)); /* no tail call */
    return below;
}

#pragma GCC diagnostic ignored "-Winfinite-recursion"
__attribute__((noinline)) static long forever(long n) {
    volatile char frame[1024];
    frame[0] = (char)n;
    return forever(n + 1) + frame[0];
}

static void *in_a_thread(void *unused) {
    stack_t other = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    CHECK(sigaltstack(&other, 0) == 0);
    if (!sigsetjmp(back, 1)) forever(0);
    return unused;
}

int main(void) {
    struct rlimit limit = {8 << 20, 8 << 20};
    setrlimit(RLIMIT_STACK, &limit);
    long sum = 0;
    for (int i = 0; i < 5; i++) sum += (long)down(20000);
    stack_t other = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    CHECK(sigaltstack(&other, 0) == 0);
    on_signal(SIGSEGV, overflowed, SA_ONSTACK);
    for (int i = 0; i < 5; i++)
        if (!sigsetjmp(back, 1)) forever(0);
    pthread_t thread;
    CHECK(pthread_create(&thread, 0, in_a_thread, 0) == 0);
    pthread_join(thread, 0);
    printf("%ld, overflows: %d\n", sum, overflows);
    fflush(stdout);
    stack_t none = {.ss_flags = SS_DISABLE};
    CHECK(sigaltstack(&none, 0) == 0);
    forever(0); /* nowhere to handle it: killed */
    return 0;
}

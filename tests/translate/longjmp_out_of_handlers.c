/* siglongjmp out of asynchronous and of synchronous handlers, masks restored. */
#include "test.h"

static sigjmp_buf back;
static volatile int inside;
static void leave(int s, siginfo_t *i, void *c) {
    (void)i; (void)c;
    if (s == SIGALRM && !inside) return;
    inside = 0;
    siglongjmp(back, s);
}

int main(void) {
    on_signal(SIGALRM, leave, 0);
    on_signal(SIGSEGV, leave, 0);
    on_signal(SIGFPE, leave, SA_NODEFER);
    volatile int alarms = 0, faults = 0, divisions = 0;
    volatile double sum = 0;
    tick(1000);
    while (alarms < 200) {
        int s = sigsetjmp(back, 1);
        if (s == SIGALRM) { alarms++; continue; }
        inside = 1;
        for (;;) sum += 0.25; /* until a signal leaves it */
    }
    tick(0);
    CHECK(sum > 0);
    for (volatile int n = 0; n < 200; n++) {
        int s = sigsetjmp(back, 1);
        if (s == 0) *(volatile int *)(long)(n * 8) = 1;
        faults += s == SIGSEGV;
    }
    for (volatile int n = 0; n < 200; n++) {
        int s = sigsetjmp(back, 0);
        if (s == 0) __asm__ volatile("xor %%ecx, %%ecx; div %%ecx" ::: "rax", "rcx", "rdx");
        divisions += s == SIGFPE;
    }
    sigset_t mask;
    sigprocmask(SIG_BLOCK, 0, &mask);
    printf("alarms %d, faults %d, divisions %d, SIGSEGV blocked %d\n", alarms, faults, divisions,
           sigismember(&mask, SIGSEGV));
    return 0;
}

// 100 signals to itself; the handler counts too.
// class addss fp32 32 plain 100 100 100 100
// class mulps fp32 128 plain 100 400 400 400
// total fp32 500 pmu 500
#include "known.h"
static void handler(int signal) { __asm__ volatile("mulps %xmm1, %xmm2"); }
KERNEL {
    FILL_PS;
    handle(10, handler);
    long self = CALL(SYS_GETPID, 0, 0, 0);
    for (int i = 0; i < ROUNDS; i++) {
        CALL(SYS_KILL, self, 10, 0);
        __asm__ volatile("addss %xmm1, %xmm0");
    }
    leave(0);
}

// Each addition faults, the handler lets it have its page, and it is executed again: it counts
// once.
// class addps fp32 128 plain 100 400 400 400
// class mulss fp32 32 plain 100 100 100 100
// total fp32 500 pmu 500
#include "known.h"
static unsigned char *page;
static void handler(int signal) {
    __asm__ volatile("mulss %xmm1, %xmm2");
    CALL(SYS_MPROTECT, page, 4096, 1);
}
KERNEL {
    FILL_PS;
    page = map(4096, 1);
    handle(11, handler);
    for (int i = 0; i < ROUNDS; i++) {
        CALL(SYS_MPROTECT, page, 4096, 0);
        __asm__ volatile("addps (%0), %%xmm0" ::"r"(page) : "memory");
    }
    leave(0);
}

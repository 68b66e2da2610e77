// Loads that reach into a page that is not there, and do not fault, as the mask (k1 = 0x000f,
// k3 = 0) leaves those lanes out.
// needs avx512f
// class vaddps fp32 512 masked 200 400 400 3200
// class vmulps fp32 512 masked 100 0 0 1600
// total fp32 400 pmu 4800
#include "known.h"
KERNEL {
    unsigned char *page = map(8192, 3);
    CALL(SYS_MUNMAP, page + 4096, 4096, 0);
    ONCE("movl $15, %%eax\n\tkmovw %%eax, %%k1\n\tkxorw %%k3, %%k3, %%k3");
    FILL_ZMM_PS;
    for (int i = 0; i < ROUNDS; i++)
        __asm__ volatile("vaddps -16(%0), %%zmm1, %%zmm2%{%%k1%}\n\tvaddps (%0), %%zmm1, %%zmm3%{%%k3%}\n\t"
                         "vmulps (%0)%{1to16%}, %%zmm1, %%zmm4%{%%k3%}" ::"r"(page + 4096)
                         : "memory");
    leave(0);
}

// Two configurations: 3 x 5 results of 7 pairs (14 numbers), then full tiles, 16 x 16 of 32.
// 100 x 210 + 100 x 8192 lanes. Leaves with 77 where the kernel does not let it use tiles.
// needs amx_tile amx_bf16
// class tdpbf16ps bf16 8192 plain 200 840200 1680400 0
// total bf16 1680400 pmu 0
#include "known.h"
static void configure(unsigned char *config, int m, int n, int pairs) {
    for (int i = 0; i < 64; i++) config[i] = 0;
    config[0] = 1;
    config[16] = 4 * n;     config[48] = m;     /* tmm0: results */
    config[18] = 4 * pairs; config[49] = m;     /* tmm1 */
    config[20] = 4 * n;     config[50] = pairs; /* tmm2 */
    __asm__ volatile("ldtilecfg (%0)\n\ttilezero %%tmm0\n\ttilezero %%tmm1\n\ttilezero %%tmm2" ::"r"(config) : "memory");
}
KERNEL {
    unsigned char config[64] __attribute__((aligned(64)));
    if (CALL(SYS_ARCH_PRCTL, 0x1023, 18, 0)) leave(77);
    configure(config, 3, 5, 7);
    REPEAT("tdpbf16ps %%tmm2, %%tmm1, %%tmm0");
    configure(config, 16, 16, 16);
    REPEAT("tdpbf16ps %%tmm2, %%tmm1, %%tmm0");
    __asm__ volatile("tilerelease");
    leave(0);
}

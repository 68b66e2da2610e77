// A lane is 32 bits: two products and two additions. k1 = 0x0007.
// needs avx512_bf16 avx512vl
// class vdpbf16ps bf16 512 plain 100 1600 6400 0
// class vdpbf16ps bf16 512 masked 100 300 1200 0
// class vdpbf16ps bf16 256 plain 100 800 3200 0
// class vcvtneps2bf16 bf16 512 plain 100 1600 0 0
// total bf16 10800 pmu 0
#include "known.h"
KERNEL {
    ONCE("movl $7, %%eax\n\tkmovw %%eax, %%k1");
    FILL_ZMM_PS;
    REPEAT("vdpbf16ps %%zmm1, %%zmm2, %%zmm0\n\tvdpbf16ps %%zmm1, %%zmm2, %%zmm3%{%%k1%}\n\tvdpbf16ps %%ymm1, %%ymm2, %%ymm4\n\t"
           "vcvtneps2bf16 %%zmm1, %%ymm5");
    leave(0);
}

// k1 = 0xff: 8 of 32 numbers; 4 of 4 complex pairs, each a lane.
// needs avx512_fp16 avx512vl avx512bw
// class vaddph fp16 512 plain 100 3200 3200 3200
// class vfmadd231ph fp16 256 plain 100 1600 3200 3200
// class vmulph fp16 512 masked 100 800 800 3200
// class vaddsh fp16 16 plain 100 100 100 100
// class vsqrtph fp16 128 plain 100 800 800 800
// class vrcpph fp16 512 plain 100 3200 3200 3200
// class vmaxph fp16 512 plain 100 3200 0 3200
// class vfmulcph fp16 512 plain 100 1600 9600 -
// class vfmaddcph fp16 128 masked 100 400 3200 -
// total fp16 24100 pmu -
#include "known.h"
KERNEL {
    ONCE("movl $0xff, %%eax\n\tkmovd %%eax, %%k1");
    FILL_ZMM_PH;
    REPEAT("vaddph %%zmm1, %%zmm2, %%zmm0\n\tvfmadd231ph %%ymm1, %%ymm2, %%ymm3\n\tvmulph %%zmm1, %%zmm2, %%zmm4%{%%k1%}\n\t"
           "vaddsh %%xmm1, %%xmm2, %%xmm5\n\tvsqrtph %%xmm1, %%xmm6\n\tvrcpph %%zmm1, %%zmm6\n\tvmaxph %%zmm1, %%zmm2, %%zmm6\n\t"
           "vfmulcph %%zmm1, %%zmm2, %%zmm7\n\tvfmaddcph %%xmm1, %%xmm2, %%xmm3%{%%k1%}");
    leave(0);
}

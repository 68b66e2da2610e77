// needs avx
// class vaddps fp32 256 plain 200 1600 1600 1600
// class vmulps fp32 128 plain 100 400 400 400
// class vdivps fp32 256 plain 100 800 800 800
// class vsqrtps fp32 256 plain 100 800 800 800
// class vaddsubps fp32 256 plain 100 800 800 800
// class vrcpps fp32 256 plain 100 800 800 800
// class vaddss fp32 32 plain 100 100 100 100
// class vsubsd fp64 64 plain 100 100 100 100
// class vmulpd fp64 256 plain 200 800 800 800
// class vaddpd fp64 128 plain 100 200 200 200
// total fp32 5300 fp64 1100 pmu 6400
#include "known.h"
KERNEL {
    FILL_YMM_PS;
    REPEAT("vaddps %%ymm1, %%ymm0, %%ymm0\n\tvaddps ones(%%rip), %%ymm1, %%ymm2\n\tvmulps %%xmm1, %%xmm2, %%xmm3\n\t"
           "vdivps %%ymm1, %%ymm2, %%ymm3\n\tvsqrtps %%ymm1, %%ymm4\n\tvaddsubps %%ymm1, %%ymm2, %%ymm5\n\t"
           "vrcpps %%ymm1, %%ymm6\n\tvaddss %%xmm1, %%xmm2, %%xmm7");
    FILL_YMM_PD;
    REPEAT("vsubsd %%xmm1, %%xmm0, %%xmm0\n\tvmulpd %%ymm1, %%ymm2, %%ymm3\n\tvmulpd ones_pd(%%rip), %%ymm2, %%ymm4\n\t"
           "vaddpd %%xmm1, %%xmm2, %%xmm5");
    leave(0);
}

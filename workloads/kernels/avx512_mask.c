// Masks that stay: k1 = 0x0003, k2 = 0xff00, k3 = 0, k4 = 0xffff. Lanes beyond the vector's do
// not count: of 2 lanes of doubles k1 has both. Two vfmadd231ps, of 8 lanes and of none; two
// vaddss, of none and of one.
// needs avx512f avx512vl
// class vaddps fp32 512 plain 100 1600 1600 1600
// class vaddps fp32 512 masked 100 200 200 1600
// class vmulps fp32 512 masked 100 800 800 1600
// class vfmadd231ps fp32 512 masked 200 800 1600 6400
// class vsubps fp32 512 masked 100 1600 1600 1600
// class vdivps fp32 256 masked 100 200 200 800
// class vaddss fp32 32 masked 200 100 100 200
// class vmulpd fp64 512 masked 100 200 200 800
// class vaddpd fp64 128 masked 100 200 200 200
// class vsqrtpd fp64 256 masked 100 0 0 400
// total fp32 6100 fp64 400 pmu 15200
#include "known.h"
KERNEL {
    ONCE("movl $3, %%eax\n\tkmovw %%eax, %%k1\n\tmovl $0xff00, %%eax\n\tkmovw %%eax, %%k2\n\tkxorw %%k3, %%k3, %%k3\n\t"
         "kxnorw %%k4, %%k4, %%k4");
    FILL_ZMM_PS;
    REPEAT("vaddps %%zmm1, %%zmm2, %%zmm0\n\tvaddps %%zmm1, %%zmm2, %%zmm0%{%%k1%}\n\tvmulps %%zmm1, %%zmm2, %%zmm3%{%%k2%}%{z%}\n\t"
           "vfmadd231ps %%zmm1, %%zmm2, %%zmm4%{%%k2%}\n\tvfmadd231ps %%zmm1, %%zmm2, %%zmm5%{%%k3%}\n\t"
           "vsubps %%zmm1, %%zmm2, %%zmm6%{%%k4%}\n\tvdivps %%ymm1, %%ymm2, %%ymm7%{%%k1%}\n\t"
           "vaddss %%xmm1, %%xmm2, %%xmm6%{%%k3%}\n\tvaddss %%xmm1, %%xmm2, %%xmm6%{%%k1%}");
    FILL_ZMM_PD;
    REPEAT("vmulpd %%zmm1, %%zmm2, %%zmm3%{%%k1%}\n\tvaddpd %%xmm1, %%xmm2, %%xmm4%{%%k1%}\n\tvsqrtpd %%ymm1, %%ymm5%{%%k3%}");
    leave(0);
}

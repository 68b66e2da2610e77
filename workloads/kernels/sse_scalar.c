// class addss fp32 32 plain 200 200 200 200
// class subss fp32 32 plain 100 100 100 100
// class mulss fp32 32 plain 300 300 300 300
// class divss fp32 32 plain 100 100 100 100
// class sqrtss fp32 32 plain 100 100 100 100
// class rcpss fp32 32 plain 100 100 100 100
// class rsqrtss fp32 32 plain 100 100 100 100
// class addsd fp64 64 plain 100 100 100 100
// class subsd fp64 64 plain 200 200 200 200
// class mulsd fp64 64 plain 100 100 100 100
// class divsd fp64 64 plain 100 100 100 100
// class sqrtsd fp64 64 plain 100 100 100 100
// total fp32 1000 fp64 600 pmu 1600
#include "known.h"
KERNEL {
    FILL_PS;
    REPEAT("addss %%xmm1, %%xmm0\n\taddss ones(%%rip), %%xmm2\n\tsubss %%xmm1, %%xmm3\n\tmulss %%xmm1, %%xmm4\n\t"
           "mulss %%xmm1, %%xmm1\n\tmulss ones(%%rip), %%xmm5\n\tdivss %%xmm1, %%xmm6\n\tsqrtss %%xmm1, %%xmm7\n\t"
           "rcpss %%xmm1, %%xmm7\n\trsqrtss %%xmm1, %%xmm7");
    FILL_PD;
    REPEAT("addsd %%xmm1, %%xmm0\n\tsubsd %%xmm1, %%xmm2\n\tsubsd ones_pd(%%rip), %%xmm3\n\tmulsd %%xmm1, %%xmm4\n\t"
           "divsd %%xmm1, %%xmm5\n\tsqrtsd %%xmm1, %%xmm6");
    leave(0);
}

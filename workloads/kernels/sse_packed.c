// class addps fp32 128 plain 100 400 400 400
// class subps fp32 128 plain 100 400 400 400
// class mulps fp32 128 plain 200 800 800 800
// class divps fp32 128 plain 100 400 400 400
// class sqrtps fp32 128 plain 100 400 400 400
// class rcpps fp32 128 plain 100 400 400 400
// class rsqrtps fp32 128 plain 100 400 400 400
// class addsubps fp32 128 plain 100 400 400 400
// class addpd fp64 128 plain 100 200 200 200
// class subpd fp64 128 plain 100 200 200 200
// class mulpd fp64 128 plain 100 200 200 200
// class divpd fp64 128 plain 100 200 200 200
// class sqrtpd fp64 128 plain 100 200 200 200
// class addsubpd fp64 128 plain 200 400 400 400
// total fp32 3600 fp64 1400 pmu 5000
// needs pni
#include "known.h"
KERNEL {
    FILL_PS;
    REPEAT("addps %%xmm1, %%xmm0\n\tsubps %%xmm1, %%xmm2\n\tmulps %%xmm1, %%xmm3\n\tmulps ones(%%rip), %%xmm4\n\t"
           "divps %%xmm1, %%xmm5\n\tsqrtps %%xmm1, %%xmm6\n\trcpps %%xmm1, %%xmm6\n\trsqrtps %%xmm1, %%xmm6\n\t"
           "addsubps %%xmm1, %%xmm7");
    FILL_PD;
    REPEAT("addpd %%xmm1, %%xmm0\n\tsubpd %%xmm1, %%xmm2\n\tmulpd %%xmm1, %%xmm3\n\tdivpd %%xmm1, %%xmm4\n\t"
           "sqrtpd %%xmm1, %%xmm5\n\taddsubpd %%xmm1, %%xmm6\n\taddsubpd ones_pd(%%rip), %%xmm7");
    leave(0);
}

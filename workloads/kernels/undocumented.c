// No FLOPs, and Intel does not say what the PMU makes of them.
// needs avx512f avx512dq
// class vgetexpps fp32 512 plain 100 1600 0 -
// class vscalefps fp32 512 plain 100 1600 0 -
// class vreducepd fp64 512 plain 100 800 0 -
// class vrangeps fp32 512 plain 100 1600 0 -
// total pmu -
#include "known.h"
KERNEL {
    FILL_ZMM_PS;
    REPEAT("vgetexpps %%zmm1, %%zmm0\n\tvscalefps %%zmm1, %%zmm2, %%zmm3\n\tvreducepd $0, %%zmm1, %%zmm4\n\t"
           "vrangeps $1, %%zmm1, %%zmm2, %%zmm5");
    leave(0);
}

// Minimum and maximum are comparisons: no FLOPs, but the PMU counts them.
// class minps fp32 128 plain 100 400 0 400
// class maxss fp32 32 plain 100 100 0 100
// class cmpps fp32 128 plain 100 400 0 0
// class ucomiss fp32 32 plain 100 100 0 0
// class addss fp32 32 plain 100 100 100 100
// class maxpd fp64 128 plain 100 200 0 200
// class comisd fp64 64 plain 100 100 0 0
// total fp32 100 pmu 800
#include "known.h"
KERNEL {
    FILL_PS;
    REPEAT("minps %%xmm1, %%xmm0\n\tmaxss %%xmm1, %%xmm2\n\tcmpltps %%xmm1, %%xmm3\n\tucomiss %%xmm1, %%xmm2\n\t"
           "addss %%xmm1, %%xmm4\n\tmaxpd %%xmm1, %%xmm5\n\tcomisd %%xmm1, %%xmm5");
    leave(0);
}

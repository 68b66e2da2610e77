// needs fma
// class vfmadd132ss fp32 32 plain 100 100 200 200
// class vfmsub231ps fp32 128 plain 100 400 800 800
// class vfmadd231ps fp32 256 plain 200 1600 3200 3200
// class vfmsubadd132ps fp32 256 plain 100 800 1600 1600
// class vfnmadd213sd fp64 64 plain 100 100 200 200
// class vfnmsub231pd fp64 256 plain 100 400 800 800
// class vfmaddsub213pd fp64 128 plain 100 200 400 400
// total fp32 5800 fp64 1400 pmu 7200
#include "known.h"
KERNEL {
    FILL_YMM_PS;
    REPEAT("vfmadd132ss %%xmm1, %%xmm2, %%xmm0\n\tvfmsub231ps %%xmm1, %%xmm2, %%xmm3\n\tvfmadd231ps %%ymm1, %%ymm2, %%ymm4\n\t"
           "vfmadd231ps ones(%%rip), %%ymm2, %%ymm5\n\tvfmsubadd132ps %%ymm1, %%ymm2, %%ymm6");
    FILL_YMM_PD;
    REPEAT("vfnmadd213sd %%xmm1, %%xmm2, %%xmm0\n\tvfnmsub231pd %%ymm1, %%ymm2, %%ymm3\n\tvfmaddsub213pd %%xmm1, %%xmm2, %%xmm4");
    leave(0);
}

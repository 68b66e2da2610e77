// The mask is the loop's counter, 100 to 1. The bits of 1 to 100 are set, from bit 0 up,
// 50 + 50 + 49 + 48 + 48 + 37 + 37 = 319 times; all lie below bit 8.
// needs avx512f
// class vfmadd231ps fp32 512 masked 100 319 638 3200
// class vaddpd fp64 512 masked 100 319 319 800
// total fp32 638 fp64 319 pmu 4000
#include "known.h"
KERNEL {
    FILL_ZMM_PD;
    REPEAT("kmovw %%ecx, %%k1\n\tvfmadd231ps %%zmm1, %%zmm2, %%zmm3%{%%k1%}\n\tvaddpd %%zmm1, %%zmm2, %%zmm4%{%%k1%}");
    leave(0);
}

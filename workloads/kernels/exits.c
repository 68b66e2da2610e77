// class addsd fp64 64 plain 100 100 100 100
// total fp64 100 pmu 100
// exit code 37
#include "known.h"
KERNEL {
    FILL_PD;
    REPEAT("addsd %%xmm1, %%xmm0");
    leave(37);
}

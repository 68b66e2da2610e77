// Ends by a signal of its own making.
// class addsd fp64 64 plain 100 100 100 100
// total fp64 100 pmu 100
// exit signal 11
#include "known.h"
KERNEL {
    FILL_PD;
    REPEAT("addsd %%xmm1, %%xmm0");
    *(volatile int *)16 = 1;
    leave(0);
}

// `outer` holds 100 additions before, and 100 after, `inner`, which holds 100 x 4 products. The
// division is in no region.
// class addss fp32 32 plain 2000 2000 2000 2000
// class mulps fp32 128 plain 1000 4000 4000 4000
// class divss fp32 32 plain 100 100 100 100
// region outer 10 6000
// region outer/inner 10 4000
// total fp32 6100 pmu 6100
#include "known.h"
KERNEL {
    FILL_PS;
    for (int i = 0; i < 10; i++) {
        BEGIN("outer");
        REPEAT("addss %%xmm1, %%xmm0");
        BEGIN("inner");
        REPEAT("mulps %%xmm1, %%xmm2");
        END;
        REPEAT("addss %%xmm1, %%xmm0");
        END;
    }
    REPEAT("divss %%xmm1, %%xmm3");
    leave(0);
}

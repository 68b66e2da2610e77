// Floating-point instructions that do no arithmetic.
// needs sse4_1
// class cvtsi2ss fp32 32 plain 100 100 0 0
// class cvtss2sd fp32 32 plain 100 100 0 0
// class cvttps2dq fp32 128 plain 100 400 0 0
// class roundss fp32 32 plain 100 100 0 0
// class shufps fp32 128 plain 100 400 0 0
// class unpcklps fp32 128 plain 100 400 0 0
// class blendps fp32 128 plain 100 400 0 0
// class cvttsd2si fp64 64 plain 100 100 0 0
// total pmu 0
#include "known.h"
KERNEL {
    FILL_PS;
    REPEAT("cvtsi2ss %%ecx, %%xmm0\n\tcvtss2sd %%xmm1, %%xmm2\n\tcvttps2dq %%xmm1, %%xmm3\n\troundss $1, %%xmm1, %%xmm4\n\t"
           "shufps $0x1b, %%xmm1, %%xmm5\n\tunpcklps %%xmm1, %%xmm5\n\tblendps $5, %%xmm1, %%xmm5\n\tcvttsd2si %%xmm2, %%eax\n\t"
           "movaps %%xmm1, %%xmm6\n\tandps %%xmm1, %%xmm6\n\txorps %%xmm6, %%xmm6\n\tmovmskps %%xmm6, %%eax");
    leave(0);
}

// The path follows the counter, 100 to 1: odd 50 times, a multiple of 4 25 times, else 25 times.
// class addsd fp64 64 plain 50 50 50 50
// class mulss fp32 32 plain 25 25 25 25
// class divps fp32 128 plain 25 100 100 100
// total fp32 125 fp64 50 pmu 175
#include "known.h"
KERNEL {
    FILL_PS;
    REPEAT("testl $1, %%ecx\n\tjnz 1f\n\ttestl $2, %%ecx\n\tjnz 2f\n\tmulss %%xmm1, %%xmm0\n\tjmp 3f\n"
           "1:\taddsd %%xmm1, %%xmm2\n\tjmp 3f\n2:\tdivps %%xmm1, %%xmm3\n3:");
    leave(0);
}

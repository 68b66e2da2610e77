// A dot product of 128 bits is 4 products and 3 additions, whatever its immediate selects.
// needs pni sse4_1 avx
// class haddps fp32 128 plain 100 400 400 400
// class vhaddps fp32 256 plain 100 800 800 800
// class dpps fp32 128 plain 200 800 1400 1600
// class vdpps fp32 256 plain 100 800 1400 1600
// class hsubpd fp64 128 plain 100 200 200 200
// class dppd fp64 128 plain 100 200 300 400
// total fp32 4000 fp64 500 pmu 5000
#include "known.h"
KERNEL {
    FILL_YMM_PS;
    REPEAT("vhaddps %%ymm1, %%ymm2, %%ymm0\n\tvdpps $0xff, %%ymm1, %%ymm2, %%ymm0\n\thaddps %%xmm1, %%xmm3\n\t"
           "dpps $0xff, %%xmm1, %%xmm4\n\tdpps $0x31, %%xmm1, %%xmm5\n\thsubpd %%xmm1, %%xmm6\n\tdppd $0x33, %%xmm1, %%xmm7");
    leave(0);
}

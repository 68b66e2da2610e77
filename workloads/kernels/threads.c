// Three threads of 100 and the first one's own 100.
// libc
// class mulps fp32 128 plain 300 1200 1200 1200
// class addsd fp64 64 plain 100 100 100 100
// total fp32 1200 fp64 100 pmu 1300
// threads 4
#include <pthread.h>
#include "known.h"
static void *work(void *unused) {
    FILL_PS;
    REPEAT("mulps %%xmm1, %%xmm0");
    return unused;
}
int main(void) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        if (pthread_create(&threads[i], 0, work, 0)) return 1;
    FILL_PD;
    REPEAT("addsd %%xmm1, %%xmm0");
    for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
    return 0;
}

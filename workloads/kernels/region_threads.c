// What two threads do while the first one's region is open belongs to it.
// libc
// class mulsd fp64 64 plain 200 200 200 200
// class addsd fp64 64 plain 100 100 100 100
// region work 1 200
// total fp64 300 pmu 300
// threads 3
#include <pthread.h>
#include "known.h"
static void *work(void *unused) {
    FILL_PD;
    REPEAT("mulsd %%xmm1, %%xmm0");
    return unused;
}
int main(void) {
    pthread_t threads[2];
    BEGIN("work");
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], 0, work, 0)) return 1;
    for (int i = 0; i < 2; i++) pthread_join(threads[i], 0);
    END;
    FILL_PD;
    REPEAT("addsd %%xmm1, %%xmm0");
    return 0;
}

/* Threads killed in the middle of blocks of work: what they say to have begun and finished bounds their counts. */
#include "test.h"

static long *told;

/* A block without a branch: 8 additions, then the count of them in memory that outlives the process. */
static void *works(void *arg) {
    long *mine = told + 8 * (long)arg;
    for (;;)
        __asm__ volatile("addsd %%xmm0, %%xmm1\n\taddsd %%xmm0, %%xmm1\n\taddsd %%xmm0, %%xmm1\n\taddsd %%xmm0, %%xmm1\n\t"
                         "incq (%0)" ::"r"(mine) : "xmm1", "memory");
    return arg;
}

int main(void) {
    told = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (long i = 0; i < 4; i++) CHECK(pthread_create(&thread, 0, works, (void *)i) == 0);
        usleep(50000);
        _exit(0);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    long sum = 0;
    for (int i = 0; i < 4; i++) sum += told[8 * i];
    printf("%ld\n", sum);
    return 0;
}

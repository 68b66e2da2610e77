/* Floating-point work whose operations are counted by hand, ended or interrupted in every way. */
#include "test.h"

static volatile sig_atomic_t alarms;
static void alarmed(int s, siginfo_t *i, void *c) {
    (void)s; (void)i; (void)c;
    alarms++;
}

/* 3 operations a round, of which 2 are one vector's. */
__attribute__((noinline)) static void work(long rounds) {
    for (long i = 0; i < rounds; i++)
        __asm__ volatile("addsd %%xmm0, %%xmm1\n\tnop\n\tmulpd %%xmm2, %%xmm3\n\tnop" ::: "xmm0", "xmm1", "xmm2", "xmm3");
}

static pthread_barrier_t ready;
static void *spins(void *unused) {
    pthread_barrier_wait(&ready);
    for (;;) __asm__ volatile("nop; nop; nop; nop; nop; nop; nop; nop");
    return unused;
}

int main(int count, char **args) {
    CHECK(count == 2);
    switch (args[1][0]) {
    case 'a': /* alarms: 3 x 20 x 2,000,000 */
        on_signal(SIGALRM, alarmed, SA_RESTART);
        tick(1000);
        for (int i = 0; i < 20; i++) work(2000000);
        tick(0);
        printf("enough alarms: %d\n", alarms > 5);
        break;
    case 'k': /* killed: 3 x 1000 */
        work(1000);
        raise(SIGKILL);
        break;
    case 'i': /* killed by an instruction in the middle of a block, its first half counts: 3 x 1000 + 1 */
        work(1000);
        __asm__ volatile("addsd %%xmm0, %%xmm1\n\tud2\n\taddsd %%xmm0, %%xmm1" ::: "xmm1");
        break;
    case 's': /* segmentation fault: 3 x 1000 + 2 */
        work(1000);
        __asm__ volatile("addsd %%xmm0, %%xmm1\n\taddsd %%xmm0, %%xmm1\n\tmovl %%eax, 0\n\taddsd %%xmm0, %%xmm1" ::: "xmm1");
        break;
    case 'x': /* exit_group while eight threads are in the middle of blocks: 3 x 1000 */
        CHECK(pthread_barrier_init(&ready, 0, 9) == 0);
        for (int i = 0; i < 8; i++) {
            pthread_t thread;
            CHECK(pthread_create(&thread, 0, spins, 0) == 0);
        }
        pthread_barrier_wait(&ready);
        work(1000);
        usleep(20000);
        printf("leaving\n");
        fflush(stdout);
        _exit(7);
    case 'c': { /* a child that its parent kills at a moment that nobody knows, having worked: 3 x 1000 + 3 x 500 */
        int ends[2];
        char byte;
        CHECK(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            work(500);
            CHECK(write(ends[1], "x", 1) == 1);
            for (;;) __asm__ volatile("nop; nop; nop");
        }
        CHECK(read(ends[0], &byte, 1) == 1);
        work(1000);
        usleep(3000);
        kill(child, SIGTERM);
        int status;
        CHECK(waitpid(child, &status, 0) == child && WTERMSIG(status) == SIGTERM);
        printf("killed\n");
        break;
    }
    }
    return 0;
}

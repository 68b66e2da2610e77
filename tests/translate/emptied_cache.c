/* Code that is never the same twice, while other threads sleep, wait in calls and compute: more translations than are
 * kept. Each function also does one addition. */
#include "test.h"

enum { FUNCTIONS = 16, ROUNDS = 6000, STEPS = 300 };

static volatile int done;
static int ends[2];

static void *waits(void *unused) {
    char byte;
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
    return unused;
}
static void *sleeps(void *unused) {
    struct timespec pause = {0, 50000000};
    while (!done) CHECK(nanosleep(&pause, 0) == 0);
    return unused;
}
static void *computes(void *sum) {
    volatile double *total = sum;
    for (int i = 0; i < STEPS; i++) {
        *total = *total + 0.5;
        usleep(1000);
    }
    return sum;
}

/* add $a, %eax; add $b, %eax; add $c, %eax; addsd %xmm0, %xmm0; ret, with %eax = $value first */
static void put(unsigned char *code, int value) {
    put_return(code, value);
    for (int i = 0; i < 3; i++) {
        code[5 + 3 * i] = 0x83;
        code[6 + 3 * i] = 0xc0;
        code[7 + 3 * i] = value >> 6 * i & 0x3f;
    }
    memcpy(code + 14, "\xf2\x0f\x58\xc0\xc3", 5);
}
static int expected(int value) { return value + (value & 0x3f) + (value >> 6 & 0x3f) + (value >> 12 & 0x3f); }

int main(void) {
    pthread_t threads[3];
    double total = 0;
    CHECK(pipe(ends) == 0);
    pthread_create(&threads[0], 0, waits, 0);
    pthread_create(&threads[1], 0, sleeps, 0);
    pthread_create(&threads[2], 0, computes, &total);
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < FUNCTIONS; i++) put(page + 64 * i, round * FUNCTIONS + i);
        for (int i = 0; i < FUNCTIONS; i++)
            wrong += ((int (*)(double))(page + 64 * i))(1.0) != expected(round * FUNCTIONS + i);
    }
    done = 1;
    CHECK(write(ends[1], "x", 1) == 1);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
    printf("%d wrong, %g\n", wrong, total);
    return 0;
}

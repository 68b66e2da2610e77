/* 200 threads at once, each of as many additions as its number says; then 400 more, one after another. */
#include "test.h"

static pthread_barrier_t all;
static double add(long n) {
    double x = 0;
    for (long i = 0; i < n; i++) __asm__ volatile("addsd %1, %0" : "+x"(x) : "x"(1.0));
    return x;
}
static void *together(void *n) {
    pthread_barrier_wait(&all);
    for (int i = 0; i < 20; i++) {
        CHECK(add((long)n) == (double)(long)n);
        if (i % 7 == 0) sched_yield();
    }
    return n;
}
static void *alone(void *n) { return add((long)n) == (double)(long)n ? n : 0; }

int main(void) {
    pthread_t threads[200];
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    CHECK(pthread_barrier_init(&all, 0, 200) == 0);
    long sum = 0;
    for (long i = 0; i < 200; i++) CHECK(pthread_create(&threads[i], &small, together, (void *)(i + 1)) == 0);
    for (int i = 0; i < 200; i++) {
        void *result;
        pthread_join(threads[i], &result);
        sum += (long)result;
    }
    for (long i = 0; i < 400; i++) {
        void *result;
        CHECK(pthread_create(&threads[0], &small, alone, (void *)3L) == 0);
        pthread_join(threads[0], &result);
        sum += (long)result;
    }
    printf("%ld\n", sum);
    return 0;
}

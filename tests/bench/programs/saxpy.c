// y = a x + y, one element an iteration: a loop of one short block. Both arrays stay in the cache.
#include <stdio.h>
#include <stdlib.h>

enum { ELEMENTS = 2048 };
static float x[ELEMENTS], y[ELEMENTS];

__attribute__((noipa)) static void saxpy(long n, float a, const float *from, float *to) {
    for (long i = 0; i < n; i++) to[i] += a * from[i];
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 400000;
    for (int i = 0; i < ELEMENTS; i++) x[i] = 1.0f / (float)(i + 1);
    for (long round = 0; round < rounds; round++) saxpy(ELEMENTS, 0.5f, x, y);
    printf("%g\n", y[1]);
    return 0;
}

/* Floating-point work of every precision, whose FLOPs are known from its loops. */

KIND(math_loops, THREADS, HANDLER) {
    double x = below(r, 100);
    float f = 1;
    long double l = 2;
    for (int i = 0; i < 10; i++) x += flops(x, below(r, 50));
    for (int i = 0; i < 100; i++) f = f * 0.5f + 1.25f;
    for (int i = 0; i < 30; i++) l = l * 0.25L - 1;
    return mix(mix(bits(x), bits(f)), bits((double)l));
}

/* Vector loops as the compiler makes them of -O3 and -march=native. */
KIND(math_vectors, THREADS, HANDLER) {
    static __thread float a[515], b[515];
    static __thread double c[257];
    for (int i = 0; i < 515; i++) a[i] = (int)below(r, 1000) * 0.125f, b[i] = i * 0.5f;
    for (int i = 0; i < 257; i++) c[i] = i;
    for (int turn = 0; turn < 4; turn++) {
        for (int i = 0; i < 515; i++) a[i] = a[i] * 0.5f + b[i];
        for (int i = 0; i < 257; i++) c[i] = c[i] / 4 + (i % 3 ? a[i] : b[i]);
    }
    return mix_bytes(mix_bytes(0, a, sizeof a), c, sizeof c);
}

/* Recursion, with indirect calls. */
__attribute__((noinline)) static double fib(int n, double (*again)(int, void *), void *with) {
    return n < 2 ? n : again(n - 1, with) + again(n - 2, with);
}
__attribute__((noinline)) static double fib_again(int n, void *with) { return fib(n, fib_again, with); }
KIND(math_recursion, THREADS, HANDLER) { return bits(fib_again(14, 0)); }

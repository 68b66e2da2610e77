/* x87, SSE, AVX or AVX-512 state that is kept while handlers, which overwrite all of it, run. */
#include "test.h"
#include <immintrin.h>

static volatile sig_atomic_t handled;
static int kind;
static void __attribute__((target("avx512f"))) dirty512(void) {
    __asm__ volatile("vpternlogd $255, %zmm0, %zmm0, %zmm0; vmovaps %zmm0, %zmm9; vmovaps %zmm0, %zmm31; kxnorw %k0, %k0, %k3;"
                     "vmovaps %zmm0, %zmm16; kxnorw %k0, %k0, %k7");
}
static void __attribute__((target("avx2"))) dirty256(void) {
    __asm__ volatile("vpcmpeqd %ymm0, %ymm0, %ymm0; vmovaps %ymm0, %ymm9; vmovaps %ymm0, %ymm15");
}
static void handler(int s, siginfo_t *i, void *c) {
    (void)s; (void)i; (void)c;
    handled++;
    __asm__ volatile("fninit; fldpi; fldpi; fldpi; pcmpeqd %xmm0, %xmm0; pcmpeqd %xmm9, %xmm9; pcmpeqd %xmm15, %xmm15");
    if (kind >= 1) dirty256();
    if (kind >= 2) dirty512();
    unsigned csr = 0x1f80 | 0x6000;
    __asm__ volatile("ldmxcsr %0" ::"m"(csr));
}

/* Loads state, spins, and gives back what is left of it. */
static int x87_and_sse(void) {
    double pushed[2] = {1.25, -7.5}, popped[2] = {0}, low[2] = {3.5, 4.5}, out[2], high[2];
    unsigned csr = 0x1f80 | 0x2000, csr_after;
    unsigned short control = 0x067f, control_after;
    __asm__ volatile("fninit; fldcw %[cw]; fldl %[a]; fldl %[b]; ldmxcsr %[csr]; movupd %[low], %%xmm0; movupd %[low], %%xmm15;"
                     "mov $20000, %%ecx; 1: dec %%ecx; jnz 1b;"
                     "stmxcsr %[csr2]; movupd %%xmm0, %[out]; movupd %%xmm15, %[high]; fnstcw %[cw2]; fstpl %[pb]; fstpl %[pa]"
                     : [csr2] "=m"(csr_after), [out] "=m"(out), [high] "=m"(high), [cw2] "=m"(control_after),
                       [pa] "=m"(popped[0]), [pb] "=m"(popped[1])
                     : [cw] "m"(control), [a] "m"(pushed[0]), [b] "m"(pushed[1]), [csr] "m"(csr), [low] "m"(low)
                     : "ecx", "xmm0", "xmm15", "memory");
    unsigned normal = 0x1f80;
    __asm__ volatile("ldmxcsr %0; fninit" ::"m"(normal));
    return !memcmp(pushed, popped, 16) && !memcmp(low, out, 16) && !memcmp(low, high, 16) && csr == (csr_after & ~0x3fu) &&
           control == control_after;
}

static int __attribute__((target("avx2"))) avx(void) {
    float in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8], high[8];
    __asm__ volatile("vmovups %[in], %%ymm9; vmovups %[in], %%ymm15; mov $20000, %%ecx; 1: dec %%ecx; jnz 1b;"
                     "vmovups %%ymm9, %[out]; vmovups %%ymm15, %[high]; vzeroupper"
                     : [out] "=m"(out), [high] "=m"(high) : [in] "m"(in) : "ecx", "xmm9", "xmm15");
    return !memcmp(in, out, 32) && !memcmp(in, high, 32);
}

static int __attribute__((target("avx512f"))) avx512(void) {
    float in[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, out[16], high[16];
    unsigned mask = 0;
    __asm__ volatile("vmovups %[in], %%zmm0; vmovups %[in], %%zmm31; mov $0x1234, %%ecx; kmovw %%ecx, %%k3;"
                     "mov $20000, %%ecx; 1: dec %%ecx; jnz 1b;"
                     "vmovups %%zmm0, %[out]; vmovups %%zmm31, %[high]; kmovw %%k3, %[mask]; vzeroupper"
                     : [out] "=m"(out), [high] "=m"(high), [mask] "=r"(mask) : [in] "m"(in) : "ecx", "xmm0", "xmm31", "k3");
    return !memcmp(in, out, 64) && !memcmp(in, high, 64) && mask == 0x1234;
}

int main(int argc, char **argv) {
    int (*kinds[])(void) = {x87_and_sse, avx, avx512};
    kind = argc > 1 ? atoi(argv[1]) : 0;
    on_signal(SIGALRM, handler, 0);
    tick(500);
    int lost = 0;
    while (handled < 1000) lost += !kinds[kind]();
    tick(0);
    printf("lost %d times\n", lost);
    return 0;
}

/* Registers and flags in carry chains that signals interrupt at every instruction. */
#include "test.h"

static volatile sig_atomic_t handled;
static void handler(int s, siginfo_t *i, void *c) {
    (void)s; (void)i; (void)c;
    handled++;
    __asm__ volatile("mov $-1, %%eax; add %%eax, %%eax; cld" ::: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
}

static unsigned long chain(void) {
    unsigned long a = 0x123456789abcdef1, b = 0xfedcba9876543210, c = 0;
    __asm__ volatile("mov $500, %%rcx; clc;"
                     "1: adc %1, %0; adc %0, %2; rcl $3, %1; jc 2f; adc $5, %2; lea 1(%2), %2; jmp 3f; 2: sbb $7, %2; 3:"
                     "lahf; mov %%rcx, %%r8; and $7, %%r8; sahf; pushfq; lea -1(%%rcx), %%rcx; popfq; jrcxz 4f; jmp 1b; 4: adc $0, %2"
                     : "+r"(a), "+r"(b), "+r"(c)::"rax", "rcx", "r8", "cc", "memory");
    return a ^ b ^ c;
}

int main(void) {
    unsigned long expected = chain();
    on_signal(SIGALRM, handler, 0);
    tick(500);
    int wrong = 0;
    while (handled < 400) wrong += chain() != expected;
    tick(0);
    printf("%lx, wrong %d\n", expected, wrong);
    return 0;
}

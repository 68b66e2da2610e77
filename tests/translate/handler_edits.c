/* Handlers that change the registers of what they interrupted: general, flags, vector, rip. */
#include "test.h"

static void other_way(void) { printf("went the other way\n"); fflush(stdout); exit(7); }

static int what;
static void edits(int s, siginfo_t *i, void *c) {
    (void)s; (void)i;
    REG(c, RIP) += 2; /* ud2 */
    if (what == 0) { REG(c, RAX) = 1111; REG(c, RBX) = 2222; REG(c, R15) = 3333; }
    if (what == 1) REG(c, EFL) ^= 1; /* carry */
    if (what == 2) ((ucontext_t *)c)->uc_mcontext.fpregs->_xmm[5].element[0] = 0x40490fdb;
    if (what == 3) {
        REG(c, RSP) = (REG(c, RSP) & -16) - 8;
        REG(c, RIP) = (long)other_way;
    }
}

static void redirects(int s, siginfo_t *i, void *c) {
    (void)s; (void)i;
    REG(c, RIP) = *(long *)REG(c, RSP); /* returns from the endless loop */
    REG(c, RSP) += 8;
}

__asm__(".globl endless; endless: .cfi_startproc; 1: add $1, %rcx; jmp 1b; .cfi_endproc");
void endless(void);

int main(void) {
    on_signal(SIGILL, edits, 0);
    long a = 0, b = 0, r15 = 0, carry = 0;
    float x = 0;
    __asm__ volatile("xor %%eax, %%eax; ud2; mov %%r15, %2" : "=a"(a), "=b"(b), "=r"(r15)::"r15");
    printf("general: %ld %ld %ld\n", a, b, r15);
    what = 1;
    __asm__ volatile("clc; ud2; setc %b0" : "+r"(carry));
    __asm__ volatile("stc; ud2; adc $10, %0" : "+r"(carry));
    printf("carry: %ld\n", carry);
    what = 2;
    __asm__ volatile("pxor %%xmm5, %%xmm5; ud2; movss %%xmm5, %0" : "=m"(x)::"xmm5");
    printf("vector: %.7f\n", x);
    on_signal(SIGALRM, redirects, 0);
    for (int n = 0; n < 20; n++) {
        struct itimerval timer = {.it_value = {0, 2000}};
        setitimer(ITIMER_REAL, &timer, 0);
        __asm__ volatile("sub $128, %%rsp; call endless; add $128, %%rsp" ::: "rcx", "memory", "cc");
    }
    printf("out of 20 endless loops\n");
    fflush(stdout);
    what = 3;
    __asm__ volatile("ud2" ::: "memory");
    return 0;
}

/* What the translator takes from the processor for itself, or does not give: the program sees none of it. */
#include "test.h"

static sigjmp_buf back;
static void handler(int s, siginfo_t *i, void *c) { siglongjmp(back, 1); }

int main(void) {
    unsigned long base = 5;
    CHECK(syscall(SYS_arch_prctl, 0x1004 /* ARCH_GET_GS */, &base) == 0);
    unsigned short selector;
    __asm__ volatile("mov %%gs, %0" : "=r"(selector));
    printf("GS: %lx %x\n", base, selector);
    CHECK(syscall(SYS_arch_prctl, 0x1004, (void *)8) == -1 && errno == EFAULT);
    on_signal(SIGILL, handler, 0);
    unsigned started = ~0u;
    if (sigsetjmp(back, 1))
        puts("no transactions");
    else {
        /* One may be aborted at any time. */
        __asm__ volatile("xbegin 1f; xend; 1:" : "+a"(started)::"memory");
        puts("transactions");
    }
    return 0;
}

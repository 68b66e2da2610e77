/* Ten additions, then an instruction that the translator leaves to the CPU, in the middle of a block. */
#include "test.h"

static long words[4] = {7, 8, 9, 10};

int main(int count, char **args) {
    double x = 0;
    for (int i = 0; i < 10; i++) __asm__ volatile("addsd %1, %0" : "+x"(x) : "x"(1.0));
    long result = 1;
    switch (args[1][0]) {
    case 'r': /* far return */
        __asm__ volatile("mov %%cs, %%eax; push %%rax; lea 1f(%%rip), %%rax; push %%rax; lretq; 1: mov $5, %0"
                         : "=r"(result)::"rax", "memory");
        break;
    case 'i': /* return from an interrupt */
        __asm__ volatile("mov %%rsp, %%rcx; mov %%ss, %%eax; push %%rax; push %%rcx; pushfq; mov %%cs, %%eax;"
                         "push %%rax; lea 1f(%%rip), %%rax; push %%rax; iretq; 1: mov $6, %0"
                         : "=r"(result)::"rax", "rcx", "memory");
        break;
    case 's': /* a segment register */
        __asm__ volatile("mov $77, %0; mov %1, %%gs" : "=&r"(result) : "r"(0));
        break;
    case '3': /* getpid by the table of 32-bit calls */
        __asm__ volatile("mov $20, %%eax; int $0x80" : "=a"(result));
        result = (int)result == getpid();
        break;
    case 'b': /* the base of GS, by a call */
        CHECK(syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, words) == 0);
        __asm__ volatile("mov %%gs:8, %0" : "=r"(result));
        break;
    case 't': /* ptrace */
        result = syscall(SYS_ptrace, 0 /* PTRACE_TRACEME */, 0, 0, 0);
        break;
    }
    printf("%g %ld\n", x, result);
    return 3;
}

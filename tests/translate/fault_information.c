/* What a handler of a synchronous signal is told, relative to the program's own addresses, and that
   it can step over the instruction. */
#include "test.h"

struct seen { int signal, code; long address, rip, trap, error; } seen;
char *label, *base; /* set in assembly */
static long skip;

static void handler(int s, siginfo_t *i, void *c) {
    seen.signal = s; seen.code = i->si_code;
    seen.address = (char *)i->si_addr - base;
    seen.rip = (char *)REG(c, RIP) - label;
    seen.trap = REG(c, TRAPNO); seen.error = REG(c, ERR);
    REG(c, RIP) = (long)label + skip; /* hypervisors do not agree where icebp leaves it */
    ((ucontext_t *)c)->uc_mcontext.fpregs->swd &= ~0xff; /* the x87's exception is dealt with */
}

static void show(const char *what) {
    printf("%s: signal %d code %d, si_addr %+ld, rip %+ld, trap %ld, error %ld\n", what, seen.signal, seen.code,
           seen.address, seen.rip, seen.trap, seen.error);
    memset(&seen, 0, sizeof seen);
}

/* Executes an instruction of that length; si_addr is shown relative to `from`. */
#define TRY(what, from, length, text, ...)                                                                   \
    do {                                                                                                     \
        skip = length; base = (char *)(from);                                                                \
        __asm__ volatile("lea 1f(%%rip), %%rax\n\tmov %%rax, label(%%rip)\n\tcmpq $0, base(%%rip)\n\t"        \
                         "jne 1f\n\tmov %%rax, base(%%rip)\n\txor %%edx, %%edx\n1: " text                     \
                         ::__VA_ARGS__ : "rax", "rdx", "memory", "cc");                       \
        show(what);                                                                                          \
    } while (0)
#define ITSELF 0
#define NOWHERE (char *)0 + 1 /* shown as -1: si_addr is 0 */

int main(void) {
    for (int s = SIGILL; s < SIGSYS; s++)
        if (s == SIGILL || s == SIGTRAP || s == SIGBUS || s == SIGFPE || s == SIGSEGV) on_signal(s, handler, 0);
    char *read_only = pages(4096, PROT_READ), *none = pages(4096, PROT_NONE);
    int file = memfd_create("empty", 0);
    char *past_the_end = mmap(0, 4096, PROT_READ, MAP_SHARED, file, 0);

    TRY("division by zero", ITSELF, 2, "div %%ecx", "c"(0));
    TRY("division overflow", ITSELF, 3, "idivq %%rcx", "c"(0L));
    TRY("ud2", ITSELF, 2, "ud2", "r"(0));
    TRY("undefined, long", ITSELF, 3, ".byte 0x0f, 0xff, 0xc0", "r"(0));
    TRY("read of null", NOWHERE, 2, "mov (%%rcx), %%eax", "c"(0L));
    TRY("write of read-only", read_only, 2, "mov %%eax, (%%rcx)", "c"(read_only));
    TRY("read of no access", none, 3, "add 8(%%rcx), %%eax", "c"(none));
    TRY("vector load", none, 4, "movups (%%rcx), %%xmm0", "c"(none + 32));
    TRY("misaligned vector load", NOWHERE, 3, "movaps (%%rcx), %%xmm0", "c"(read_only + 1));
    TRY("not canonical", NOWHERE, 2, "mov (%%rcx), %%eax", "c"(0x8000000000000000L));
    TRY("past the end of a file", past_the_end, 2, "mov (%%rcx), %%eax", "c"(past_the_end));
    TRY("privileged", NOWHERE, 1, "hlt", "r"(0));
    TRY("privileged register", NOWHERE, 3, "mov %%cr0, %%rax", "r"(0));
    TRY("int $0x81", NOWHERE, 2, "int $0x81", "r"(0));
    TRY("breakpoint", NOWHERE, 1, "int3", "r"(0));
    TRY("two-byte breakpoint", NOWHERE, 2, ".byte 0xcd, 3", "r"(0));
    TRY("icebp", ITSELF, 1, ".byte 0xf1", "r"(0));
    TRY("lock without memory", ITSELF, 3, ".byte 0xf0, 0x01, 0xc0", "r"(0));
    __asm__ volatile("ldmxcsr %1; pxor %%xmm7, %%xmm7; movsd %0, %%xmm6" ::"m"((double){1}), "m"((int){0x1d80}) : "xmm6", "xmm7");
    TRY("floating-point division", ITSELF, 4, "divsd %%xmm7, %%xmm6", "r"(0));
    __asm__ volatile("fninit; fldcw %0; fld1; fldz; fdivrp" ::"m"((short){0x037b}));
    TRY("x87 division, reported by the next", ITSELF, 1, "fwait", "r"(0));
    return 0;
}

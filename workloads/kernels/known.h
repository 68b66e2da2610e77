/* What the kernels with known answers are written with.

   A kernel executes exactly the floating-point instructions that its assembly names: it is built
   freestanding with -mgeneral-regs-only, so that the compiler can emit none, and it has no C
   library unless a line `// libc` says so. It runs each of its loops ROUNDS times.

   The lines that start with `// ` and a keyword are its expected counts, derived by hand from the
   source; tests/common/kernels.rs reads them:
     needs FLAG...                     flags of /proc/cpuinfo without which it cannot run
     libc                              an ordinary program; else it has no libc
     class MNEMONIC PRECISION WIDTH plain|masked EXECUTIONS LANES FLOPS PMU
                                       WIDTH in bits; active LANES; PMU is what Intel's FP events
                                       add up to, or - where Intel does not say
     region PATH CALLS FLOPS
     total fp32 N fp64 N ... pmu N     precisions that are left out are 0; pmu may be -
     processes N, threads N            1 unless said
     exit code N | exit signal N       code 0 unless said
   A class of no FLOPs need not be listed. */
#define ROUNDS 100
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* Counts down in ecx, which the body leaves alone. */
#define REPEAT(body)                                                                                                   \
    __asm__ volatile("movl $" TEXT(ROUNDS) ", %%ecx\n7:\n\t" body "\n\tdecl %%ecx\n\tjnz 7b" ::: "rax", "rcx", "rdx",   \
                     "memory", "cc")
#define ONCE(body) __asm__ volatile(body ::: "rax", "rcx", "rdx", "memory", "cc")

__asm__(".pushsection .rodata\n"
        ".balign 64\nones: .fill 16, 4, 0x3f800000\n"
        ".balign 64\nones_pd: .fill 8, 8, 0x3ff0000000000000\n"
        ".balign 64\nones_ph: .fill 32, 2, 0x3c00\n"
        ".popsection\n");

/* 1.0 in every lane of registers 0 to 7, by moves. */
#define FILL(move, from, reg)                                                                                          \
    ONCE(move " " from "(%%rip), %%" reg "0\n\t" move " %%" reg "0, %%" reg "1\n\t" move " %%" reg "0, %%" reg "2\n\t"  \
         move " %%" reg "0, %%" reg "3\n\t" move " %%" reg "0, %%" reg "4\n\t" move " %%" reg "0, %%" reg "5\n\t"       \
         move " %%" reg "0, %%" reg "6\n\t" move " %%" reg "0, %%" reg "7")
#define FILL_PS FILL("movaps", "ones", "xmm")
#define FILL_PD FILL("movapd", "ones_pd", "xmm")
#define FILL_YMM_PS FILL("vmovaps", "ones", "ymm")
#define FILL_YMM_PD FILL("vmovapd", "ones_pd", "ymm")
#define FILL_ZMM_PS FILL("vmovaps", "ones", "zmm")
#define FILL_ZMM_PD FILL("vmovapd", "ones_pd", "zmm")
#define FILL_ZMM_PH FILL("vmovaps", "ones_ph", "zmm")

#define BEGIN(name)                                                                                                    \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x46, 0x4c, 0x47, 0x42" ::"D"(name), "S"(sizeof(name) - 1) : "memory")
#define END __asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00, 0x46, 0x4c, 0x47, 0x45" ::: "memory")

static inline long call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#define CALL(number, a, b, c) call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

enum { SYS_MMAP = 9, SYS_MPROTECT = 10, SYS_MUNMAP = 11, SYS_SIGACTION = 13, SYS_GETPID = 39, SYS_FORK = 57, SYS_VFORK = 58,
       SYS_EXECVE = 59, SYS_WAIT4 = 61, SYS_KILL = 62, SYS_ARCH_PRCTL = 158, SYS_EXIT_GROUP = 231 };

static inline __attribute__((noreturn)) void leave(int code) {
    for (;;) CALL(SYS_EXIT_GROUP, code, 0, 0);
}

#ifndef LIBC
/* Writable memory that may be executed where `prot` says so. */
static inline unsigned char *map(long bytes, int prot) { return (unsigned char *)call(SYS_MMAP, 0, bytes, prot, 0x22, -1, 0); }

/* The kernel's sigaction wants its own way back. */
struct action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    unsigned long mask;
};
void way_back(void);
__asm__(".globl way_back\nway_back:\n\tmovl $15, %eax\n\tsyscall\n");
static inline void handle(int signal, void (*handler)(int)) {
    struct action action = {handler, 0x04000000, way_back, 0};
    call(SYS_SIGACTION, signal, (long)&action, 0, 8, 0, 0);
}

/* `arguments` is argc, followed by argv. */
void run(long *arguments);
__asm__(".globl _start\n_start:\n\txorl %ebp, %ebp\n\tmovq %rsp, %rdi\n\tandq $-64, %rsp\n\tcall run\n\tud2\n");
#define KERNEL void run(long *arguments)
#endif

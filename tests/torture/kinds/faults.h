/* Faults that handlers catch: signal, code, address, instruction, trap number and error code are the native ones. */

struct fault {
    uint64_t signal, code, address, rip, trap, error, count;
};
static __thread struct fault fault;
static __thread uint64_t fault_from, fault_to;
static void caught(int signal, siginfo_t *info, void *context) {
    __asm__ volatile("pushfq; andl $~0x40000, (%%rsp); popfq" ::: "cc", "memory"); /* AC stays set in a handler */
    fault.signal = signal, fault.code = info->si_code, fault.address = (uint64_t)info->si_addr;
    fault.rip = REG(context, RIP), fault.trap = REG(context, TRAPNO), fault.error = REG(context, ERR), fault.count++;
    if (info->si_code == SI_KERNEL || signal == SIGTRAP) fault.address = 0; /* what it is relative to is not known */
    REG(context, RIP) = fault_to;
    REG(context, EFL) &= ~0x40100; /* AC and TF end here */
}
/* Runs `what`, which may use rax (`with`), rcx, rdx, rsi, rdi and r8 to r11, and is left where it faults. */
#define FAULTS(what, with)                                                                                       \
    ({                                                                                                           \
        memset(&fault, 0, sizeof fault);                                                                         \
        uint64_t rax = (uint64_t)(with);                                                                         \
        __asm__ volatile("lea 8f(%%rip), %%rcx\n\tmov %%rcx, %1\n\tlea 7f(%%rip), %%rcx\n\tmov %%rcx, %2\n\t"     \
                         "mov %%rsp, %%r12\n7:\n\t" what "\n8:\n\tmov %%r12, %%rsp\n\tcld"                        \
                         : "+a"(rax), "=m"(fault_to), "=m"(fault_from)                                           \
                         :                                                                                       \
                         : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "xmm0", "xmm1", "memory", "cc"); \
        fault;                                                                                                   \
    })
#define SEEN(f, relative)                                                                                        \
    mix(mix(mix(mix(mix(mix(0, (f).signal), (f).code), ((f).address ? (f).address - (uint64_t)(relative) : 0)), (f).rip - fault_from), (f).trap), (f).error)

static struct sigaction before_faults[5];
static const int fault_signals[5] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
static stack_t stack_before;
static uint8_t *fault_stack;
static void catch_faults(void) {
    fault_stack = pages(16, RW);
    NEED(sigaltstack(&(stack_t){.ss_sp = fault_stack, .ss_size = 16 * PAGE}, &stack_before) == 0);
    for (int i = 0; i < 5; i++) before_faults[i] = on_signal(fault_signals[i], caught, SA_NODEFER | SA_ONSTACK);
}
static void stop_catching(void) {
    NEED(sigaltstack(&stack_before, 0) == 0);
    munmap(fault_stack, 16 * PAGE);
    for (int i = 0; i < 5; i++) put_back(fault_signals[i], before_faults[i]);
}
#define STEP(f, base)                                                                                            \
    ({                                                                                                           \
        struct fault now = (f);                                                                                  \
        uint64_t seen = SEEN(now, base);                                                                         \
        if (getenv("TORTURE_DETAIL"))                                                                            \
            dprintf(2, "%s:%d signal %ld code %ld address %lx rip+%lx trap %ld error %ld\n", __func__, __LINE__, \
                    now.signal, now.code, now.address ? now.address - (uint64_t)(base) : 0, now.rip - fault_from, now.trap, now.error); \
        EXPECT(now.count == 1);                                                                                  \
        sum = mix(sum, seen);                                                                                    \
    })

KIND(fault_memory, ALONE) {
    uint64_t sum = 0;
    uint8_t *none = pages(1, PROT_NONE), *readable = pages(2, PROT_READ), *code = pages(2, RX);
    munmap(readable + PAGE, PAGE);
    munmap(code + PAGE, PAGE);
    catch_faults();
    STEP(FAULTS("mov (%%rax), %%rcx", none), none);
    STEP(FAULTS("nop; mov %%rcx, 8(%%rax)", readable), readable);
    STEP(FAULTS("add %%ecx, %%edx; mov 8(%%rax), %%rcx", 0), 0);
    STEP(FAULTS("movups 0xff8(%%rax), %%xmm0", readable), readable);
    STEP(FAULTS("mov (%%rax), %%rcx", 0x8000000000000000), 0);
    STEP(FAULTS("lock incl (%%rax)", 0xffffffffff600000), 0);
    STEP(FAULTS("movaps 4(%%rax), %%xmm0", readable), readable);
    STEP(FAULTS("mov %%rax, %%rdi; mov $100, %%ecx; rep stosb", readable), readable);
    STEP(FAULTS("lea 0xff0(%%rax), %%rsi; mov $100, %%ecx; mov %%rsp, %%rdi; sub $0x1000, %%rdi; rep movsb", readable), readable);
    STEP(FAULTS("mov %%rax, %%rsp; push %%rcx", readable + 8), readable);
    STEP(FAULTS("mov %%rax, %%rsp; call 1f; 1:", none + 16), none);
    STEP(FAULTS("mov %%rax, %%rsp; ret", none), none);
    STEP(FAULTS("jmp *(%%rax)", none), none);
    STEP(FAULTS("call *8(%%rax)", none), none);
    STEP(FAULTS("cmpxchg16b (%%rax)", readable + 8), readable);
    STEP(FAULTS("mov %%rax, %%rcx; rep; prefetcht0 (%%rcx); clflush (%%rcx)", none), none);
    STEP(FAULTS("movb $0, (%%rax)", code), code);
    STEP(FAULTS("fldt (%%rax)", none), none);
    STEP(FAULTS("fxsave 8(%%rax)", none), none);
    STEP(FAULTS("ldmxcsr (%%rax)", none), none);
    stop_catching();
    munmap(none, PAGE), munmap(readable, PAGE), munmap(code, PAGE);
    return sum;
}

/* Where there is no code: the address of the fault is the instruction's. */
#undef SEEN
#define SEEN(f, relative) mix(mix(mix(mix(mix(mix(0, (f).signal), (f).code), ((f).address ? (f).address - (uint64_t)(relative) : 0)), (f).rip - (uint64_t)(relative)), (f).trap), (f).error)
KIND(fault_no_code, ALONE) {
    uint64_t sum = 0;
    uint8_t *none = pages(1, PROT_NONE), *data = pages(1, RW), *code = pages(2, RWX);
    memset(code, 0x90, 2 * PAGE);
    memset(data, 0x90, PAGE);
    munmap(code + PAGE, PAGE);
    code[PAGE - 2] = 0x48, code[PAGE - 1] = 0xb8; /* mov $.., %rax, cut off */
    catch_faults();
    STEP(FAULTS("jmp *%%rax", none + 5), none);
    STEP(FAULTS("jmp *%%rax", data + 9), data);
    STEP(FAULTS("call *%%rax", 0), 0);
    STEP(FAULTS("push %%rax; ret", data + 1), data);
    STEP(FAULTS("jmp *%%rax", code + PAGE - 10), code);
    NEED(mprotect(code, PAGE, RW) == 0);
    STEP(FAULTS("jmp *%%rax", code), code);
    stop_catching();
    munmap(none, PAGE), munmap(data, PAGE), munmap(code, PAGE);
    return sum;
}
#undef SEEN
#define SEEN(f, relative) mix(mix(mix(mix(mix(0, (f).signal), (f).code), (f).rip - fault_from), (f).trap), (f).error)

KIND(fault_instructions, ALONE) {
    uint64_t sum = 0;
    catch_faults();
    STEP(FAULTS("ud2", 0), 0);
    STEP(FAULTS("nop; ud2", 0), 0);
    STEP(FAULTS(".byte 0x0f, 0xff, 0xc0", 0), 0);
    STEP(FAULTS("lock; nop", 0), 0);
    STEP(FAULTS(".byte 0x06", 0), 0);
    STEP(FAULTS("hlt", 0), 0);
    STEP(FAULTS("cli", 0), 0);
    STEP(FAULTS("in $0x20, %%al", 0), 0);
    STEP(FAULTS("mov %%cr0, %%rax", 0), 0);
    STEP(FAULTS("rdmsr", 0), 0);
    STEP(FAULTS("add %%eax, %%ecx; int3", 0), 0);
    STEP(FAULTS(".byte 0xcd, 3", 0), 0);
    STEP(FAULTS("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%rcx", 5), 0);
    STEP(FAULTS("mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx", 0), 0);
    STEP(FAULTS("pushq $0x7fff; mov %%rsp, %%rax; pushq $0; popq %%rcx; popq %%rdx; xor %%ecx, %%ecx; divb %%cl", 5), 0);
    STEP(FAULTS("mov $0x123, %%ecx; mov %%ecx, %%ds", 0), 0);
    STEP(FAULTS("swapgs", 0), 0);
    STEP(FAULTS(".byte 0xf1", 0), 0); /* int1 */
    STEP(FAULTS("lea 1(%%rsp), %%rax; pushfq; orl $0x40000, (%%rsp); popfq; mov (%%rax), %%rcx; nop; nop", 0), 0);
    stop_catching();
    return sum;
}

/* Software interrupts that are no system call. */
KIND(fault_software_interrupts, ALONE) {
    uint64_t sum = 0;
    catch_faults();
    STEP(FAULTS("int $0x42", 0), 0);
    STEP(FAULTS("add %%eax, %%ecx; int $4", 0), 0);
    STEP(FAULTS("int $0x81", 0), 0);
    stop_catching();
    return sum;
}

/* Exceptions of arithmetic, unmasked. */
KIND(fault_arithmetic, ALONE) {
    uint64_t sum = 0;
    catch_faults();
    uint32_t own, open = 0x1f80 & ~0x1e80;
    __asm__ volatile("stmxcsr %0" : "=m"(own));
    for (int i = 0; i < 3; i++) {
        __asm__ volatile("ldmxcsr %0" ::"m"(open));
        STEP(FAULTS("mov $1, %%eax; cvtsi2sd %%eax, %%xmm0; xorps %%xmm1, %%xmm1; divsd %%xmm1, %%xmm0", 0), 0);
        __asm__ volatile("ldmxcsr %0" ::"m"(open));
        STEP(FAULTS("mov $-1, %%eax; cvtsi2sd %%eax, %%xmm0; add %%eax, %%ecx; sqrtsd %%xmm0, %%xmm1", 0), 0);
        __asm__ volatile("ldmxcsr %0" ::"m"(open));
        STEP(FAULTS("mov $0x7f7fffff, %%eax; movd %%eax, %%xmm0; shufps $0, %%xmm0, %%xmm0; addps %%xmm0, %%xmm0", 0), 0);
        __asm__ volatile("ldmxcsr %0" ::"m"(open));
        STEP(FAULTS("mov $0x7f800001, %%eax; movd %%eax, %%xmm0; ucomiss %%xmm0, %%xmm0", 0), 0);
        __asm__ volatile("ldmxcsr %0; fninit" ::"m"(own));
        STEP(FAULTS("fninit; pushq $0x360; fldcw (%%rsp); fld1; fldz; fdivrp; nop; nop; fwait", 0), 0);
        STEP(FAULTS("fninit; pushq $0x35e; fldcw (%%rsp); fldz; fldz; fdivp; add %%eax, %%ecx; fld1", 0), 0);
        STEP(FAULTS("fninit; pushq $0x37e; fldcw (%%rsp); fldz; fsqrt; fchs; fld1; fchs; fsqrt; fnop; fstp %%st(0); fwait", 0), 0);
        STEP(FAULTS("fninit; pushq $0x37e; fldcw (%%rsp); fstp %%st(3); xor %%eax, %%eax; pushq $0; fildl (%%rsp)", 0), 0);
        __asm__ volatile("fninit");
    }
    stop_catching();
    return sum;
}

/* A file's pages behind its end. */
KIND(fault_behind_a_file, ALONE) {
    uint64_t sum = 0;
    int file = file_of(PAGE);
    uint8_t *map = mmap(0, 2 * PAGE, RWX, MAP_SHARED, file, 0), *code = mmap(0, 2 * PAGE, RX, MAP_PRIVATE, file, 0);
    NEED(map != MAP_FAILED && code != MAP_FAILED);
    make(map, 3);
    EXPECT(CALL(code) == 3);
    catch_faults();
    STEP(FAULTS("mov (%%rax), %%ecx", map + PAGE), map);
    STEP(FAULTS("mov %%ecx, (%%rax)", map + PAGE + 8), map);
    NEED(ftruncate(file, 2 * PAGE) == 0);
    make(map + PAGE, 4);
    EXPECT(CALL(code + PAGE) == 4);
    NEED(ftruncate(file, PAGE) == 0);
    STEP(FAULTS("mov (%%rax), %%ecx", code + PAGE), code);
    stop_catching();
    munmap(map, 2 * PAGE), munmap(code, 2 * PAGE);
    close(file);
    return sum;
}

/* Pages that a handler supplies: the instruction is executed again, and counts once. */
static uint8_t *supplied;
static void supplies(int signal, siginfo_t *info, void *context) {
    fault.count++;
    NEED(mprotect((void *)((uintptr_t)info->si_addr & -PAGE), PAGE, RWX) == 0);
}
KIND(fault_supplied, ALONE) {
    struct sigaction a = on_signal(SIGSEGV, supplies, 0);
    uint8_t *memory = pages(20, PROT_NONE);
    volatile double *numbers = (void *)memory;
    uint64_t sum = 0;
    fault.count = 0;
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < 10; i++) {
            double x = 1.5;
            __asm__ volatile("addsd (%1), %0; movsd %0, (%1)" : "+x"(x) : "r"(memory + i * PAGE) : "memory");
            sum = mix(sum, bits(x));
            make(memory + i * PAGE + 100, i);
            EXPECT(CALL(memory + i * PAGE + 100) == i);
        }
        for (int i = 10; i < 20; i++) EXPECT((((uint32_t(*)(void))0) , 1));
        NEED(mprotect(memory, 20 * PAGE, turn ? PROT_READ : PROT_NONE) == 0);
    }
    put_back(SIGSEGV, a);
    sum = mix(sum, fault.count);
    munmap(memory, 20 * PAGE);
    return sum;
}

/* The program steps through itself with the trap flag. */
static _Atomic uint32_t stepped;
static uint64_t first_step, last_step;
static void steps(int signal, siginfo_t *info, void *context) {
    uint64_t rip = REG(context, RIP);
    if (!stepped++) first_step = rip;
    last_step = rip;
}
KIND(fault_own_steps, ALONE) {
    struct sigaction a = on_signal(SIGTRAP, steps, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        stepped = 0;
        uint64_t here;
        __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq\n\tnop\n7:\tlea 7b(%%rip), %0\n\tnop\n\tadd $0, %%ecx\n\tpushfq; andq $~0x100, (%%rsp); popfq" : "=r"(here)::"cc", "ecx", "memory");
        sum = mix(sum, stepped);
        sum = mix(sum, first_step - here);
        sum = mix(sum, last_step - here);
    }
    put_back(SIGTRAP, a);
    return sum;
}

/* The stack overflows, on its own and in the handler's way out. */
static sigjmp_buf over;
static void overflowed(int signal, siginfo_t *info, void *context) { siglongjmp(over, 1); }
__attribute__((noinline)) static int recurses(volatile int *n) {
    volatile char room[500];
    room[0] = ++*n & 1;
    return recurses(n) + room[0];
}
static void *overflows(void *unused) {
    uint8_t *memory = pages(16, RW);
    stack_t stack = {.ss_sp = memory, .ss_size = 16 * PAGE}, none = {.ss_flags = SS_DISABLE};
    NEED(sigaltstack(&stack, 0) == 0);
    volatile int n = 0, times = 0;
    while (times < 3)
        if (sigsetjmp(over, 1) == 0) recurses(&n);
        else times++;
    EXPECT(n > 300);
    NEED(sigaltstack(&none, 0) == 0);
    munmap(memory, 16 * PAGE);
    return (void *)(long)times;
}
KIND(fault_stack_overflow, ALONE) {
    struct sigaction a = on_signal(SIGSEGV, overflowed, SA_ONSTACK);
    pthread_t thread;
    pthread_attr_t small;
    void *got;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 << 10);
    NEED(pthread_create(&thread, &small, overflows, 0) == 0 && pthread_join(thread, &got) == 0);
    put_back(SIGSEGV, a);
    return (long)got;
}

KIND(fault_sysret, ALONE, UNCOUNTED) {
    uint64_t sum = 0;
    catch_faults();
    STEP(FAULTS("sysret", 0), 0);
    stop_catching();
    return sum;
}

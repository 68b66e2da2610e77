/* Runs the blocks that blocks.py made, and prints what their handlers saw and what each left. */
#include "torture.h"

extern void (*blocks[])(void);
extern int count;
uint64_t go_on_at, left_flags, left[12];
uint8_t memory[2048] __attribute__((aligned(64)));
static uint64_t seen;
static int faults;
enum { ARITHMETIC = 0x8d5, DIRECTION = 0x400 };

static void notes(int signal, siginfo_t *info, void *context) {
    static const int registers[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12};
    greg_t *all = ((ucontext_t *)context)->uc_mcontext.gregs;
    faults++;
    seen = mix(seen, signal);
    seen = mix(seen, info->si_code);
    seen = mix(seen, all[REG_RIP]);
    seen = mix(seen, all[REG_EFL] & (ARITHMETIC | DIRECTION));
    for (int i = 0; i < 12; i++) seen = mix(seen, all[registers[i]]);
    if (getenv("TORTURE_DETAIL")) fprintf(stderr, "signal %d code %d rip %llx flags %llx rax %llx\n", signal, info->si_code, all[REG_RIP], all[REG_EFL] & (ARITHMETIC | DIRECTION), all[REG_RAX]);
    all[REG_RIP] = go_on_at;
}

int main(void) {
    static const uint64_t numbers[] = {0xbff0000000000000, 0xbf800000bf800000, 0x3ff0000000000000, 0x3f8000003f800000,
                                       0x7ff0000000000001, 0x7ff4000000000001, 0x7f8000017f800001, 0x7f8000017f800001,
                                       0x7fe0000000000000, 0x7fe0000000000000};
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    struct random r = {1};
    for (int i = 0; i < 96; i++) memory[i] = below(&r, 64);
    memcpy(memory + 96, numbers, sizeof numbers);
    *(uint16_t *)(memory + 1000) = 0x340;       /* x87: all unmasked */
    *(uint32_t *)(memory + 1004) = 0x1f80 & ~0x0f80; /* MXCSR: all but the inexact and underflow unmasked */
    *(uint32_t *)(memory + 1008) = 0x1f80;
    *(uint16_t *)(memory + 1016) = 0x37f;
    for (int i = 0; i < 5; i++) on_signal(signals[i], notes, SA_NODEFER);
    for (int n = 0; n < count; n++) {
        seen = 0;
        blocks[n]();
        seen = mix(seen, left_flags & ARITHMETIC);
        for (int i = 0; i < 12; i++) seen = mix(seen, left[i]);
        printf("block %d %016llx\n", n, (unsigned long long)mix_bytes(seen, memory, 256));
    }
    printf("%d faults\n", faults);
    return 0;
}

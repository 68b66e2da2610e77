// Code written at run time at one address: addss 100 times; with the page made writable and
// executable again in between, mulpd 100 times; in a page that is both, divps 100 times, then
// addss and subss in turn, 50 each.
// class addss fp32 32 plain 150 150 150 150
// class subss fp32 32 plain 50 50 50 50
// class divps fp32 128 plain 100 400 400 400
// class mulpd fp64 128 plain 100 200 200 200
// total fp32 600 fp64 200 pmu 800
#include "known.h"
static const unsigned char ADD[] = {0xf3, 0x0f, 0x58, 0xc1, 0xc3}; /* addss %xmm1, %xmm0; ret */
static const unsigned char MUL[] = {0x66, 0x0f, 0x59, 0xc1, 0xc3}; /* mulpd %xmm1, %xmm0; ret */
static const unsigned char DIV[] = {0x0f, 0x5e, 0xc1, 0xc3, 0x90}; /* divps %xmm1, %xmm0; ret */
static void write(volatile unsigned char *code, const unsigned char *from) {
    for (int i = 0; i < 5; i++) code[i] = from[i];
}
static void run_code(unsigned char *code) { __asm__ volatile("call *%0" ::"r"(code) : "memory", "cc"); }
KERNEL {
    FILL_PS;
    unsigned char *code = map(4096, 3);
    write(code, ADD);
    CALL(SYS_MPROTECT, code, 4096, 5);
    for (int i = 0; i < ROUNDS; i++) run_code(code);
    CALL(SYS_MPROTECT, code, 4096, 3);
    write(code, MUL);
    CALL(SYS_MPROTECT, code, 4096, 5);
    for (int i = 0; i < ROUNDS; i++) run_code(code);
    CALL(SYS_MPROTECT, code, 4096, 7);
    write(code, DIV);
    for (int i = 0; i < ROUNDS; i++) run_code(code);
    write(code, ADD);
    for (int i = 0; i < ROUNDS; i++) {
        ((volatile unsigned char *)code)[2] = i % 2 ? 0x5c : 0x58;
        run_code(code);
    }
    leave(0);
}

/* Calls of what is not executable: the signal, its information and the place are the native ones. */
#include "test.h"

static sigjmp_buf back;
static void *want;
static void handler(int s, siginfo_t *i, void *c) {
    printf("%d %d %d %d\n", s, i->si_code, i->si_addr == want, (void *)REG(c, RIP) == want);
    siglongjmp(back, 1);
}
static void try(void *code, void *faults) {
    want = faults;
    if (!sigsetjmp(back, 1)) call(code);
}

int main(void) {
    on_signal(SIGSEGV, handler, 0);
    on_signal(SIGBUS, handler, 0);
    unsigned char *page = pages(8192, PROT_READ | PROT_WRITE);
    put_return(page, 1);
    try(page, page);
    try((void *)8, (void *)8);
    CHECK(mprotect(page, 8192, PROT_READ | PROT_EXEC) == 0);
    printf("%d\n", call(page));
    CHECK(mprotect(page, 8192, PROT_NONE) == 0);
    try(page, page);
    /* Falls off the end of a page. */
    CHECK(mprotect(page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
    memset(page + 4090, 0x90, 6);
    CHECK(mprotect(page + 4096, 4096, PROT_NONE) == 0);
    try(page + 4090, page + 4096);
    /* The same in the middle of an instruction. */
    page[4095] = 0xb8;
    try(page + 4095, page + 4096);
    munmap(page + 4096, 4096);
    try(page + 4095, page + 4096);
    munmap(page, 4096);
    try(page, page);
    /* Behind the end of a file. */
    int file = open("/proc/self/exe", O_RDONLY);
    unsigned char *mapped = mmap(0, 1 << 20, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
    CHECK(mapped != MAP_FAILED);
    try(mapped + (1 << 20) - 4096, mapped + (1 << 20) - 4096);
    return 0;
}

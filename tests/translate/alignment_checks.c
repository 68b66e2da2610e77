/* Code at odd addresses in pages that may be written, while the program has the CPU check its accesses' alignment. */
#include "test.h"

int main(void) {
    static const unsigned char code[] = {
        0x9c,                                           /* pushfq */
        0x81, 0x0c, 0x24, 0x00, 0x00, 0x04, 0x00,       /* orl $AC, (%rsp) */
        0x9d,                                           /* popfq */
        0xb8, 0x11, 0x22, 0x33, 0x44,                   /* mov $0x44332211, %eax */
        0x48, 0xb9, 1, 2, 3, 4, 5, 6, 7, 8,             /* mov $0x0807060504030201, %rcx */
        0x48, 0x01, 0xc8,                               /* add %rcx, %rax */
        0x9c,                                           /* pushfq */
        0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff,       /* andl $~AC, (%rsp) */
        0x9d, 0xc3,                                     /* popfq; ret */
    };
    unsigned char *page = pages(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    for (int at = 0; at < 9; at++) {
        memcpy(page + at, code, sizeof code);
        printf("%llx\n", ((unsigned long long (*)(void))(page + at))());
    }
    return 0;
}

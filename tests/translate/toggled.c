/* Code whose protection changes between writable and executable, but which stays what it is. */
#include "test.h"

enum { FUNCTIONS = 64, ROOM = 16 };

int main(int count, char **args) {
    unsigned char *code = pages(4096, PROT_READ | PROT_WRITE);
    for (int i = 0; i < FUNCTIONS; i++) put_return(code + i * ROOM, i);
    long sum = 0;
    for (long round = atol(args[1]); round > 0; round--) {
        CHECK(mprotect(code, 4096, PROT_READ | PROT_EXEC) == 0);
        for (int i = 0; i < FUNCTIONS; i++) sum += call(code + i * ROOM);
        CHECK(mprotect(code, 4096, PROT_READ | PROT_WRITE) == 0);
    }
    printf("%ld\n", sum);
    return 0;
}

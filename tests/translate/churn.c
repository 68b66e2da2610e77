/* Writes functions of one addition, calls each once, and writes others in their place. */
#include "test.h"

enum { FUNCTIONS = 500, ROOM = 16 };

int main(int count, char **args) {
    unsigned char *code = pages(FUNCTIONS * ROOM, PROT_READ | PROT_WRITE | PROT_EXEC);
    long rounds = atol(args[1]), sum = 0;
    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < FUNCTIONS; i++) {
            static const unsigned char addition[] = {0xf2, 0x0f, 0x58, 0xc0}; /* addsd %xmm0, %xmm0 */
            unsigned char *at = code + i * ROOM;
            memcpy(at, addition, sizeof addition);
            put_return(at + sizeof addition, round * FUNCTIONS + i);
        }
        for (int i = 0; i < FUNCTIONS; i++) sum += call(code + i * ROOM);
    }
    printf("%ld\n", sum);
    return 0;
}

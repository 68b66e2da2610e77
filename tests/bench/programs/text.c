// Writes BYTES of what compresses like text: invented words, the common ones short and frequent.
// Always the same.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 1;
static uint32_t draw(uint32_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((state >> 32) * below) >> 32);
}

enum { WORDS = 8192 };
static char words[WORDS][16];

int main(int argc, char **argv) {
    long bytes = argc > 1 ? atol(argv[1]) : 20000000;
    for (int i = 0; i < WORDS; i++) {
        int length = 2 + (int)draw(i < 64 ? 3 : 9);
        for (int j = 0; j < length; j++) words[i][j] = (j & 1 ? "aeiou" : "tnshr")[draw(5)];
        if (length > 5) words[i][length / 2] = (char)('a' + draw(26));
    }
    for (long written = 0; written < bytes;) {
        // Of 13 octaves of words, each as frequent as any other: nearly Zipf's law.
        uint32_t octave = draw(13);
        const char *word = words[(1u << octave) - 1 + draw(1u << octave)];
        while (*word && written < bytes) written += putchar(*word++) != EOF;
        if (written < bytes) written += putchar(draw(12) ? ' ' : '\n') != EOF;
    }
    return 0;
}

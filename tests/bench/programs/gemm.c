// The innermost loops of a matrix product as BLAS libraries write them: a tile of ROWS x 2 vectors
// is kept in registers while packed panels go by. -DBYTES is the width of a vector.
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = BYTES == 64 ? 12 : 6, LANES = BYTES / 4, DEPTH = 256, PANELS = 16 };
typedef float Vector __attribute__((vector_size(BYTES)));

static float a[PANELS][DEPTH][ROWS];
static Vector b[DEPTH][2];
static Vector c[PANELS][ROWS][2];

__attribute__((noipa)) static void tile(float (*row)[ROWS], Vector (*column)[2], Vector (*into)[2]) {
    Vector sum[ROWS][2] = {0};
    for (long k = 0; k < DEPTH; k++) {
        Vector left = column[k][0], right = column[k][1];
#pragma GCC unroll 12
        for (int i = 0; i < ROWS; i++) {
            sum[i][0] += row[k][i] * left;
            sum[i][1] += row[k][i] * right;
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) {
        into[i][0] += sum[i][0];
        into[i][1] += sum[i][1];
    }
}

int main(int argc, char **argv) {
    long rounds = argc > 1 ? atol(argv[1]) : 100000;
    for (int panel = 0; panel < PANELS; panel++)
        for (int k = 0; k < DEPTH; k++)
            for (int i = 0; i < ROWS; i++) a[panel][k][i] = (float)(panel + k + i) / 1024;
    for (int k = 0; k < DEPTH; k++)
        for (int i = 0; i < LANES; i++) b[k][0][i] = b[k][1][i] = (float)(k - i) / 1024;
    for (long round = 0; round < rounds; round++)
        for (int panel = 0; panel < PANELS; panel++) tile(a[panel], b, c[panel]);
    printf("%g\n", (double)c[PANELS - 1][ROWS - 1][1][LANES - 1]);
    return 0;
}

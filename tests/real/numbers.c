/* Enough of C to keep a compiler busy, and its floating-point folding. */
#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct matrix {
    int rows, columns;
    double *at;
};

static struct matrix product(struct matrix a, struct matrix b) {
    struct matrix c = {a.rows, b.columns, calloc((size_t)a.rows * b.columns, sizeof(double))};
    for (int i = 0; i < a.rows; i++)
        for (int j = 0; j < b.columns; j++)
            for (int k = 0; k < a.columns; k++)
                c.at[i * c.columns + j] += a.at[i * a.columns + k] * b.at[k * b.columns + j];
    return c;
}

static const double table[] = {1.0 / 3, 2.0e-5 * 7, 3.14159265358979 / 4, 1e300 * 1e-300, 0x1.8p-3};

int main(void) {
    double values[6] = {1, 2, 3, 4, 5, 6};
    struct matrix a = {2, 3, values}, b = {3, 2, values}, c = product(a, b);
    double complex z = cexp(I * table[2]);
    for (int i = 0; i < 4; i++) printf("%g ", c.at[i]);
    printf("%.6f %.6f %.17g\n", creal(z), cimag(z), table[0] + table[1]);
    return 0;
}

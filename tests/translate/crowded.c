/* Linked with eight objects of a gigabyte each, which are mapped one beside the other before any of their code runs. */
#include "test.h"

double work1(double), work2(double), work3(double), work4(double), work5(double), work6(double), work7(double),
    work8(double);

int main(void) {
    double (*work[])(double) = {work1, work2, work3, work4, work5, work6, work7, work8};
    for (int i = 0; i < 8; i++) printf("%g\n", work[i](i));
    return 0;
}

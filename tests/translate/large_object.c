/* Compiled several times, with other names. */
static double data[1 << 27];
/* Two operations. */
double NAME(double x) {
    volatile double *last = &data[(1 << 27) - 1];
    *last += x;
    return *last * 2;
}

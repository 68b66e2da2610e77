/* Compiled several times: libraries of one size whose code differs. */
double work(double x) {
    for (int i = 0; i < ROUNDS; i++) x = x * 1.0000001 + 0.5;
    return x;
}

int which(void) { return ROUNDS; }

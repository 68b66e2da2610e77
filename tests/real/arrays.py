"""Linear algebra by OpenBLAS and LAPACK, transforms, and numpy's own vector loops."""
import numpy as np

rng = np.random.default_rng(1)
for kind in (np.float32, np.float64):
    a = rng.standard_normal((150, 130)).astype(kind)
    b = rng.standard_normal((130, 170)).astype(kind)
    print((a @ b).sum(), (a @ b[:, 0]).sum(), np.exp(a).sum(), np.tanh(a).sum(), np.sort(a, axis=0)[3, :2])
a = rng.standard_normal((80, 80))
print(np.linalg.det(a / 8), np.linalg.svd(a)[1][:3], np.linalg.eigvals(a).real.max())
print(np.linalg.solve(a, np.ones(80))[:3], abs(np.fft.fft(a)).sum(), np.linalg.norm(a @ np.linalg.inv(a) - np.eye(80)) < 1e-9)
print(np.add.reduce(np.arange(1000) % 7 == 3), (a.astype(np.complex64) @ a).imag.sum(), np.float16(1.5) * np.float16(2.25))
big = rng.standard_normal((400, 400)).astype(np.float32)
for _ in range(3):
    big = big @ big / 400
print(float(abs(big).max()))

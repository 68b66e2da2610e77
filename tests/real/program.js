// Hot code, code that is given up again, exceptions, workers, children, timers, WebAssembly.
const { Worker, isMainThread, parentPort } = require('worker_threads');
const { execFileSync } = require('child_process');

function hot(n, step) {
  let sum = 0;
  for (let i = 1; i <= n; i++) sum += Math.sqrt(i) * step;
  return sum;
}
function fails(i) {
  if (i % 3 === 0) throw new Error('at ' + i);
  return i;
}

if (!isMainThread) {
  parentPort.postMessage(hot(200000, 0.5));
} else {
  let text = '';
  for (let i = 0; i < 20; i++) text += hot(20000, i).toFixed(3) + ' ';
  // Another type: the code that was compiled for numbers is thrown away.
  console.log(text, hot(10, '2'), hot(10, { valueOf: () => 3 }));
  let caught = 0;
  for (let i = 0; i < 3000; i++) {
    try {
      fails(i);
    } catch (e) {
      caught++;
    }
  }
  console.log(caught, [3, 1, 2].sort(), JSON.stringify({ a: [1.5, null] }), /a(b+)/.exec('xabbb')[1]);
  const sorted = Array.from({ length: 20000 }, (_, i) => (i * 7919) % 20011).sort((a, b) => a - b);
  console.log(sorted[0], sorted[9999], new Map(sorted.map((x) => [x, x])).size);
  if (typeof WebAssembly !== 'undefined') {
    // (func (export "f") (param f64) (result f64) local.get 0 f64.sqrt)
    const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 124, 1, 124, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 7, 1, 5, 0, 32, 0, 159, 11];
    const f = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes))).exports.f;
    let sum = 0;
    for (let i = 0; i < 50000; i++) sum += f(i);
    console.log(sum.toFixed(3));
  }
  console.log(execFileSync('/bin/echo', ['child']).toString().trim());
  const results = [];
  for (let i = 0; i < 3; i++) {
    new Worker(__filename).on('message', (x) => {
      results.push(x.toFixed(3));
      if (results.length === 3) {
        console.log(results.join(' '));
        setTimeout(() => process.exit(5), 10);
      }
    });
  }
}

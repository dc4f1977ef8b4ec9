import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { weightOnly } from '../../../../jobs/compression/quantization/weight-only/weight-only';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { tensor } from '../../../../shared/onnx/build';
import { readModel } from '../../../../shared/onnx/read-model';
import { writeModel } from '../../../../shared/onnx/write-model';

const folder = join(__dirname, '../../../../../shared/models/magika');
const whereGiven = existsSync(folder) ? describe : describe.skip;

const length = 2048;
const classes = 214;
const rowsAtOnce = 12;
/** The embedding of bytes: a fiftieth of the weights, and the most that 4 bits cost in answers. */
const embedding = 'jax2tf_get_logits_/Const:0';

const bestOf = (scores: readonly number[]) => scores.indexOf(Math.max(...scores));

whereGiven('magika in 4 bits (skipped where ../shared/models is not on this machine)', () => {
  it('names at least 327 of the 333 file types that its makers published, in a fifth of the bytes', async () => {
    const published: { label_index: number[] } = JSON.parse(
      readFileSync(join(folder, 'reference-labels.json'), 'utf8'),
    );
    const inputs = new Uint16Array(gunzipSync(readFileSync(join(folder, 'reference-inputs.u16.gz'))).buffer);
    const original = readFileSync(join(folder, 'model.onnx'));
    const pass = weightOnly({ bits: 4, block: 32, symmetric: true, keep: [embedding] });

    const bytes = writeModel(pass.apply(readModel(original)).model);

    expect(gzipSync(bytes).length).toBeLessThan(gzipSync(original).length * 0.2);
    const rows = published.label_index.map((_, row) => inputs.subarray(row * length, (row + 1) * length));
    const distinct = new Map(rows.map((row) => [row.join(), row]));
    const answers = new Map<string, number>();
    const waiting = [...distinct];
    const session = await onnxModelRuntime().load(bytes, { threads: 1 });
    while (waiting.length > 0) {
      const some = waiting.splice(0, rowsAtOnce);
      const batch = Int32Array.from(some.flatMap(([, row]) => [...row]));
      const { target_label: scores } = await session.run({
        bytes: tensor('int32', [some.length, length], batch),
      });
      const all = Array.from(scores?.data ?? [], Number);
      for (const [at, [key]] of some.entries())
        answers.set(key, bestOf(all.slice(at * classes, (at + 1) * classes)));
    }
    await session.dispose();
    const right = rows.filter((row, at) => answers.get(row.join()) === published.label_index[at]);
    expect(right.length).toBeGreaterThanOrEqual(327);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { weightOnly } from '../../../../jobs/compression/quantization/weight-only/weight-only';
import { tensor } from '../../../../shared/onnx/build';
import { readModel } from '../../../../shared/onnx/read-model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { runModel } from '../../../support/run-onnx';

const folder = join(__dirname, '../../../../../shared/models/magika');
const whereGiven = existsSync(folder) ? describe : describe.skip;

const length = 2048;
const classes = 214;
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
    const answers: number[] = [];
    for (let row = 0; row < published.label_index.length; row += 37) {
      const batch = Int32Array.from(inputs.subarray(row * length, (row + 37) * length));
      const { target_label: scores } = await runModel(bytes, {
        bytes: tensor('int32', [batch.length / length, length], batch),
      });
      const all = Array.from(scores?.data ?? [], Number);
      for (let at = 0; at < all.length; at += classes) answers.push(bestOf(all.slice(at, at + classes)));
    }
    const right = answers.filter((answer, row) => answer === published.label_index[row]);
    expect(right.length).toBeGreaterThanOrEqual(327);
  });
});

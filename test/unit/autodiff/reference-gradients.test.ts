import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { differentiate } from '../../../jobs/autodiff/differentiate';
import { readModel } from '../../../shared/onnx/read-model';
import { readNodeCase } from '../../support/onnx-node-cases';
import { runGraph } from '../../support/run-onnx';

const root = join(__dirname, '../../../../shared/onnx-node-tests');

const whereGiven = existsSync(root) ? describe : describe.skip;

whereGiven(
  "the cases of ONNX's own Gradient operator (skipped where ../shared is not on this machine)",
  () => {
    it.each(['test_gradient_of_add', 'test_gradient_of_add_and_mul'])('%s', async (name) => {
      const { model, inputs, outputs } = readNodeCase(root, name);
      const { graph } = readModel(model);
      const [result, ...wanted] = graph.outputs;
      if (result === undefined) throw new Error('the case has no output');
      const gradients = differentiate(result.value, graph.inputs);
      const feeds = graph.inputs.flatMap(({ name: fed }, index) => {
        const given = inputs[index];
        return given === undefined ? [] : [[fed, given] as const];
      });

      const ours = gradients.map((value, index) => ({ name: wanted[index]?.name ?? '', value }));
      const found = await runGraph({ ...graph, outputs: [result, ...ours] }, Object.fromEntries(feeds));

      expect(Object.values(found)).toEqual(outputs);
    });
  },
);

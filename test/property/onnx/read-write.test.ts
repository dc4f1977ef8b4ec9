import fc from 'fast-check';
import { InvalidModelError } from '../../../shared/errors/graph-errors';
import { floats, operation } from '../../../shared/onnx/build';
import type { Graph } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { printGraph } from '../../../shared/onnx/print';
import { readModel } from '../../../shared/onnx/read-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { rewrite } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomGraph } from '../../support/random-graph';
import { runModel } from '../../support/run-onnx';

const graphs = fc.record({ seed: fc.nat(), size: fc.integer({ min: 1, max: 14 }) });
const feeds = { x0: floats([2, 2], [1, -2, 0.5, 3]), x1: floats([2, 2], [-1, 0.25, 2, -0.5]) };
const write = (graph: Graph) => writeModel(model({ graph }));

describe('writing and reading', () => {
  it('gives each graph back: same bytes, same answers', async () => {
    const law = fc.asyncProperty(graphs, async ({ seed, size }) => {
      const graph = randomGraph(seed, size);
      const bytes = write(graph);

      const again = writeModel(readModel(bytes));

      verifyGraph(graph);
      expect(Buffer.compare(write(randomGraph(seed, size)), bytes)).toBe(0);
      expect(Buffer.compare(again, bytes)).toBe(0);
      expect(await runModel(again, feeds)).toEqual(await runModel(bytes, feeds));
    });

    await fc.assert(law, { numRuns: 60 });
  });

  it('gives the same answers from a graph whose every node was made anew', async () => {
    const law = fc.asyncProperty(graphs, async ({ seed, size }) => {
      const graph = randomGraph(seed, size);

      const remade = rewrite(graph, (_, rebuilt) =>
        rebuilt.kind === 'operation'
          ? operation(rebuilt.op, rebuilt.inputs, rebuilt.attributes, { outputs: rebuilt.types.length })
          : undefined,
      );

      expect(printGraph(remade)).toBe(printGraph(graph));
      expect(await runModel(write(remade), feeds)).toEqual(await runModel(write(graph), feeds));
    });

    await fc.assert(law, { numRuns: 30 });
  });
});

describe('bytes that nobody should trust', () => {
  const bytes = write(randomGraph(11, 14));

  const readOrRefuse = (broken: Uint8Array) => {
    try {
      return readModel(broken);
    } catch (error) {
      if (error instanceof InvalidModelError) return undefined;
      throw error;
    }
  };

  it('are read, or refused as no model, wherever they are cut off', () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readOrRefuse(bytes.slice(0, length))).not.toThrow();
    }
  });

  it('are read, or refused as no model, whatever bytes were changed', () => {
    const change = fc.record({ at: fc.nat({ max: bytes.length - 1 }), to: fc.nat({ max: 255 }) });
    const law = fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), (changes) => {
      const broken = bytes.slice();
      for (const { at, to } of changes) broken[at] = to;

      const read = readOrRefuse(broken);

      if (read !== undefined) expect(read.graph.outputs.every(({ value }) => value !== undefined)).toBe(true);
    });

    fc.assert(law, { numRuns: 2000 });
  });

  it('are read, or refused as no model, when they are noise', () => {
    const law = fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      expect(() => readOrRefuse(noise)).not.toThrow();
    });

    fc.assert(law, { numRuns: 2000 });
  });
});

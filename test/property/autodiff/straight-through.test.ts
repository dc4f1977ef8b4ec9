import fc from 'fast-check';
import { differentiate } from '../../../jobs/autodiff/differentiate';
import { attribute, constant, floats, input, operation, tensor } from '../../../shared/onnx/build';
import type { Value } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const whole = { int8: [-128, 127], uint8: [0, 255] } as const;

const rounding = fc.record({
  elementType: fc.constantFrom<keyof typeof whole>('int8', 'uint8'),
  rows: fc.integer({ min: 1, max: 3 }),
  scales: fc.array(fc.double({ min: 0.01, max: 2, noNaN: true }), { minLength: 1, maxLength: 4 }),
  zero: fc.integer({ min: 0, max: 100 }),
  seeds: fc.array(fc.double({ min: -400, max: 400, noNaN: true }), { minLength: 12, maxLength: 12 }),
});

/** Rounded to whole numbers and back, a scale for each column. */
function rounded(
  x: Value,
  { scales, zero, elementType }: { scales: number[]; zero: number; elementType: 'int8' | 'uint8' },
): Value {
  const scale = constant(floats([scales.length], scales));
  const zeros = constant(
    tensor(
      elementType,
      [scales.length],
      scales.map(() => zero),
    ),
  );
  const axis = { axis: attribute.int(1) };
  return operation(
    'DequantizeLinear',
    [operation('QuantizeLinear', [x, scale, zeros], axis), scale, zeros],
    axis,
  );
}

describe('gradients through rounding', () => {
  it('are whole where rounding moves a number by half a step at most, and none where it is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(rounding, async ({ rows, seeds, ...how }) => {
        const columns = how.scales.length;
        const x = input('x', 'float', [rows, columns]);
        const values = Float32Array.from(
          { length: rows * columns },
          (_, place) => seeds[place % seeds.length] ?? 0,
        );
        const y = rounded(x, how);
        const loss = operation('ReduceSum', [y], { keepdims: attribute.int(0) });

        const [gradient = x] = differentiate(loss, [x]);
        const results = await runGraph(new Map([[x, floats([rows, columns], values)]]), { y, gradient });

        for (const [place, value] of values.entries()) {
          const scale = how.scales[place % columns] ?? 1;
          const moved = Math.abs(Number(results.y?.data[place]) - value) / scale;
          // next to the edge, float32 decides
          if (Math.abs(moved - 0.5) < 1e-3) continue;
          expect(Number(results.gradient?.data[place])).toBeCloseTo(moved < 0.5 ? 1 : 0, 4);
        }
      }),
      { numRuns: 30 },
    );
  });
});

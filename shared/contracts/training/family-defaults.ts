import { z } from 'zod';
import type { FamilyName } from './model-spec';
import type { clippingSpec, optimizerSpec } from './optimizer-spec';

interface FamilyDefaults {
  readonly optimizer: z.input<typeof optimizerSpec>;
  readonly clipping?: z.input<typeof clippingSpec>;
}

const adamw = (learning_rate: number, weight_decay: number): FamilyDefaults['optimizer'] => ({
  name: 'adamw',
  learning_rate,
  weight_decay,
});

/** A few hundred rows are learned by heart without much decay. */
export const tableDefaults = { optimizer: adamw(0.003, 0.3) } as const satisfies FamilyDefaults;

/**
 * How a family is trained where its spec names no optimizer. Networks with thousands of weights a row would be pulled to zero
 * by a table's decay; transformers are trained as GPT-3 is (Brown et al., 2020); and what was learned before moves little.
 */
const familyDefaults: Readonly<Record<FamilyName, FamilyDefaults>> = {
  linear: tableDefaults,
  mlp: tableDefaults,
  cnn: { optimizer: adamw(0.001, 0.01) },
  rnn: { optimizer: adamw(0.001, 0.01) },
  transformer: { optimizer: adamw(0.001, 0.1), clipping: { global_norm: 1 } },
  finetune: { optimizer: adamw(0.0002, 0.01) },
};

const isFamily = (name: unknown): name is FamilyName =>
  typeof name === 'string' && Object.hasOwn(familyDefaults, name);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function filled(given: unknown): unknown {
  if (!isRecord(given) || given.optimizer !== undefined || !isRecord(given.model)) return given;
  const { family } = given.model;
  return isFamily(family) ? { ...familyDefaults[family], ...withoutUndefined(given) } : given;
}

const withoutUndefined = (given: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

/** The schema of a train spec, whose optimizer and clipping are the family's own where a caller names no optimizer. */
export const withFamilyDefaults = <S extends z.ZodType>(spec: S) => z.preprocess(filled, spec);

import type { CompressSpec } from '../../shared/contracts/kinds/compress';
import type { Pass } from './pass';
import { quantizeInt8Dynamic } from './quantize-int8-dynamic';

type PassSpec = CompressSpec['passes'][number];

/** Each pass of a compress spec by its name, with its settings taken from the spec. */
const passes: { readonly [Name in PassSpec['name']]: (spec: Extract<PassSpec, { name: Name }>) => Pass } = {
  int8_dynamic: () => quantizeInt8Dynamic,
};

/** What a compress spec asks for. */
export const passesOf = (specs: readonly PassSpec[]): readonly Pass[] =>
  specs.map((spec) => passes[spec.name](spec));

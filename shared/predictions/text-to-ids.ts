import type { ModelSignature } from '../contracts/model';
import { InvalidRequestError } from '../errors/request-errors';

type Instance = Readonly<Record<string, unknown>>;

/** The name under which a caller sends a text where a language model reads its ids. */
const textName = 'text';

type ToIds = (text: string) => number[];

/** Characters are code points; one that the model does not know is read as the last symbol, which stands for all others. */
function characterIds(symbols: readonly unknown[]): ToIds {
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  const unknown = Math.max(0, symbols.length - 1);
  return (text) => Array.from(text, (character) => ids.get(character) ?? unknown);
}

const byteIds: ToIds = (text) => Array.from(new TextEncoder().encode(text));

type PointerTo = (index: number) => string;

/** `InvalidRequestError` where what stands for the ids is no text, or stands beside them. */
function refuse(pointer: string, why: string): never {
  throw new InvalidRequestError(`the instances do not fit the model: '${pointer}' ${why}`, [
    { pointer, detail: why },
  ]);
}

/**
 * Instances with the ids of their `text` in place of it, for a model whose signature says that its ids stand for one; others,
 * and all instances of other models, as they are.
 */
export function compileTextReader({
  inputs,
  classes = [],
}: ModelSignature): (instances: readonly Instance[], pointerTo: PointerTo) => readonly Instance[] {
  const field = inputs.find(({ tokens }) => tokens !== undefined);
  if (field === undefined || inputs.some(({ name }) => name === textName)) return (instances) => instances;
  const toIds = field.tokens === 'bytes' ? byteIds : characterIds(classes);
  const read = (instance: Instance, pointer: string): Instance => {
    if (!Object.hasOwn(instance, textName)) return instance;
    const { [textName]: text, ...rest } = instance;
    if (typeof text !== 'string') return refuse(pointer, 'must be a text');
    if (Object.hasOwn(instance, field.name))
      return refuse(pointer, `stands beside '${field.name}', which says the same: send one of them`);
    return { ...rest, [field.name]: toIds(text) };
  };
  return (instances, pointerTo) =>
    instances.map((instance, index) => read(instance, `${pointerTo(index)}/${textName}`));
}

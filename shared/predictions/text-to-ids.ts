import type { ModelSignature } from '../contracts/model';

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

/**
 * Instances with the ids of their `text` in place of it, for a model whose signature says that its ids stand for one; others,
 * and all instances of other models, as they are.
 */
export function compileTextReader({
  inputs,
  classes = [],
}: ModelSignature): (instances: readonly Instance[]) => readonly Instance[] {
  const field = inputs.find(({ tokens }) => tokens !== undefined);
  if (field === undefined || inputs.some(({ name }) => name === textName)) return (instances) => instances;
  const toIds = field.tokens === 'bytes' ? byteIds : characterIds(classes);
  const read = (instance: Instance): Instance => {
    const { [textName]: text, ...rest } = instance;
    const isText = typeof text === 'string' && !Object.hasOwn(instance, field.name);
    return isText ? { ...rest, [field.name]: toIds(text) } : instance;
  };
  return (instances) => instances.map(read);
}

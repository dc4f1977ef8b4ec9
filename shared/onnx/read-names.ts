import { InvalidModelError } from '../errors/graph-errors';
import type { Value, ValueType } from './ir';

/** What names stand for while a graph is read: its own, and those of the graphs around it. */
export class ReadNames {
  private readonly outer: ReadNames | undefined;
  private readonly declared: ReadonlyMap<string, ValueType>;
  private readonly values = new Map<string, Value | undefined>();

  constructor(outer: ReadNames | undefined, declared: ReadonlyMap<string, ValueType>) {
    this.outer = outer;
    this.declared = declared;
  }

  typeOf(name: string): ValueType | undefined {
    return this.declared.get(name);
  }

  /** Names that were given here, not around here. */
  own(): readonly string[] {
    return [...this.values.keys()];
  }

  /** Gives a name its value; undefined for a function's input that its caller left out. */
  set(name: string, value: Value | undefined): void {
    if (this.values.has(name)) throw new InvalidModelError(`two values are named '${name}'`);
    this.values.set(name, value);
  }

  /** The value behind a name; undefined behind `''` or an input left out. */
  find(name: string, reader: string): Value | undefined {
    if (name === '') return undefined;
    for (let names: ReadNames | undefined = this; names !== undefined; names = names.outer) {
      if (names.values.has(name)) return names.values.get(name);
    }
    throw new InvalidModelError(
      `${reader} reads '${name}', which no input, initializer or node before it gives`,
    );
  }
}

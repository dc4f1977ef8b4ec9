import type { Violation } from '../errors/app-error';
import { InvalidRequestError } from '../errors/request-errors';

/** So many problems of one request are listed; a wrong column in 10,000 rows should not be answered 10,000 times. */
const maximumViolations = 100;

/** Gathers what is wrong with a request, so that its sender can mend all of it at once. */
export class Violations {
  readonly #listed: Violation[] = [];

  /** True once no more are listed: there is no use in reading on. */
  get full(): boolean {
    return this.#listed.length >= maximumViolations;
  }

  get any(): boolean {
    return this.#listed.length > 0;
  }

  add(pointer: string, detail: string): void {
    if (!this.full) this.#listed.push({ pointer, detail });
  }

  /** `summary` says in whole what is wrong: `the instances do not fit the model`. */
  throwIfAny(summary: string): void {
    const first = this.#listed[0];
    if (first === undefined) return;
    const others = this.#listed.length - 1;
    const count = `${others}${this.full ? ' or more' : ''} other problem${others === 1 ? '' : 's'}`;
    const more = others > 0 ? `, and ${count}` : '';
    throw new InvalidRequestError(`${summary}: '${first.pointer}' ${first.detail}${more}`, this.#listed);
  }
}

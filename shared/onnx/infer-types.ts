import { InvalidGraphError } from '../errors/graph-errors';
import type { Attributes, Value, ValueType } from './ir';
import { operatorOf } from './operators';
import type { Operator, Use } from './operators/operator';
import { printType, tensorType, unifyShapes, unknownType } from './shapes';

/** An operator applied, without its types. */
export interface Application {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

export interface TypeHints {
  /** How many outputs the node has; without it, as many as inference gives. */
  readonly outputs?: number;
  /** What is declared about the outputs, used where inference leaves them open. */
  readonly types?: readonly (ValueType | undefined)[];
}

const within = (count: number, [fewest, most]: readonly [number, number]): boolean =>
  count >= fewest && count <= most;

const bounds = ([fewest, most]: readonly [number, number]): string =>
  fewest === most
    ? String(fewest)
    : most === Number.POSITIVE_INFINITY
      ? `at least ${fewest}`
      : `${fewest} to ${most}`;

/** The last input that is given counts; those left out before it must be optional. */
function checkArity(application: Application, operator: Operator, outputs: number | undefined): void {
  const given = application.inputs.findLastIndex((value) => value !== undefined) + 1;
  if (!within(given, operator.inputs)) {
    throw new InvalidGraphError(`takes ${bounds(operator.inputs)} inputs, got ${given}`);
  }
  if (outputs !== undefined && !within(outputs, operator.outputs)) {
    throw new InvalidGraphError(`has ${bounds(operator.outputs)} outputs, asked for ${outputs}`);
  }
}

const isUnknown = (value: Value | undefined): boolean => value?.type.kind === 'unknown';

function inferKnown(application: Application, operator: Operator, hints: TypeHints): readonly ValueType[] {
  checkArity(application, operator, hints.outputs);
  const outputs = hints.outputs ?? Math.max(1, operator.outputs[0]);
  if (!operator.anyKind && application.inputs.some(isUnknown))
    return new Array<ValueType>(outputs).fill(unknownType);
  const use: Use = { ...application, outputs };
  return operator.infer(use);
}

const describe = ({ op, domain, inputs }: Application): string =>
  `${domain === '' ? '' : `${domain}.`}${op}(${inputs.map((value) => (value ? printType(value.type) : '-')).join(', ')})`;

/** What inference found, filled in by what was declared. Where the two contradict, inference is right: it saw the inputs. */
function join(inferred: ValueType, declared: ValueType | undefined): ValueType {
  if (declared === undefined || inferred.kind !== declared.kind) {
    return inferred.kind === 'unknown' ? (declared ?? inferred) : inferred;
  }
  if (inferred.kind !== 'tensor' || declared.kind !== 'tensor') return inferred;
  if (inferred.elementType !== declared.elementType) return inferred;
  try {
    return tensorType(inferred.elementType, unifyShapes(inferred.shape, declared.shape));
  } catch {
    return inferred;
  }
}

/**
 * The types of a node's outputs, from its inputs' types and, where shapes depend on them, values.
 * Operators outside the table get the declared types or `unknown`. `InvalidGraphError` names the node and what does not fit.
 */
export function inferTypes(application: Application, hints: TypeHints = {}): readonly ValueType[] {
  const operator = operatorOf(application.domain, application.op);
  const count = hints.outputs ?? hints.types?.length;
  let inferred: readonly ValueType[] = [];
  try {
    if (operator !== undefined) inferred = inferKnown(application, operator, hints);
  } catch (cause) {
    if (!(cause instanceof InvalidGraphError || cause instanceof RangeError)) throw cause;
    throw new InvalidGraphError(`${describe(application)}: ${cause.message}`, cause);
  }
  const length = count ?? Math.max(inferred.length, 1);
  return Array.from({ length }, (_, index) => join(inferred[index] ?? unknownType, hints.types?.[index]));
}

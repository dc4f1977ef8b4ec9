import { AppError } from './app-error';

/** Bytes that are no ONNX model, or one that breaks the rules of the format. */
export class InvalidModelError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'invalid_model', fault: 'caller', cause });
  }
}

/** A graph that cannot be: shapes or types that do not fit, a cycle, a name taken twice, a value out of scope. */
export class InvalidGraphError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'invalid_graph', fault: 'caller', cause });
  }
}

/** An operator on the way from a parameter to the loss that has no gradient rule. */
export class MissingGradientError extends AppError {
  constructor(operator: string, node: string, advice: string) {
    super(`no gradient rule for the operator '${operator}' (at ${node}): ${advice}`, {
      code: 'missing_gradient',
      fault: 'caller',
      details: { operator },
    });
  }
}

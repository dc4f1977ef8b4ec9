import { AppError, type Violation } from './app-error';

/** A spec that its kind's schema, or the data it names, does not allow. Container exit code 64. */
export class BadSpecError extends AppError {
  constructor(message: string, errors: readonly Violation[] = []) {
    super(message, { code: 'bad_spec', fault: 'caller', details: { errors } });
  }
}

/** Data that cannot be learned from as asked: a constant target, no rows left, too many classes. Exit code 65. */
export class UnusableDataError extends AppError {
  constructor(message: string, code = 'unusable_data', details: Record<string, unknown> = {}) {
    super(message, { code, fault: 'caller', details });
  }
}

/** The loss became NaN or infinite. Exit code 65. */
export class DivergenceError extends AppError {
  constructor(step: number, loss: number) {
    super(
      `training diverged at step ${step}: the loss is ${loss}; lower the learning rate, or look for extreme values in the data`,
      { code: 'diverged', fault: 'caller', details: { step, loss: String(loss) } },
    );
  }
}

/** The job was told to stop (SIGTERM, cancel, host going away); what it had is in its last checkpoint. Exit code 75. */
export class InterruptedError extends AppError {
  constructor(reason: string) {
    super(`interrupted: ${reason}`, { code: 'interrupted', fault: 'dependency', retryable: true });
  }
}

/** A setting of the process is missing or wrong. Exit code 78. */
export class ConfigurationError extends AppError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'configuration', fault: 'service', cause });
  }
}

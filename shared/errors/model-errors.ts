import { AppError } from './app-error';

/** Bytes that the runtime cannot open as a model, or a model that it cannot run here. */
export class ModelLoadError extends AppError {
  constructor(why: string, cause?: unknown) {
    super(`the model cannot be loaded: ${why}`, { code: 'model_load_failed', fault: 'caller', cause });
  }
}

/** Tensors that do not fit the model's inputs, or a node that failed while the model ran. */
export class ModelRunError extends AppError {
  constructor(why: string, cause?: unknown) {
    super(`the model cannot be run: ${why}`, { code: 'model_run_failed', fault: 'caller', cause });
  }
}

/** The machine lacks the accelerator that was asked for. */
export class ProviderUnavailableError extends AppError {
  constructor(provider: string, cause?: unknown) {
    super(
      `the execution provider '${provider}' is not available here; use 'cpu', or a machine and an image that have it`,
      { code: 'provider_unavailable', fault: 'service', cause },
    );
  }
}

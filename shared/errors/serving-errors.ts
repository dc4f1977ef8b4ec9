import { AppError } from './app-error';

/** A model that does not fit into the memory that a serving process keeps for models. */
export class ModelTooLargeError extends AppError {
  constructor(bytes: number, maximumBytes: number) {
    super(
      `the model has ${bytes} bytes, and this server keeps at most ${maximumBytes} bytes of models: compress it, or serve it with more memory`,
      { code: 'model_too_large', fault: 'caller', details: { bytes, maximumBytes } },
    );
  }
}

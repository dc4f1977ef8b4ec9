import { AppError } from './app-error';

/** An archive that cannot be read as one. */
export class BrokenArchiveError extends AppError {
  constructor(reason: string, cause?: unknown) {
    super(reason, { code: 'broken_archive', fault: 'caller', cause });
  }
}

/** What an archive holds of a file is not what it says of it. */
export class DamagedFileError extends AppError {
  constructor(reason: string, cause?: unknown) {
    super(reason, { code: 'damaged_file', fault: 'caller', cause });
  }
}

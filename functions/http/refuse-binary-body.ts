import { InvalidRequestError } from '../../shared/errors/request-errors';

/** The header that says where JSON ends and binary tensor data begins (the binary tensor data extension). */
const headerOfBinary = 'inference-header-content-length';

/** `InvalidRequestError` where a body says that it carries tensors behind its JSON. */
export function refuseBinaryBody(headers: Readonly<Record<string, string>>): void {
  if (headers[headerOfBinary] === undefined) return;
  throw new InvalidRequestError(
    "the header 'Inference-Header-Content-Length' asks for the binary tensor extension, which is not spoken here: send and take JSON data",
  );
}

import type { InferRequest } from '../contracts/inference';
import { jsonPointer } from './json-pointer';
import { Violations } from './violations';

/** Parameters of the binary tensor data extension (Triton): data outside the JSON, which would be silently missing here. */
const binaryParameters = ['binary_data_size', 'binary_data', 'binary_data_output'];

type Parameters = InferRequest['parameters'];

/** `InvalidRequestError` where a request counts on the binary tensor extension. */
export function refuseBinary(request: InferRequest): void {
  const violations = new Violations();
  const check = (place: string, parameters: Parameters) => {
    for (const name of binaryParameters)
      if (parameters?.[name] !== undefined && parameters[name] !== false)
        violations.add(
          `${place}/parameters/${name}`,
          'the binary tensor extension is not spoken here: send and take JSON data',
        );
  };
  check('', request.parameters);
  request.inputs.forEach(({ parameters }, at) => {
    check(jsonPointer('inputs', at), parameters);
  });
  request.outputs?.forEach(({ parameters }, at) => {
    check(jsonPointer('outputs', at), parameters);
  });
  violations.throwIfAny('the request cannot be read');
}

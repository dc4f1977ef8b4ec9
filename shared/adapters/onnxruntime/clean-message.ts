/** What ONNX Runtime wraps around its reasons: status codes, source files and lines, C++ signatures, colours. */
const noise: readonly (readonly [RegExp, string])[] = [
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with an escape character
  [/\u001b\[[0-9;]*m/g, ''],
  [/\[ONNXRuntimeError\]\s*:\s*\d+\s*:\s*[A-Z_]+\s*:\s*/g, ''],
  [/\[(\w+Error)\]\s*/g, ''],
  [/(?:\/[\w.+-]+)+\.(?:cc|h|cpp|hpp|cu):\d+\s+(?:[\w:~<>&*,\s]+\([^)]*\)(?:\s*const)?\s*)?/g, ''],
  [/\b[\w.]+\.(?:cc|h|cpp|hpp|cu):\d+\s+(?:operator\(\)|~?\w+)\s*/g, ''],
  [/^(?:Error|This is an invalid model\.|Invalid model\.|Exception during initialization:)\s*/i, ''],
  [
    /Non-zero status code returned while running (\S+) node\. Name:'([^']*)' Status Message:\s*/g,
    "node '$2' ($1) failed: ",
  ],
  [/\s*Please fix either the inputs\/outputs or the model\.?/g, ''],
  [/\s+/g, ' '],
];

/** The reason that ONNX Runtime gives, as a clause of one of our own messages. */
export function cleanMessage(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  const plain = noise.reduce(
    (text, [pattern, replacement]) => text.replaceAll(globally(pattern), replacement),
    said,
  );
  const trimmed = plain.trim().replace(/\.$/, '');
  if (trimmed === '') return 'the runtime gave no reason';
  return /^[A-Z][a-z ]/.test(trimmed) ? trimmed.charAt(0).toLowerCase() + trimmed.slice(1) : trimmed;
}

const globally = (pattern: RegExp): RegExp =>
  pattern.global ? pattern : new RegExp(pattern, `${pattern.flags}g`);

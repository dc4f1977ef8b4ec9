const escaped = (segment: string | number) => String(segment).replaceAll('~', '~0').replaceAll('/', '~1');

/** RFC 6901: `jsonPointer('instances', 3, 'a/b')` is `/instances/3/a~1b`. */
export const jsonPointer = (...segments: readonly (string | number)[]): string =>
  segments.map((segment) => `/${escaped(segment)}`).join('');

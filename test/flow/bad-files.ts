import type { DatasetIssue } from '../../shared/contracts/dataset';

export const csv = (text: string) => Buffer.from(text);

/** A file that is no table, the errors that it gets, and what the first of them says. */
export interface BadFile {
  what: string;
  bytes: Buffer;
  errors: readonly Omit<DatasetIssue, 'detail'>[];
  says: RegExp;
}

export const badFiles: readonly BadFile[] = [
  { what: 'an empty file', bytes: csv(''), errors: [{ code: 'empty_file' }], says: /no bytes/ },
  { what: 'a header alone', bytes: csv('a,b\n'), errors: [{ code: 'no_rows' }], says: /add rows/ },
  {
    what: 'ragged rows',
    bytes: csv('a,b\n1,2\n3\n4,5,6\n'),
    errors: [
      { line: 3, code: 'ragged_row' },
      { line: 4, code: 'ragged_row' },
    ],
    says: /this row has 1 field and the header has 2/,
  },
  {
    what: 'two columns of one name',
    bytes: csv('a,b,a\n1,2,3\n'),
    errors: [{ line: 1, column: 'a', code: 'duplicate_column' }],
    says: /columns 1 and 3 clash: both are named 'a'; rename one/,
  },
  {
    what: 'Latin-1',
    bytes: Buffer.from('city,b\nLisbon,1\nKöln,2\n', 'latin1'),
    errors: [{ line: 3, column: 'city', code: 'invalid_encoding' }],
    says: /byte 17 \(0xF6\) is not UTF-8.*iconv/,
  },
  {
    what: 'a field of 10 MB',
    bytes: csv(`a,b\n1,${'x'.repeat(10 * 2 ** 20)}\n2,y\n`),
    errors: [{ line: 2, column: 'b', code: 'field_too_large' }],
    says: /has 10485760 bytes and at most 1048576 are allowed/,
  },
];

const classes = Array.from({ length: 5_000 }, (_, index) => `${index % 7},class ${index}`).join('\n');

/** Tables whose column `side` nothing can be learned of, and what a job that should is answered. */
export const badTargets = [
  {
    what: 'one value everywhere',
    bytes: csv('x,side\n1,up\n2,up\n3,up\n'),
    code: 'target_constant',
    says: /'side' has the same value in all 3 rows/,
  },
  {
    what: '5,000 classes',
    bytes: csv(`x,side\n${classes}\n`),
    code: 'too_many_classes',
    says: /'side' has 5000 classes and at most 1000 are allowed; group/,
  },
];

import { openTable } from '../../../../jobs/datasets/open-table';
import { readText } from '../../../../jobs/training/language-model/read-text';
import { folderJobContext } from '../../../support/folder-job-context';
import { ingestRows } from '../../../support/penguins';

async function textOf(texts: readonly (string | null)[], column = 'text') {
  const { folder, scratch, remove } = await folderJobContext();
  const rows = texts.map((text, number) => ({ text, number }));
  const table = await openTable({ data: await ingestRows(rows, folder), scratch });
  return readText(table, column).finally(async () => {
    await table.close();
    await remove();
  });
}

describe('readText', () => {
  it('joins rows that bring their line ends as they are', async () => {
    expect(await textOf(['one\n', 'two\n', 'three'])).toBe('one\ntwo\nthree');
  });

  it('makes a line of each row where no row has a line end, and leaves missing ones out', async () => {
    expect(await textOf(['one', null, 'two', 'three'])).toBe('one\ntwo\nthree');
  });

  it('keeps the order of many rows', async () => {
    const texts = Array.from({ length: 10_000 }, (_, row) => `row ${row}`);

    expect(await textOf(texts)).toBe(texts.join('\n'));
  });

  it.each([
    ['numbers', 'number', "the target 'number' is of type integer, and a language model learns from text"],
    ['a column that is not there', 'texts', "the target 'texts' is not a column of the data set"],
  ])('refuses %s', async (_, column, message) => {
    await expect(textOf(['one', 'two'], column)).rejects.toThrow(message);
  });
});

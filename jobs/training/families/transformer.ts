import { BadSpecError, UnusableDataError } from '../../../shared/errors/job-errors';
import { input } from '../../../shared/onnx/build';
import { isLists } from '../../datasets/column-values';
import { readRows, rowNamed } from '../../datasets/read-rows';
import type { SplitTable } from '../../datasets/split-table';
import { prepareTarget } from '../prepare';
import { outputCount } from '../target-encoding';
import { chosenColumn } from './chosen-column';
import type { PrepareFamily } from './family';
import { listFacts } from './list-facts';
import { transformerEncoder } from './transformer-encoder';

/** What stands behind the end of a sequence of ids. */
const padding = -1;

/** Whole numbers of the data are exact up to here. */
const largestId = 2 ** 24;

const isTokenId = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= largestId;

const chunkRows = 1024;

/** `UnusableDataError` with row and value where a list holds what is no token id. */
async function checkTokenIds(split: SplitTable, name: string): Promise<void> {
  for await (const chunk of readRows(split, { part: 'all', columns: [name], chunkRows })) {
    const lists = chunk.columns[name];
    if (lists === undefined || !isLists(lists)) return;
    const place = lists.values.findIndex((value) => !isTokenId(value));
    if (place >= 0) {
      const row = rowNamed(chunk, lists.offsets.findIndex((offset) => offset > place) - 1);
      throw new UnusableDataError(
        `the column '${name}' has ${lists.values[place]} in ${row}, and a transformer reads token ids, whole numbers from 0 to ${largestId}; number the tokens first, or learn from such numbers by the family rnn`,
        'invalid_token_id',
      );
    }
  }
}

/**
 * Learns from one column of lists of token ids. The vocabulary is what the training rows have: any larger id is read as one
 * that nothing was learned of.
 */
export const prepareTransformer: PrepareFamily<'transformer'> = async (request) => {
  const { model, split, context } = request;
  if (model.form !== 'encoder')
    throw new BadSpecError(`a transformer of form '${model.form}' learns from text, not from columns`);
  const { column, unused } = chosenColumn(request);
  const { name } = column;
  await checkTokenIds(split, name);
  const { longest, largest } = await listFacts(split, name, 'train');
  const length = model.maximum_length ?? longest;
  if (length === 0) throw new UnusableDataError(`the column '${name}' has only empty lists to train on`);
  if (length < longest)
    context.log(
      'warn',
      `sequences of '${name}' are cut to their first ${length} tokens; the longest has ${longest}`,
    );
  const vocabulary = Math.max(0, largest) + 1;
  context.log('info', `'${name}' has token ids from 0 to ${vocabulary - 1}; larger ones are read as unknown`);
  const target = await prepareTarget(request);
  const tokens = input(name, 'int64', ['batch', length]);
  return {
    ...target,
    network: transformerEncoder(model, { vocabulary, length, outputs: outputCount(target.encoding) }),
    preprocessing: { inputs: [tokens], features: tokens },
    padding: { [name]: padding },
    features: { elementType: 'int64', dims: [length] },
    used: [{ name, kind: 'tokens' }],
    unused,
  };
};

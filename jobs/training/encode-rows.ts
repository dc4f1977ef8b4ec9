import type { ModelSignature } from '../../shared/contracts/model';
import type { Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { RowChunk } from '../datasets/read-rows';
import { rowFeeds } from '../evaluation/row-feeds';
import { freeName } from './export-model';
import type { Preprocessing } from './preprocessing';
import { type RowType, rowBytes, zeroRows } from './row-type';

/** Examples as a network reads them. */
export interface EncodedRows {
  readonly rows: number;
  /** `[rows, …]`, or for windows of a text, all of its tokens. */
  readonly features: Tensor;
  /** `[rows, …]`: class indices or standardised numbers; absent where they follow from the features. */
  readonly targets?: Tensor;
}

/** The exported model's own first part, as a model: raw columns to the features, its one output. */
export function preprocessingModel({ inputs, features }: Preprocessing): Model {
  const name = freeName('features', new Set(inputs.map((column) => column.name)));
  return model({ graph: { name: 'preprocessing', inputs, outputs: [{ name, value: features }] } });
}

/** True where the network reads the one column as it is, so that there is nothing to run. */
export const isIdentity = ({ inputs, features }: Preprocessing): boolean =>
  inputs.length === 1 && inputs[0] === features;

export interface RowEncoder {
  readonly features: RowType;
  readonly targets: RowType;
  /** What a row takes on its way, where that is more than its features do. */
  readonly workingBytes?: number;
  encode(chunk: RowChunk): Promise<EncodedRows>;
}

export interface RowEncoderParts {
  readonly signature: ModelSignature;
  readonly features: RowType;
  readonly targets: RowType;
  /** Of `preprocessingModel`; absent where the network reads the one column as it is. */
  readonly session?: Pick<ModelSession, 'run'>;
  readonly encodeTargets: (chunk: RowChunk) => Tensor | Promise<Tensor>;
  /** Of the preprocessing. */
  readonly workingBytes?: number;
}

/** What a row takes in memory once it is encoded: a teacher's answers may be more than the features. */
export const encodedBytes = ({ features, targets }: Pick<RowEncoder, 'features' | 'targets'>): number =>
  rowBytes(features) + rowBytes(targets);

/** What a row takes in memory while it is encoded. */
export const encodingBytes = (encoder: RowEncoder): number =>
  Math.max(1, encodedBytes(encoder), encoder.workingBytes ?? 0);

/** Runs the preprocessing that the exported model will have, so that training sees what serving will. */
export function rowEncoder({
  signature,
  features,
  targets,
  session,
  encodeTargets,
  workingBytes = 0,
}: RowEncoderParts): RowEncoder {
  return {
    features,
    targets,
    workingBytes,
    async encode(chunk) {
      const feeds = await rowFeeds(signature, chunk);
      const [result] = Object.values(session ? await session.run(feeds) : feeds);
      return {
        rows: chunk.rows,
        features: result ?? zeroRows(features, chunk.rows),
        targets: await encodeTargets(chunk),
      };
    },
  };
}

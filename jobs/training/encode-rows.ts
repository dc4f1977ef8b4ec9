import type { ModelSignature } from '../../shared/contracts/model';
import type { Model } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import type { ModelSession } from '../../shared/ports/model-runtime';
import type { ColumnValues, RowChunk } from '../datasets/read-rows';
import { rowFeeds } from '../evaluation/row-feeds';
import { freeName } from './export-model';
import type { Preprocessing } from './preprocessing';
import type { EncodedTargets } from './target-encoding';

/** Rows as a network reads them. */
export interface EncodedRows {
  readonly rows: number;
  /** `[rows, features]`, row-major. */
  readonly features: Float32Array;
  /** Class indices or standardised numbers, one a row. */
  readonly targets: EncodedTargets;
}

/** The exported model's own first part, as a model: raw columns to the features, its one output. */
export function preprocessingModel({ inputs, features }: Preprocessing): Model {
  const name = freeName('features', new Set(inputs.map((column) => column.name)));
  return model({ graph: { name: 'preprocessing', inputs, outputs: [{ name, value: features }] } });
}

export interface RowEncoder {
  readonly features: number;
  encode(chunk: RowChunk): Promise<EncodedRows>;
}

export interface RowEncoderParts {
  readonly signature: ModelSignature;
  readonly features: number;
  /** Of `preprocessingModel`. */
  readonly session: ModelSession;
  readonly encodeTargets: (values: ColumnValues) => EncodedTargets;
}

/** Runs the preprocessing that the exported model will have, so that training sees what serving will. */
export function rowEncoder({ signature, features, session, encodeTargets }: RowEncoderParts): RowEncoder {
  return {
    features,
    async encode(chunk) {
      const [result] = Object.values(await session.run(rowFeeds(signature, chunk)));
      const data = result?.data;
      return {
        rows: chunk.rows,
        features: data instanceof Float32Array ? data : new Float32Array(0),
        targets: encodeTargets(chunk.columns[signature.target ?? ''] ?? []),
      };
    },
  };
}
